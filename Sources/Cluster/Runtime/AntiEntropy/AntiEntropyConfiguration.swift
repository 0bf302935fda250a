import ClusterCore
import NIOCore

/// How a node's comparisons with other replicas stand.
public struct AntiEntropyStatus: Equatable, Sendable {
    public var comparisons: EntropyStatus
    /// Hash trees, one for each partition that the node holds, and those of them that can be compared.
    public var trees: Int
    public var completeTrees: Int

    public init(comparisons: EntropyStatus, trees: Int, completeTrees: Int) {
        self.comparisons = comparisons
        self.trees = trees
        self.completeTrees = completeTrees
    }
}

/// How a node compares what it holds with the other replicas.
public struct AntiEntropyConfiguration: Sendable {
    /// When and how much at a time.
    public var schedule: EntropySchedule.Limits
    /// Windows, pages and rates of one comparison.
    public var comparison: PartitionComparison.Limits
    /// How long a peer has to answer.
    public var timeout: TimeAmount
    /// How the hash trees are built that the last run did not leave.
    public var building: TreeBuilder.Limits

    public init(
        schedule: EntropySchedule.Limits = .init(), comparison: PartitionComparison.Limits = .init(),
        timeout: TimeAmount = .seconds(5), building: TreeBuilder.Limits = .init()
    ) {
        self.schedule = schedule
        self.comparison = comparison
        self.timeout = timeout
        self.building = building
    }
}
