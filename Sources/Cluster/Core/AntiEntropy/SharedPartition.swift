/// A partition that a node compares, and with whom.
public struct SharedPartition: Equatable, Sendable {
    public struct Peer: Equatable, Sendable {
        public var node: NodeID
        /// See `TreeRef.depth`.
        public var depth: Int

        public init(_ node: NodeID, depth: Int) {
            self.node = node
            self.depth = depth
        }
    }

    public var partition: Int
    public var peers: [Peer]

    public init(partition: Int, peers: [Peer]) {
        self.partition = partition
        self.peers = peers
    }
}

extension LayoutView {
    /// The partitions of which `node` and others are to hold the same, by partition.
    ///
    /// Only those who are read from: who fills a partition, since it is new to it or its disk was lost, gets all of it
    /// anyway.
    public func sharedPartitions(of node: NodeID) -> [SharedPartition] {
        guard !lost.contains(node) else { return [] }
        return (0..<readable.partitionCount).compactMap { partition in
            let replicas = Array(readable.replicas(ofPartition: partition))
            guard let place = replicas.firstIndex(of: node) else { return nil }
            let peers = replicas.indices.compactMap { other -> SharedPartition.Peer? in
                guard other != place, !lost.contains(replicas[other]) else { return nil }
                return SharedPartition.Peer(replicas[other], depth: max(place, other))
            }
            return peers.isEmpty ? nil : SharedPartition(partition: partition, peers: peers)
        }
    }
}
