import ClusterCore
import NIOCore

/// What was not recorded as it went.
extension NodeTracer {
    /// Records a request that has just been answered, by its timeline: without what other nodes did for it.
    ///
    /// - Parameters:
    ///   - answered: When it was.
    ///   - own: Of its span, if others are told of it.
    func record(
        _ attempt: Attempt, _ subject: RequestSubject, _ response: Response, _ timeline: RequestTimeline,
        answered: NIODeadline, as own: TraceContext?
    ) {
        let end = attempt.micros(at: answered)
        let asks = timeline.entries.map { entry in
            let begun = attempt.begun + .microseconds(Int64(entry.asked))
            return RequestRecord.Ask(
                node: entry.node, operation: 0, step: entry.step, spanID: 0, begun: begun,
                ended: begun + .microseconds(Int64(entry.duration(at: end))), failure: entry.failure)
        }
        append(
            .request(
                RequestRecord(
                    own: own, parent: attempt.clientTrace, clock: clock(), asks: asks,
                    answer: RequestRecord.Answer(attempt, subject, response, at: answered),
                    isAfterTheFact: true)))
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
        record(attempt, .bucket(bucket), response, RequestTimeline(), answered: now, as: nil)
    }
}

extension RequestTimeline.Entry {
    fileprivate var failure: SpanFailure? {
        switch outcome {
        case .answered: nil
        case .failed: .unknown
        case .pending: .noAnswerInTime
        }
    }
}
