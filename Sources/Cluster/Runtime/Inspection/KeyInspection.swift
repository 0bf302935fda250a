import ClusterCore
import NIOCore

/// Asks each replica of a key what it holds of it, and repairs nothing, so that a person sees how they differ.
final class KeyInspection: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let key: StorageKey
    private let nodes: [NodeID]
    private let timeout: TimeAmount
    private let completion: ([Result<Versions?, ReplicaError>]) -> Void
    private var answers: [NodeID: Result<Versions?, ReplicaError>] = [:]
    private var hasEnded = false

    /// - Parameters:
    ///   - nodes: The replicas, each once.
    ///   - completion: Called once, on the loop, with an answer for each of `nodes`.
    init(
        id: UInt64, shard: Shard, key: StorageKey, nodes: [NodeID], timeout: TimeAmount,
        completion: @escaping ([Result<Versions?, ReplicaError>]) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.key = key
        self.nodes = nodes
        self.timeout = timeout
        self.completion = completion
    }

    func start() {
        let selfID = shard.context.selfID
        for node in nodes where node != selfID {
            if shard.isReachable(node) {
                shard.send(.get(key), to: node, for: id, timeout: timeout)
            } else {
                note(.failure(.notConnected), of: node)
            }
        }
        // Last, as it may answer at once.
        if nodes.contains(selfID) { shard.readLocally(key, for: id) }
        endIfDone()
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .versions(let versions): note(.success(versions), of: node)
        case .failed(let error): failed(node, error)
        default: break
        }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) { note(.failure(error), of: node) }

    func timerFired(_ now: NIODeadline) {
        for node in nodes { note(.failure(.silent), of: node) }
    }

    private func note(_ answer: Result<Versions?, ReplicaError>, of node: NodeID) {
        guard !hasEnded, nodes.contains(node), answers[node] == nil else { return }
        answers[node] = answer
        endIfDone()
    }

    private func endIfDone() {
        guard !hasEnded, answers.count == nodes.count else { return }
        hasEnded = true
        shard.end(id)
        completion(nodes.map { answers[$0] ?? .failure(.silent) })
    }
}

extension ReplicaError {
    fileprivate static let notConnected = ReplicaError(.unreachable, "there is no connection to it")
    fileprivate static let silent = ReplicaError(.unreachable, "no answer in time")
}
