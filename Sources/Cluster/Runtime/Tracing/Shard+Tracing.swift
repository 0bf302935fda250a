import ClusterCore
import NIOCore

/// How an operation tells whom it asks: to the request's timeline, and to its trace if it is recorded.
extension Shard {
    /// The trace of a request that has just come; nil if it is not recorded as it goes.
    func beginTrace(_ source: RequestSource) -> RequestTrace? {
        guard let tracer = context.tracer, tracer.picks(source, &sampler) else { return nil }
        return RequestTrace(newSpan(under: source.trace), under: source.trace, by: tracer)
    }

    /// Names a span that is recorded, whatever the one above it says of that.
    private func newSpan(under parent: TraceContext?) -> TraceContext {
        guard var own = parent.map({ spanIDs.child(of: $0) }) else { return spanIDs.root() }
        own.isSampled = true
        return own
    }

    /// The operation `id` asks `node` now.
    func asked(
        _ node: NodeID, to step: RequestTimeline.Step, by id: UInt64, for attempt: Attempt,
        in timeline: inout RequestTimeline
    ) {
        timeline.asked(node, to: step, at: attempt.micros(at: now))
        attempt.trace?.asked(node, to: step, by: id, as: spanIDs.span())
    }

    /// `node` has done, or not done, what the operation `id` had asked.
    ///
    /// - Parameter error: Why not; nil if it has.
    func ended(
        _ node: NodeID, _ error: ReplicaError?, by id: UInt64, for attempt: Attempt,
        in timeline: inout RequestTimeline
    ) {
        timeline.ended(node, error == nil ? .answered : .failed, at: attempt.micros(at: now))
        attempt.trace?.ended(node, by: id, error)
    }

    /// Ends the trace of a request, or records one if it proves to be worth it.
    ///
    /// - Returns: The request's span, as logs and exemplars name it; nil if there is none.
    func endTrace(
        of attempt: Attempt, _ response: Response, about subject: () -> RequestSubject,
        after timeline: RequestTimeline?
    ) -> TraceContext? {
        if let trace = attempt.trace {
            trace.answered(attempt, subject(), response)
            return trace.own
        }
        guard let tracer = context.tracer, tracer.findsNotable(attempt, response, at: now) else { return nil }
        let own = newSpan(under: attempt.clientTrace)
        tracer.record(
            attempt, subject(), response, timeline ?? RequestTimeline(), answered: now, as: own)
        return own
    }
}
