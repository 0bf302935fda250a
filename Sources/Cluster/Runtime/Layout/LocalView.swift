import ClusterCore

/// What this node goes by: its view of the layout, and which partitions lie on its disk. Made once for each history.
final class LocalView: Sendable {
    /// What the view was made of; it lies on this node's disk.
    let history: LayoutHistory
    let layout: LayoutView
    /// Whether this node was declared lost, so that nothing may be read from it.
    let isLost: Bool
    /// By partition.
    let held: [Bool]

    /// - Parameter isSettled: Whether the node can vouch for its disk. If not, it goes by a view in which it is lost.
    init(_ history: LayoutHistory, of node: NodeID, isSettled: Bool) {
        self.history = history
        var judged = history
        // Who is no member has nothing that could be read.
        if !isSettled { _ = try? judged.declareLost(node, force: true) }
        layout = judged.view(for: node)
        isLost = layout.lost.contains(node)
        var held = [Bool](repeating: false, count: history.current.partitionCount)
        for partition in history.partitions(heldBy: node) { held[partition] = true }
        self.held = held
    }

    var epoch: LayoutEpoch { layout.epoch }

    var heldPartitions: Set<Int> { Set(held.indices.filter { held[$0] }) }

    /// The node's place, from 0, in the lists of replicas that are read from, or else are to be.
    func places(of node: NodeID) -> [Int: Int] {
        var places: [Int: Int] = [:]
        for layout in [history.next, layout.readable].compactMap({ $0 }) {
            for partition in held.indices where held[partition] {
                let replicas = layout.replicas(ofPartition: partition)
                if let index = replicas.firstIndex(of: node) {
                    places[partition] = index - replicas.startIndex
                }
            }
        }
        return places
    }

    func holds(_ partition: Int) -> Bool { held.indices.contains(partition) && held[partition] }

    /// Whether a peer's request by the view of `epoch` may read these partitions here.
    func servesReads(of partitions: ClosedRange<Int>, by epoch: LayoutEpoch) -> Bool {
        layout.admits(epoch) && !isLost && partitions.allSatisfy(holds)
    }

    enum WriteRule {
        case store
        /// The sender's view is one of those in which this node still counts, but its copy is given up: say that it is
        /// stored. Reads by that view no longer come here.
        case skip
        /// One of the two goes by a view too old for the other.
        case refuse
    }

    /// What becomes of a peer's write by the view of `epoch`.
    func rule(forWriteTo partition: Int, by epoch: LayoutEpoch) -> WriteRule {
        guard layout.admits(epoch) else { return .refuse }
        if holds(partition) { return .store }
        return epoch > self.epoch ? .refuse : .skip
    }
}
