extension Layout {
    /// The nodes that may stand in for replicas of a partition, preferred first: those that hold the partitions behind
    /// it on the ring, in the order in which a walk from there meets them (DeCandia et al., "Dynamo", 2007, section 4.6).
    ///
    /// Every node comes to the same order, so that a write and the read after it find each other at the same stand-ins.
    ///
    /// - Parameters:
    ///   - replicas: Everybody who is sent the partition's writes.
    ///   - limit: How many are wanted; there may be fewer.
    public func fallbacks(
        ofPartition partition: Int, excluding replicas: some Collection<NodeID>, limit: Int
    ) -> [NodeID] {
        let wanted = min(limit, members.count { !replicas.contains($0.id) })
        var found: [NodeID] = []
        for step in 1..<max(2, partitionCount) where found.count < wanted {
            for node in self.replicas(ofPartition: (partition + step) % partitionCount)
            where found.count < wanted && !replicas.contains(node) && !found.contains(node) {
                found.append(node)
            }
        }
        return found
    }
}
