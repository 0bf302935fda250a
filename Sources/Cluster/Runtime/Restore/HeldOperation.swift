import ClusterCore
import NIOCore

/// Asks all replicas of all partitions whether they have anything of a bucket, be it tombstones, which no list of keys shows.
///
/// Who can't be asked counts for nothing: rows of a restore are for all replicas, and will say that one is away.
final class HeldOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let bucket: String
    private let partitionCount: Int
    private let timeout: TimeAmount
    private let completion: (Result<Bool, RequestError>) -> Void
    /// Answers that nodes owe.
    private var awaited: [NodeID: Int] = [:]
    private var hasEnded = false

    /// - Parameter completion: Called once, on the loop.
    init(
        id: UInt64, shard: Shard, bucket: String, partitionCount: Int, timeout: TimeAmount,
        completion: @escaping (Result<Bool, RequestError>) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.bucket = bucket
        self.partitionCount = partitionCount
        self.timeout = timeout
        self.completion = completion
    }

    func start() {
        let selfID = shard.context.selfID
        awaited[selfID] = 1
        shard.listLocally(list(0...partitionCount - 1), for: id, in: nil)
        for partition in 0..<partitionCount {
            let sets = shard.view.layout.replicas(
                ofPartition: partition, n: shard.properties(ofBucket: bucket).n)
            for node in sets.readable where node != selfID {
                awaited[node, default: 0] += 1
                shard.send(.list(list(partition...partition)), to: node, for: id, timeout: timeout)
            }
        }
    }

    private func list(_ partitions: ClosedRange<Int>) -> ReplicaList {
        ReplicaList(
            firstPartition: partitions.lowerBound, lastPartition: partitions.upperBound, bucket: bucket,
            limit: 1)
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        if case .listed(let rows, _) = reply, !rows.isEmpty { return end(.success(true)) }
        answered(node)
    }

    func failed(_ node: NodeID, _ error: ReplicaError) { answered(node) }

    func lost(_ node: NodeID) {
        awaited[node] = nil
        endIfDone()
    }

    func timerFired(_ now: NIODeadline) {
        end(
            .failure(
                RequestError(
                    .deadlineExceeded, "not all nodes have said in time what they have of bucket \(bucket)")))
    }

    private func answered(_ node: NodeID) {
        guard let count = awaited[node] else { return }
        awaited[node] = count > 1 ? count - 1 : nil
        endIfDone()
    }

    private func endIfDone() {
        if awaited.isEmpty { end(.success(false)) }
    }

    private func end(_ result: Result<Bool, RequestError>) {
        guard !hasEnded else { return }
        hasEnded = true
        shard.end(id)
        completion(result)
    }
}
