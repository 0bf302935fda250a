import ClusterCore
import NIOCore

/// Sends one request to every peer and waits until, with this node, a majority of all nodes has confirmed it.
final class BroadcastOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let body: PeerRequest
    private let timeout: TimeAmount
    private let completion: @Sendable (Result<Void, RequestError>) -> Void
    private var waitingFor: Set<NodeID>
    private let nodeCount: Int
    private var confirmed = 1

    init(
        id: UInt64, shard: Shard, body: PeerRequest, to peers: [NodeID], timeout: TimeAmount,
        completion: @escaping @Sendable (Result<Void, RequestError>) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.body = body
        self.timeout = timeout
        self.completion = completion
        waitingFor = Set(peers)
        nodeCount = peers.count + 1
    }

    private var majority: Int { nodeCount / 2 + 1 }

    func start() {
        for peer in waitingFor.sorted() { shard.send(body, to: peer, for: id, timeout: timeout) }
        endIfDecided()
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        guard waitingFor.remove(node) != nil else { return }
        if case .stored = reply { confirmed += 1 }
        endIfDecided()
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        guard waitingFor.remove(node) != nil else { return }
        endIfDecided()
    }

    func timerFired(_ now: NIODeadline) {
        waitingFor = []
        endIfDecided()
    }

    private func endIfDecided() {
        // All that answer are waited for, so that whoever asks another node next finds the change there.
        guard waitingFor.isEmpty else { return }
        shard.end(id)
        if confirmed >= majority {
            completion(.success(()))
        } else {
            completion(
                .failure(
                    RequestError(
                        .quorumNotReached,
                        "\(confirmed) of \(nodeCount) nodes confirmed the change, \(majority) needed; it stays in "
                            + "force on those and reaches the others when they connect",
                        replicasAnswered: confirmed, replicasNeeded: majority)))
        }
    }
}
