import ClusterCore

/// A key to be read at this node's replica.
struct ReplicaRead: Sendable {
    var key: StorageKey
    /// Of the state that is not to be told, if there is one.
    var hash: UInt64?
}
