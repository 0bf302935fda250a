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

    /// Those of a list of replicas with whom `node`, whose own place is `place`, can compare the partition.
    static func peers(
        among replicas: ArraySlice<NodeID>, of node: NodeID, at place: Int, where isPresent: (NodeID) -> Bool
    ) -> [Peer] {
        replicas.enumerated().filter { $1 != node && isPresent($1) }.map { Peer($1, depth: max(place, $0)) }
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
            let replicas = readable.replicas(ofPartition: partition)
            guard let index = replicas.firstIndex(of: node) else { return nil }
            let peers = SharedPartition.peers(
                among: replicas, of: node, at: index - replicas.startIndex, where: { !lost.contains($0) })
            return peers.isEmpty ? nil : SharedPartition(partition: partition, peers: peers)
        }
    }
}
