/// A node of the cluster, by a hash of its name: short enough to be a dictionary key on the hot path.
public struct NodeID: Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The node called `name`, the same on every node and after every restart.
    public init(name: String) { rawValue = hash64(Array(name.utf8)) }

    public static func < (a: NodeID, b: NodeID) -> Bool { a.rawValue < b.rawValue }
}

/// A member of the cluster as the layout needs it.
public struct Member: Equatable, Sendable {
    public var id: NodeID
    public var name: String
    /// `host:port` of the peer gRPC server.
    public var address: String
    /// Nodes that share a cause of failure share a zone; empty is a zone of its own for all that name none.
    public var zone: String
    /// The node's share of the data relative to the others' (a node with weight 2 holds twice that of one with 1).
    public var weight: Double

    public init(name: String, address: String, zone: String = "", weight: Double = 1) {
        id = NodeID(name: name)
        self.name = name
        self.address = address
        self.zone = zone
        self.weight = weight
    }
}
