import ClusterCore
import NIOCore

/// Asks all members, this node included, whether they have anything of a bucket, be it tombstones, which no list of keys shows.
final class HeldOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let list: ReplicaList
    private let timeout: TimeAmount
    private let completion: (Result<Bool, RequestError>) -> Void
    private var waitingFor: Set<NodeID>
    private var hasEnded = false

    /// - Parameter completion: Called once, on the loop.
    init(
        id: UInt64, shard: Shard, bucket: String, partitionCount: Int, members: [NodeID], timeout: TimeAmount,
        completion: @escaping (Result<Bool, RequestError>) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.timeout = timeout
        self.completion = completion
        list = ReplicaList(firstPartition: 0, lastPartition: partitionCount - 1, bucket: bucket, limit: 1)
        waitingFor = Set(members)
    }

    func start() {
        for node in waitingFor.sorted() {
            if node == shard.context.selfID {
                shard.listLocally(list, for: id, under: nil)
            } else {
                shard.send(.list(list), to: node, for: id, timeout: timeout)
            }
        }
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .listed(let rows, _):
            waitingFor.remove(node)
            if !rows.isEmpty { return end(.success(true)) }
            if waitingFor.isEmpty { end(.success(false)) }
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        guard waitingFor.contains(node) else { return }
        let reason =
            "\(shard.name(of: node)) cannot say what it has of bucket \(list.bucket): \(error.message)"
        end(.failure(RequestError(.quorumNotReached, reason)))
    }

    func timerFired(_ now: NIODeadline) {
        end(
            .failure(
                RequestError(
                    .deadlineExceeded, "not all nodes have said what they have of bucket \(list.bucket)")))
    }

    private func end(_ result: Result<Bool, RequestError>) {
        guard !hasEnded else { return }
        hasEnded = true
        shard.end(id)
        completion(result)
    }
}
