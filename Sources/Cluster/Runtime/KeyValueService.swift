import ClusterCore

/// The store as the client APIs see it.
public protocol KeyValueService: AnyObject, Sendable {
    /// Serves `request`. Any thread; never blocks.
    ///
    /// - Parameter completion: Called exactly once, on some event loop; it must not block.
    func submit(
        _ request: Request, from source: RequestSource, _ completion: @escaping @Sendable (Response) -> Void)

    /// Whether a trace that a client sends along is of use; where not, it need not be read. Constant.
    var isTracing: Bool { get }

    /// The properties in force for `bucket`: what was set, or the node's defaults.
    func properties(ofBucket bucket: String) -> BucketProperties

    /// Sets the properties of `bucket` on every node of the cluster.
    ///
    /// - Throws: `RequestError`: `invalidArgument`, or `quorumNotReached` if no majority of the nodes has confirmed
    ///   it in time; it then still reaches the others as they connect.
    func setProperties(_ properties: BucketProperties, ofBucket bucket: String) async throws

    /// The members of the cluster that serve clients and can be reached, this one included, by name.
    var servingNodes: [ServingNode] { get }

    /// How many partitions the keys lie in.
    var partitionCount: Int { get }

    /// Tells what clients have asked of this node. Any thread; never blocks.
    ///
    /// - Parameter completion: Called once, on some thread; it must not block.
    func workload(_ completion: @escaping @Sendable (WorkloadReport) -> Void)

    /// Whether requests have a fair chance: the node isn't draining, and a majority of the layout's nodes is connected.
    var isReady: Bool { get }
}

extension KeyValueService {
    /// As above, for nobody in particular.
    public func submit(
        _ request: Request, from origin: RequestOrigin, _ completion: @escaping @Sendable (Response) -> Void
    ) {
        submit(request, from: RequestSource(origin), completion)
    }
}
