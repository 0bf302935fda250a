import ClusterCore
import NIOCore

/// The state of a key on its way to replicas that join it with theirs: a hint that is handed back, a row of a backup.
final class StateDelivery: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let key: StorageKey
    private let versions: Versions
    private let policy: Versions.Policy
    private let sets: ReplicaSets
    private let w: Int
    private let timeout: TimeAmount
    private let completion: (_ failure: ReplicaError?) -> Void
    private var stored: Set<NodeID> = []
    private var failed: Set<NodeID> = []
    private var hasEnded = false

    /// - Parameters:
    ///   - sets: Who is to store it; w of each set must have.
    ///   - completion: Called once, on the loop: nil when they have, or why too many of them have not.
    init(
        id: UInt64, shard: Shard, key: StorageKey, versions: Versions, policy: Versions.Policy,
        sets: ReplicaSets, w: Int, timeout: TimeAmount,
        completion: @escaping (_ failure: ReplicaError?) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.key = key
        self.versions = versions
        self.policy = policy
        self.sets = sets
        self.w = w
        self.timeout = timeout
        self.completion = completion
    }

    func start() {
        for node in sets.targets {
            if node == shard.context.selfID {
                shard.writeLocally(key, .merge(versions), policy: policy, for: id)
            } else {
                shard.send(.put(key, versions, policy: policy), to: node, for: id, timeout: timeout)
            }
        }
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .stored: noteStored(node)
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    func wroteLocally(_ write: LocalWrite) { noteStored(shard.context.selfID) }

    func failedToWriteLocally(_ failure: LocalFailure) { failed(shard.context.selfID, failure.error) }

    func timerFired(_ now: NIODeadline) {
        end(ReplicaError(.unreachable, "the replicas have not answered in time"))
    }

    private func noteStored(_ node: NodeID) {
        stored.insert(node)
        if sets.isWritten(by: stored, w: w) { end(nil) }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        failed.insert(node)
        if !sets.canBeWritten(without: failed, w: w) { end(error) }
    }

    private func end(_ failure: ReplicaError?) {
        guard !hasEnded else { return }
        hasEnded = true
        shard.end(id)
        completion(failure)
    }
}
