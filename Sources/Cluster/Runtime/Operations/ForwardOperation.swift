import ClusterCore
import NIOCore

/// Performs what `ForwardAttempts` decides.
final class ForwardOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let request: Request
    private let deadline: NIODeadline
    private let completion: @Sendable (Response) -> Void
    private var attempts: ForwardAttempts

    init(
        id: UInt64, shard: Shard, request: Request, replicas: [NodeID], timeout: TimeAmount,
        completion: @escaping @Sendable (Response) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.request = request
        self.completion = completion
        deadline = shard.loop.now + timeout
        let isRead = if case .get = request { true } else { false }
        attempts = ForwardAttempts(replicas: replicas, isRead: isRead)
    }

    func start() { step { $0.start(&$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .forwarded(let response): step { $0.answered(by: node, response, &$1) }
        case .failed(let error): failed(node, error)
        case .versions, .stored, .listed: failed(node, .unexpectedReply)
        }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) { step { $0.refused(by: node, error, &$1) } }

    func lost(_ node: NodeID) { step { $0.lost(node, &$1) } }

    func timerFired(_ now: NIODeadline) {
        if now >= deadline { step { $0.deadlineElapsed(&$1) } }
    }

    private func step(_ event: (inout ForwardAttempts, inout [ForwardAttempts.Action]) -> Void) {
        var actions: [ForwardAttempts.Action] = []
        event(&attempts, &actions)
        for action in actions {
            switch action {
            case .send(let node):
                shard.send(.forward(request), to: node, for: id, timeout: deadline - shard.loop.now)
            case .respond(let response):
                shard.end(id)
                completion(response)
            case .fail(let error):
                shard.end(id)
                completion(.failed(error))
            }
        }
    }
}
