import ClusterCore
import NIOCore

/// A client's request, as the operation that serves it needs it: until when, and for whom.
struct Attempt {
    var deadline: NIODeadline
    /// A node that is no replica of the key has sent it on.
    var isForwarded: Bool
    /// What it brings along.
    var byteCount: Int
    var completion: @Sendable (Response) -> Void
    /// How often it was begun before.
    var retries = 0

    /// Answers the client, once.
    func answer(_ response: Response) { completion(response) }
}

extension Shard {
    /// Answers the client, or the node that has sent the request on; counts it if a client's get has found nothing.
    func answer(_ attempt: Attempt, _ response: Response) {
        if !attempt.isForwarded, case .read(let reading) = response, reading.siblings.isEmpty {
            workload?.foundNothing()
        }
        attempt.answer(response)
    }

    /// Answers that the request failed; or begins it anew, if that was since another node goes by another layout, which
    /// the two are about to agree on.
    func fail(
        _ attempt: Attempt, _ error: RequestError, isOutdated: Bool, again: @escaping (Attempt) -> Void
    ) {
        let settings = context.configuration.layouts
        guard isOutdated, attempt.retries < settings.maxRetries,
            loop.now + settings.retryPause < attempt.deadline
        else { return attempt.answer(.failed(error)) }
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
