import ClusterCore
import NIOCore

/// One request to one peer, whose reply somebody on the loop waits for.
final class PeerQuestion: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let request: PeerRequest
    private let peer: NodeID
    private let timeout: TimeAmount
    private let completion: (PeerReply) -> Void

    /// - Parameter completion: Called once, on the loop; what the peer does not answer is a `failed`.
    init(
        id: UInt64, shard: Shard, request: PeerRequest, peer: NodeID, timeout: TimeAmount,
        completion: @escaping (PeerReply) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.request = request
        self.peer = peer
        self.timeout = timeout
        self.completion = completion
    }

    func start() { shard.send(request, to: peer, for: id, timeout: timeout) }

    func received(_ reply: PeerReply, from node: NodeID) {
        guard node == peer else { return }
        shard.end(id)
        completion(reply)
    }

    func failed(_ node: NodeID, _ error: ReplicaError) { received(.failed(error), from: node) }

    func timerFired(_ now: NIODeadline) {
        received(.failed(ReplicaError(.unreachable, "no answer in time")), from: peer)
    }
}
