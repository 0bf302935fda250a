import ClusterCore

/// The cluster's layouts as an operator's interface sees them.
public protocol LayoutService: AnyObject, Sendable {
    /// What this node knows of the cluster's layouts. Any thread.
    var layouts: LayoutHistory { get }

    /// What this node knows of its cluster and of itself. Any thread; counts all partitions, so not for a hot path.
    var status: ClusterStatus { get }

    /// Changes the history of layouts by an operator's word: stages, commits, declares lost. Any thread.
    ///
    /// - Parameters:
    ///   - body: Changes the history; gets this node's identifier as well. What it throws is the answer, and nothing is
    ///     changed then.
    ///   - completion: Called once, on some thread: with what `body` returned when the change is on this node's disk, so
    ///     that the others come to hear of it whatever happens; or with why it can't be made.
    func changeLayouts<Outcome: Sendable>(
        _ body: @escaping @Sendable (inout LayoutHistory, NodeID) throws(LayoutChangeError) -> Outcome,
        _ completion: @escaping @Sendable (Result<Outcome, LayoutFailure>) -> Void)
}

/// Why a change of the layouts was not made.
public enum LayoutFailure: Error, Sendable {
    case refused(LayoutChangeError)
    /// The disk refused it for now; the node tries again.
    case notStored(ReplicaError)
}

/// How far the copying of partitions to a node has come.
public struct FillStatus: Equatable, Sendable {
    /// Partitions that are to be copied, and those of them that are not complete.
    public var partitions: Int
    public var partitionsLeft: Int
    /// Those that were not complete when the copying began, or the node started.
    public var partitionsLeftAtBegin: Int
    /// What came since the node started or the copying began, whichever is later.
    public var rows: Int
    public var bytes: Int
    /// Seconds since then.
    public var seconds: Double

    public init(
        partitions: Int, partitionsLeft: Int, partitionsLeftAtBegin: Int, rows: Int, bytes: Int,
        seconds: Double
    ) {
        self.partitions = partitions
        self.partitionsLeft = partitionsLeft
        self.partitionsLeftAtBegin = partitionsLeftAtBegin
        self.rows = rows
        self.bytes = bytes
        self.seconds = seconds
    }

    /// How long the rest takes if it goes as fast as what was done; nil until a partition is complete.
    public var secondsLeft: Double? {
        let done = partitionsLeftAtBegin - partitionsLeft
        return done > 0 ? seconds * Double(partitionsLeft) / Double(done) : nil
    }
}
