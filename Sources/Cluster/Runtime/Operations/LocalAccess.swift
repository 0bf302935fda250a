import ClusterCore
import NIOCore

/// One read, or change, of a key at this node's own replica, with the batches of the tick.
final class LocalAccess: Operation {
    enum Kind {
        case read
        case change(Mutation, Versions.Policy)
    }

    struct Outcome {
        /// The key's state now; nil if there is none.
        var versions: Versions?
    }

    private let id: UInt64
    private unowned let shard: Shard
    private let key: StorageKey
    private let kind: Kind
    private let completion: (Outcome?) -> Void
    private var hasEnded = false

    /// - Parameter completion: Called once, on the loop; nil if it failed.
    init(
        id: UInt64, shard: Shard, key: StorageKey, kind: Kind, completion: @escaping (Outcome?) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.key = key
        self.kind = kind
        self.completion = completion
    }

    func start() {
        switch kind {
        case .read: shard.readLocally(key, for: id)
        case .change(let mutation, let policy):
            shard.writeLocally(key, mutation, policy: policy, for: id)
        }
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        guard node == shard.context.selfID else { return }
        if case .versions(let versions) = reply { end(Outcome(versions: versions)) } else { end(nil) }
    }

    func wroteLocally(_ write: LocalWrite) {
        end(Outcome(versions: write.versions.siblings.isEmpty ? nil : write.versions))
    }

    func failedToWriteLocally(_ failure: LocalFailure) { end(nil) }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        if node == shard.context.selfID { end(nil) }
    }

    func timerFired(_ now: NIODeadline) { end(nil) }

    private func end(_ outcome: Outcome?) {
        guard !hasEnded else { return }
        hasEnded = true
        shard.end(id)
        completion(outcome)
    }
}
