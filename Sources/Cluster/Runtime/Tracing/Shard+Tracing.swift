import ClusterCore
import NIOCore

extension Attempt {
    /// By what is done, and to which bucket: few enough to be told apart in a list.
    func spanName(_ subject: RequestSubject) -> String { Self.spanName(kind, bucket: subject.bucket) }

    static func spanName(_ kind: RequestKind, bucket: String) -> String {
        bucket.isEmpty ? kind.name : "\(kind.name) \(bucket)"
    }
}

/// How an operation tells whom it asks: to the request's timeline, and to its trace if it is recorded.
extension Shard {
    /// The trace of a request that has just come; nil if it is not recorded as it goes.
    func beginTrace(
        _ source: RequestSource, _ kind: RequestKind, bucket: String, submitted: NIODeadline
    ) -> RequestTrace? {
        guard let tracer = context.tracer, tracer.picks(source, &sampler) else { return nil }
        return RequestTrace(
            Attempt.spanName(kind, bucket: bucket), under: source.trace, by: tracer, submitted: submitted)
    }

    /// The operation `id` asks `node` now.
    func asked(
        _ node: NodeID, to step: RequestTimeline.Step, by id: UInt64, for attempt: Attempt,
        in timeline: inout RequestTimeline
    ) {
        timeline.asked(node, to: step, at: attempt.micros(at: now))
        attempt.trace?.asked(node, named: node == context.selfID ? nil : name(of: node), to: step, by: id)
    }

    /// `node` has done, or not done, what the operation `id` had asked.
    ///
    /// - Parameter error: Why not; nil if it has.
    func ended(
        _ node: NodeID, _ error: ReplicaError?, by id: UInt64, for attempt: Attempt,
        in timeline: inout RequestTimeline
    ) {
        timeline.ended(node, error == nil ? .answered : .failed, at: attempt.micros(at: now))
        attempt.trace?.ended(node, by: id, failure: error.map { TraceSpan.Failure($0) })
    }

    /// Ends the trace of a request, or begins and ends one if it proves to be worth it.
    ///
    /// - Returns: The request's span, as logs and exemplars name it; nil if there is none.
    func endTrace(
        of attempt: Attempt, _ response: Response, about subject: () -> RequestSubject,
        after timeline: RequestTimeline?
    ) -> TraceContext? {
        if let trace = attempt.trace {
            trace.answered(attempt, subject(), response)
            return trace.span.context
        }
        guard let tracer = context.tracer, tracer.findsNotable(attempt, response, at: now) else { return nil }
        return tracer.record(
            attempt, subject(), response, timeline ?? RequestTimeline(), answered: now, name: name(of:))
    }
}
