/// Where the data of one partition lies, for a bucket of n replicas: one set of replicas, or two while it moves.
public struct ReplicaSets: Equatable, Sendable {
    /// Who is asked for reads, preferred first; the first that can be reached coordinates. Without those that are lost
    /// and may lack acknowledged writes, so possibly fewer than n.
    public let readable: ArraySlice<NodeID>
    /// A write needs w of these,
    public let primary: ArraySlice<NodeID>
    /// and w of these. The same as `primary` where nothing moves.
    public let secondary: ArraySlice<NodeID>

    public init(
        readable: ArraySlice<NodeID>, primary: ArraySlice<NodeID>, secondary: ArraySlice<NodeID>
    ) {
        self.readable = readable
        self.primary = primary
        self.secondary = secondary
    }

    /// The sets of a partition that stays where it is.
    public init(_ replicas: [NodeID]) {
        self.init(readable: replicas[...], primary: replicas[...], secondary: replicas[...])
    }

    /// Whether a write has two sets to reach. An order that changes alone moves nothing.
    public var isMoving: Bool {
        primary.count != secondary.count || !primary.allSatisfy(secondary.contains)
    }

    /// Everybody who is sent a write, each once, preferred first.
    public var targets: [NodeID] { primary + secondary.filter { !primary.contains($0) } }

    /// Whether a write that these nodes have stored is acknowledged: w of either set have it. One that is in both counts
    /// in both.
    public func isWritten(by stored: some Collection<NodeID>, w: Int) -> Bool {
        primary.count { stored.contains($0) } >= w && secondary.count { stored.contains($0) } >= w
    }

    /// Whether w of both sets can still be reached if these nodes fail.
    public func canBeWritten(without failed: some Collection<NodeID>, w: Int) -> Bool {
        primary.count { !failed.contains($0) } >= w && secondary.count { !failed.contains($0) } >= w
    }
}
