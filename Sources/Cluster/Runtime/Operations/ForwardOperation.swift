import ClusterCore
import NIOCore

/// Performs what `ForwardAttempts` decides.
final class ForwardOperation: Operation {
    private let id: UInt64
    /// Strong, since each use of an unowned one costs as much as a count in the metrics: the shard lets go when this ends.
    private let shard: Shard
    private let request: Request
    private let key: StorageKey
    private let attempt: Attempt
    private let again: (Attempt) -> Void
    private var attempts: ForwardAttempts
    private var isOutdated = false
    /// Unchecked: nothing that it calls could come back here, and each event would pay for the check.
    @exclusivity(unchecked) private var timeline = RequestTimeline()

    init(
        id: UInt64, shard: Shard, request: Request, key: StorageKey, replicas: [NodeID], attempt: Attempt,
        again: @escaping (Attempt) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.request = request.forwarded(at: shard.context.environment.wallMillis())
        self.key = key
        self.attempt = attempt
        self.again = again
        attempts = ForwardAttempts(replicas: replicas, kind: request.kind)
    }

    func start() { step { $0.start(&$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .forwarded(let response):
            if case .failed(let error) = response, error.code == .layoutChanging { isOutdated = true }
            note(nil, of: node)
            step { $0.answered(by: node, response, &$1) }
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        note(error, of: node)
        step { $0.refused(by: node, error, &$1) }
    }

    func lost(_ node: NodeID) {
        note(.lost, of: node)
        step { $0.lost(node, &$1) }
    }

    private func note(_ error: ReplicaError?, of node: NodeID) {
        shard.ended(node, error, by: id, for: attempt, in: &timeline)
    }

    func timerFired(_ now: NIODeadline) {
        if now >= attempt.deadline { step { $0.deadlineElapsed(&$1) } }
    }

    private func step(_ event: (inout ForwardAttempts, inout [ForwardAttempts.Action]) -> Void) {
        var actions: [ForwardAttempts.Action] = []
        event(&attempts, &actions)
        for action in actions {
            switch action {
            case .send(let node, let isRepeated):
                shard.meter.sentOn()
                shard.asked(node, to: .forward, by: id, for: attempt, in: &timeline)
                shard.send(
                    .forward(isRepeated ? request.repeated : request), to: node, for: id,
                    timeout: attempt.deadline - shard.now,
                    in: attempt.trace)
            case .respond(let response):
                shard.end(id)
                shard.answer(attempt, response, about: .key(key), after: timeline)
            case .fail(let error):
                // First, since a stopping node must not take the pause for its end.
                // Nor is a put begun anew that may have been done.
                shard.fail(
                    attempt, error, about: .key(key), after: timeline,
                    isOutdated: isOutdated && !attempts.mayBeDone, again: again)
                shard.end(id)
            }
        }
    }
}

extension Request {
    fileprivate var kind: ForwardAttempts.Kind {
        switch self {
        case .get, .list: .read
        case .put(let put): put.condition == .none || put.condition == .repeated ? .put : .once
        case .update: .once
        }
    }

    fileprivate func forwarded(at wallMillis: UInt64) -> Request {
        guard case .put(var put) = self else { return self }
        put.forwardedAt = Timestamp(milliseconds: wallMillis)
        return .put(put)
    }

    /// As one that may have been done.
    fileprivate var repeated: Request {
        guard case .put(var put) = self else { return self }
        put.condition = .repeated
        return .put(put)
    }
}
