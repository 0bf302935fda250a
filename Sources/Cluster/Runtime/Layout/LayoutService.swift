import ClusterCore
import Engine

/// The cluster's layouts as an operator's interface sees them.
public protocol LayoutService: AnyObject, Sendable {
    /// What this node knows of the cluster's layouts. Any thread.
    var layouts: LayoutHistory { get }

    /// How far this node has come with copying partitions; nil if it copies none. Any thread.
    var filling: FillStatus? { get }

    /// Changes the history of layouts by an operator's word: stages, commits, declares lost. Any thread.
    ///
    /// - Parameters:
    ///   - body: Changes the history; gets this node's identifier as well. What it throws is the answer, and nothing is
    ///     changed then.
    ///   - completion: Called once, on some thread: when the change is on this node's disk, so that the others come to
    ///     hear of it whatever happens; or with why it can't be made.
    func changeLayouts(
        _ body: @escaping @Sendable (inout LayoutHistory, NodeID) throws(LayoutChangeError) -> Void,
        _ completion: @escaping @Sendable (Result<Void, LayoutFailure>) -> Void)
}

/// Why a change of the layouts was not made.
public enum LayoutFailure: Error, Sendable {
    case refused(LayoutChangeError)
    case notStored(EngineError)
}

/// How far the copying of partitions to a node has come.
public struct FillStatus: Equatable, Sendable {
    /// Partitions that are to be copied, and those of them that are not complete.
    public var partitions: Int
    public var partitionsLeft: Int
    /// What came since the node started or the copying began, whichever is later.
    public var rows: Int
    public var bytes: Int
    /// Seconds since then.
    public var seconds: Double
}
