/// The order in which views follow each other; sent with each request to another replica.
public struct LayoutEpoch: Comparable, Hashable, Sendable {
    public var rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    static func stable(_ version: UInt64) -> Self { Self(rawValue: 4 * version) }
    /// A change away from `version`, while reads go by the old layout.
    static func adopting(from version: UInt64) -> Self { Self(rawValue: 4 * version + 1) }
    static func filling(from version: UInt64) -> Self { Self(rawValue: 4 * version + 2) }
    /// The same, when reads go by the new layout and writes by both.
    static func releasing(from version: UInt64) -> Self { Self(rawValue: 4 * version + 3) }
}

/// What a node's requests go by: a snapshot of its history, cheap to copy and to ask.
public struct LayoutView: Equatable, Sendable {
    /// Grows with each step of each change. Two nodes of one epoch agree on where to read and write.
    public let epoch: LayoutEpoch
    /// Requests of views before this one are refused here.
    public let floor: LayoutEpoch
    /// Where reads go.
    public let readable: Layout
    /// The other layout, while a change is open, where writes go as well.
    public let other: Layout?
    /// Members that are not read from.
    public let lost: Set<NodeID>

    /// Whether another node's request, made by the view of `epoch`, is to be served here.
    ///
    /// If not, the answer has to carry this node's history: the other merges it and begins the operation anew by
    /// its new view. A request of a *later* view is served: its sender has sent its history before it on the stream.
    public func admits(_ epoch: LayoutEpoch) -> Bool { epoch >= floor }

    /// Where a key of the partition lies for a bucket of `n` replicas. No allocation, unless a replica is lost.
    public func replicas(ofPartition partition: Int, n: Int) -> ReplicaSets {
        let first = readable.replicas(ofPartition: partition).prefix(n)
        let second = other?.replicas(ofPartition: partition).prefix(n) ?? first
        let isWhole = lost.isEmpty || !first.contains(where: lost.contains)
        return ReplicaSets(
            readable: isWhole ? first : first.filter { !lost.contains($0) }[...], primary: first,
            secondary: second)
    }
}

extension LayoutHistory {
    /// How `node`, this one, reads and writes by this history. Compute it once for each history.
    public func view(for node: NodeID) -> LayoutView {
        let changing: LayoutEpoch =
            stage == .filling ? .filling(from: current.version) : .adopting(from: current.version)
        let epoch: LayoutEpoch =
            next != nil
            ? changing
            : previous != nil ? .releasing(from: current.version - 1) : .stable(current.version)
        return LayoutView(
            epoch: epoch, floor: floor(for: node), readable: current, other: next ?? previous,
            lost: Set(absences.keys.filter { isLost($0) && isConcerned($0) }))
    }

    /// What `node` has promised by its confirmations to refuse.
    private func floor(for node: NodeID) -> LayoutEpoch {
        if next != nil, has(node, .adopted) { return .adopting(from: current.version) }
        if previous != nil, !has(node, .released) { return .adopting(from: current.version - 1) }
        // Version 0 is no cluster's (`Layout.unknown`): nothing was promised.
        return current.version == 0 ? .stable(0) : .releasing(from: current.version - 1)
    }
}
