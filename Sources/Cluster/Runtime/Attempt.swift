import ClusterCore
import NIOCore

/// A client's request, as the operation that serves it needs it: until when, and for whom.
struct Attempt {
    /// When the client's interface handed it over.
    var submitted: NIODeadline
    /// When it was taken up by its shard.
    var begun: NIODeadline
    var deadline: NIODeadline
    var origin: RequestOrigin
    var kind: RequestKind
    /// Whose it is; empty if nobody knows.
    var user: String
    /// What it brings along.
    var byteCount: Int
    /// Called once, by `Shard.answer`.
    var completion: @Sendable (Response) -> Void
    /// What its client says of a trace.
    var clientTrace: TraceContext?
    /// Its record, if it is recorded as it goes.
    var trace: RequestTrace?
    /// How often it was begun before.
    var retries = 0

    /// A node that is no replica of the key has sent it on.
    var isForwarded: Bool { origin == .peer }

    /// The time since it was taken up, in microseconds.
    func micros(at time: NIODeadline) -> UInt32 { UInt32(clamping: (time - begun).nanoseconds / 1_000) }
}

extension Shard {
    /// Answers the client, or the node that has sent the request on, once; counts it, ends its trace, and has the log tell of
    /// it if it took long.
    ///
    /// - Parameters:
    ///   - subject: What it was about.
    ///   - timeline: Whom it has asked; nil if nobody.
    func answer(
        _ attempt: Attempt, _ response: Response, about subject: @autoclosure () -> RequestSubject,
        after timeline: RequestTimeline? = nil
    ) {
        if !attempt.isForwarded, case .read(let reading) = response, reading.siblings.isEmpty {
            workload?.foundNothing()
        }
        let now = now
        let trace = endTrace(of: attempt, response, about: subject, after: timeline)
        meter.answered(
            attempt.origin, attempt.kind, receivedBytes: attempt.byteCount,
            nanoseconds: (now - attempt.begun).nanoseconds, response,
            exemplar: trace.map { ($0.traceID, context.environment.wallMillis()) })
        if !attempt.isForwarded { bucketMeter?.answered(subject(), attempt.kind, response) }
        if let slow = context.slowRequests {
            if now - attempt.submitted >= slow.threshold {
                slow.tell(
                    SlowRequest(
                        attempt: attempt, subject: subject(), timeline: timeline ?? RequestTimeline(),
                        answeredAt: now, response: response, trace: trace, selfID: context.selfID,
                        name: name(of:)))
            }
        }
        attempt.completion(response)
    }

    /// Answers that the request failed; or begins it anew, if that was since another node goes by another layout, which
    /// the two are about to agree on.
    func fail(
        _ attempt: Attempt, _ error: RequestError, about subject: @autoclosure () -> RequestSubject,
        after timeline: RequestTimeline, isOutdated: Bool, again: @escaping (Attempt) -> Void
    ) {
        let settings = context.configuration.layouts
        guard isOutdated, attempt.retries < settings.maxRetries,
            loop.now + settings.retryPause < attempt.deadline
        else { return answer(attempt, .failed(error), about: subject(), after: timeline) }
        var next = attempt
        next.retries += 1
        begin(timeout: settings.retryPause) { id in Pause(id: id, shard: self) { again(next) } }
    }
}

/// Waits for its timer, so that a node that stops waits for it.
private final class Pause: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let body: () -> Void

    init(id: UInt64, shard: Shard, body: @escaping () -> Void) {
        self.id = id
        self.shard = shard
        self.body = body
    }

    func start() {}

    func received(_ reply: PeerReply, from node: NodeID) {}

    func failed(_ node: NodeID, _ error: ReplicaError) {}

    func timerFired(_ now: NIODeadline) {
        // Before its end, which may be the last that a stopping node waits for.
        body()
        shard.end(id)
    }
}
