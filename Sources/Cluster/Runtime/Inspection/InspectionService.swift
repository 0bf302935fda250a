import ClusterCore

/// What an operator may look at besides the layouts and the node's status.
public protocol InspectionService: AnyObject, Sendable {
    /// The buckets that have properties of their own, by name. Any thread.
    var bucketsWithProperties: [(name: String, properties: BucketProperties)] { get }

    /// Asks the replicas of a key what they hold of it. Changes nothing and repairs nothing. Any thread; never blocks.
    ///
    /// - Parameters:
    ///   - bucket: A name that is valid, as the key is.
    ///   - completion: Called once, on some event loop, with what each replica said, those that reads ask first.
    func holdings(
        ofBucket bucket: String, key: [UInt8],
        _ completion: @escaping @Sendable (Result<[KeyHolding], RequestError>) -> Void)
}

/// What one replica holds of a key.
public struct KeyHolding: Equatable, Sendable {
    public enum State: Equatable, Sendable {
        /// Nothing, nor what it has seen of it.
        case absent
        /// Nothing that could be read now.
        case deleted(Versions)
        case present(Versions)
        /// It has not answered, or cannot read what it holds.
        case unknown(ReplicaError)
    }

    public var node: NodeID
    public var state: State

    public init(node: NodeID, state: State) {
        self.node = node
        self.state = state
    }
}
