/// A partition that a node has to copy.
public struct PartitionMove: Equatable, Sendable {
    public enum Reason: Sendable {
        /// The node becomes a replica: it has nothing of the partition.
        case added
        /// The node was a replica and comes earlier in the list now. Where a bucket has fewer replicas than the layout,
        /// its keys may be new to it; all others are not, so a comparison costs less than a copy.
        case promoted
        /// The node was lost, and may lack anything or nothing.
        case missed
    }

    public var partition: Int
    public var reason: Reason
    /// *All* of them have what the node may need: no single replica is sure to have every acknowledged write. Copy from
    /// the first; with the others a comparison (anti-entropy) is enough and costs less. Empty if all are lost.
    public var sources: [SharedPartition.Peer]
}

extension LayoutHistory {
    /// What a node has to do for the change of layout. When it is done, and not before, the confirmation named.
    public enum Duty: Equatable, Sendable {
        /// Use the present `view` for each new operation; when all operations of views before it have ended, both those
        /// coordinated here and other nodes' that were accepted here, `confirm(.adopted)`.
        case adopt(version: UInt64, digest: UInt64)
        /// Copy these, then `confirm(.filled)`. What was copied before this duty came up does not count. A source that
        /// fails is tried until it answers or is declared lost: ask for the duties again when the history changes.
        case fill(version: UInt64, digest: UInt64, [PartitionMove])
        /// When all reads of views before the present one have ended, `confirm(.released)`.
        case release(version: UInt64, digest: UInt64)
        /// This node was declared lost. Copy these, then `hasCaughtUp`.
        case catchUp([PartitionMove])
    }

    /// What `node` has to do now; at most one of the change's own, and `catchUp`.
    ///
    /// Computed from the whole table: ask when the history has changed. A node that was a member and is concerned no
    /// more (`isConcerned`) has to see to it that each member has this history, and can stop then.
    public func duties(of node: NodeID) -> [Duty] {
        guard isConcerned(node) else { return [] }
        var duties: [Duty] = []
        switch stage {
        case .stable, .deciding: break
        case .adopting, .filling:
            if !has(node, .adopted) {
                duties.append(.adopt(version: latest.version, digest: latest.digest))
            } else if stage == .filling, !has(node, .filled) {
                duties.append(.fill(version: latest.version, digest: latest.digest, moves(to: node)))
            }
        case .releasing:
            if !has(node, .released) {
                duties.append(.release(version: current.version, digest: current.digest))
            }
        }
        if mayCatchUp(node) { duties.append(.catchUp(missed(by: node))) }
        return duties
    }

    /// What `node` has to copy for the change that is open.
    func moves(to node: NodeID) -> [PartitionMove] {
        guard let next, next.member(node) != nil else { return [] }
        return (0..<next.partitionCount).compactMap { partition in
            let old = current.replicas(ofPartition: partition)
            let new = next.replicas(ofPartition: partition)
            guard let place = new.firstIndex(of: node) else { return nil }
            let before = old.firstIndex(of: node).map { $0 - old.startIndex }
            if let before, before <= place - new.startIndex { return nil }
            return PartitionMove(
                partition: partition, reason: before == nil ? .added : .promoted,
                sources: sources(old, for: node, at: place - new.startIndex))
        }
    }

    private func missed(by node: NodeID) -> [PartitionMove] {
        (0..<current.partitionCount).compactMap { partition in
            let replicas = current.replicas(ofPartition: partition)
            guard let place = replicas.firstIndex(of: node) else { return nil }
            return PartitionMove(
                partition: partition, reason: .missed,
                sources: sources(replicas, for: node, at: place - replicas.startIndex))
        }
    }

    private func sources(
        _ replicas: ArraySlice<NodeID>, for node: NodeID, at place: Int
    ) -> [SharedPartition.Peer] {
        SharedPartition.peers(among: replicas, of: node, at: place, where: { !isLost($0) })
    }

    // MARK: What lies on a node's disk

    /// The partitions that `node` holds or is to hold; what else lies on its disk is left over and can be deleted.
    ///
    /// When a history takes the place of another, what `node` did not hold by the other has to be deleted before the
    /// new one is stored and used: leftovers from an earlier time would bring back what was deleted since.
    public func partitions(heldBy node: NodeID) -> Set<Int> {
        var held: Set<Int> = []
        for layout in [current, previous, next].compactMap({ $0 }) where layout.member(node) != nil {
            for partition in 0..<layout.partitionCount
            where layout.replicas(ofPartition: partition).contains(node) {
                held.insert(partition)
            }
        }
        return held
    }
}
