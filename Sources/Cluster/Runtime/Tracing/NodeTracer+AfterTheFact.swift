import ClusterCore
import NIOCore
import Tracing

/// What was not recorded as it went.
extension NodeTracer {
    /// Records a request that has just been answered, by its timeline: without what other nodes did for it.
    ///
    /// - Parameters:
    ///   - answered: When it was.
    ///   - name: Gives a node's name.
    /// - Returns: The context of the request's span, if the tracer gives it one.
    @discardableResult
    func record(
        _ attempt: Attempt, _ subject: RequestSubject, _ response: Response, _ timeline: RequestTimeline,
        answered: NIODeadline, name: (NodeID) -> String
    ) -> TraceContext? {
        let span = begin(
            attempt.spanName(subject), .server, under: attempt.clientTrace, at: attempt.submitted)
        for entry in timeline.entries {
            let begun = attempt.begun + .microseconds(Int64(entry.asked))
            let peer = entry.node == selfID ? nil : name(entry.node)
            let ended = begun + .microseconds(Int64(entry.duration(at: attempt.micros(at: answered))))
            span.ask(peer, to: entry.step, at: begun).end(at: ended, failure: entry.failure)
        }
        var attributes = SpanAttributes(of: attempt, subject, response, at: nodeName)
        attributes.setAfterTheFact()
        span.end(at: answered, attributes, failure: TraceSpan.Failure(response))
        return span.context
    }

    /// Records a request that was refused before it came to a shard, if its client has it recorded or it was not to blame.
    func refused(_ request: Request, from source: RequestSource, with error: RequestError) {
        let now = now
        let attempt = Attempt(
            submitted: now, begun: now, deadline: now, origin: source.origin, kind: RequestKind(request),
            user: source.user, byteCount: 0, completion: { _ in }, clientTrace: source.trace)
        let response = Response.failed(error)
        guard picks(source) || findsNotable(attempt, response, at: now) else { return }
        // What is no bucket's name may be anything that a client has sent.
        let bucket = KeyLimits.accepts(bucket: request.bucket) ? request.bucket : ""
        record(attempt, .bucket(bucket), response, RequestTimeline(), answered: now, name: { "\($0)" })
    }
}

extension RequestTimeline.Entry {
    fileprivate var failure: TraceSpan.Failure? {
        switch outcome {
        case .answered: nil
        case .failed: TraceSpan.Failure("failed", "it did not do what it was asked")
        case .pending: TraceSpan.Failure("no_answer", "no answer before the request's")
        }
    }
}
