import ClusterCore
import NIOCore

/// A client's request while it is being coordinated. Lives on its shard's event loop.
protocol Operation: AnyObject {
    /// Takes the first step. Called once, first.
    func start()

    /// A replica, this node's own included, answered.
    func received(_ reply: PeerReply, from node: NodeID)

    /// This node's replica committed the operation's write.
    func wroteLocally(_ write: LocalWrite)

    /// This node's replica could not commit the operation's write.
    func failedToWriteLocally(_ failure: LocalFailure)

    /// A replica, this node's own included, has not done what was asked. May be called for nodes that were not asked.
    func failed(_ node: NodeID, _ error: ReplicaError)

    /// The connection to a node was lost: what it was asked, it may have done or not. May be called for nodes that
    /// were not asked.
    func lost(_ node: NodeID)

    /// A time that the operation was armed for has come.
    func timerFired(_ now: NIODeadline)
}

/// What became of a write at this node's replica.
struct LocalWrite {
    /// The state after it.
    var versions: Versions
    /// The one that a put got.
    var dot: Dot?
    /// What a change has done, or why it was not made.
    var result: Result<DataOutcome, DataError>?
}

/// Why this node's replica did not store a write.
struct LocalFailure {
    var error: ReplicaError
    /// Whether the write may come to light when the engine is opened anew: it was part of a commit that failed.
    var mayBeStored: Bool

    /// Whether the fault is in this node's files and nothing was done, so that another replica can do what this one can't.
    var leavesItToOthers: Bool { !mayBeStored && (error.code == .corruption || error.code == .io) }
}

extension Operation {
    func wroteLocally(_ write: LocalWrite) {}

    func failedToWriteLocally(_ failure: LocalFailure) {}

    func lost(_ node: NodeID) { failed(node, .lost) }
}

extension ReplicaError {
    static let lost = ReplicaError(.unreachable, "the connection was lost")
}
