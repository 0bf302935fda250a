import ClusterCore

/// A key of a backup.
public struct RestoredRow: Sendable {
    public var bucket: String
    public var key: [UInt8]
    /// Siblings and context, as replicas store them (`VersionsCodec`).
    public var state: [UInt8]

    public init(bucket: String, key: [UInt8], state: [UInt8]) {
        self.bucket = bucket
        self.key = key
        self.state = state
    }
}

/// Brings rows of a backup to the replicas of their keys.
public protocol RestoreService: AnyObject, Sendable {
    /// Joins each row's state with what its replicas have. Doing it again changes nothing. Any thread; never blocks.
    ///
    /// The dots of a state stay what they were: none is issued, as by a client's write, and none can be issued again, since a
    /// node whose data may have gone back takes another actor (`NodeState.begin`).
    ///
    /// - Parameter completion: Called once, on some event loop: when all replicas of all rows have them, or with the first
    ///   reason why one has not; others may have been stored then. `invalidArgument` for what is no row, before any is stored.
    func restore(
        _ rows: [RestoredRow], _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void)

    /// Says of which of these buckets any member has anything, be it tombstones. Any thread; never blocks.
    ///
    /// - Parameter completion: Called once, on some event loop; a member that can't be asked counts for nothing.
    func heldBuckets(
        _ names: [String], _ completion: @escaping @Sendable (Result<[String], RequestError>) -> Void)
}
