import ClusterCore
import NIOCore

/// One hint on its way back: to the replica that it is for, or if that holds the key no longer, to those that do.
final class HintDelivery: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let hint: Hint
    private let sets: ReplicaSets
    private let w: Int
    private let timeout: TimeAmount
    private let completion: (_ isStored: Bool) -> Void
    private var stored: Set<NodeID> = []
    private var failed: Set<NodeID> = []
    private var hasEnded = false

    /// - Parameters:
    ///   - sets: Who is to store it; w of each set must have.
    ///   - completion: Called once, on the loop.
    init(
        id: UInt64, shard: Shard, hint: Hint, sets: ReplicaSets, w: Int, timeout: TimeAmount,
        completion: @escaping (_ isStored: Bool) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.hint = hint
        self.sets = sets
        self.w = w
        self.timeout = timeout
        self.completion = completion
    }

    func start() {
        for node in sets.targets {
            if node == shard.context.selfID {
                shard.writeLocally(hint.key, .merge(hint.versions), policy: hint.policy, for: id)
            } else {
                shard.send(
                    .put(hint.key, hint.versions, policy: hint.policy), to: node, for: id, timeout: timeout)
            }
        }
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        if case .stored = reply { noteStored(node) } else { noteFailed(node) }
    }

    func wroteLocally(_ write: LocalWrite) { noteStored(shard.context.selfID) }

    func failedToWriteLocally(_ error: ReplicaError) { noteFailed(shard.context.selfID) }

    func failed(_ node: NodeID, _ error: ReplicaError) { noteFailed(node) }

    func timerFired(_ now: NIODeadline) { end(isStored: false) }

    private func noteStored(_ node: NodeID) {
        stored.insert(node)
        if sets.isWritten(by: stored, w: w) { end(isStored: true) }
    }

    private func noteFailed(_ node: NodeID) {
        failed.insert(node)
        if !sets.canBeWritten(without: failed, w: w) { end(isStored: false) }
    }

    private func end(isStored: Bool) {
        guard !hasEnded else { return }
        hasEnded = true
        shard.end(id)
        completion(isStored)
    }
}
