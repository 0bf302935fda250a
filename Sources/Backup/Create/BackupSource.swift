import ClusterCore
import Engine

/// What a node backs up, and what it says of itself.
public struct BackupSource: Sendable {
    public var engine: any StorageEngine
    public var cluster: String
    public var node: String
    /// The node's release and engine, for people.
    public var software: String
    public var engineName: String
    public var actor: UInt64
    public var layout: LayoutHistory
    public var buckets: BucketTable
    /// Milliseconds since 1970.
    public var wallMillis: @Sendable () -> UInt64

    public init(
        engine: any StorageEngine, cluster: String, node: String, software: String, engineName: String,
        actor: UInt64, layout: LayoutHistory, buckets: BucketTable,
        wallMillis: @escaping @Sendable () -> UInt64
    ) {
        self.engine = engine
        self.cluster = cluster
        self.node = node
        self.software = software
        self.engineName = engineName
        self.actor = actor
        self.layout = layout
        self.buckets = buckets
        self.wallMillis = wallMillis
    }

    var partitionCount: Int { layout.current.partitionCount }

    /// All partitions, those first of which this node is the first replica, then those of which it is the second: so that of
    /// replicas that begin together each finds what the others have sent.
    var partitions: [Int] {
        let id = NodeID(name: node)
        let places = (0..<partitionCount).map { partition in
            let replicas = layout.current.replicas(ofPartition: partition)
            return (partition, replicas.firstIndex(of: id).map { $0 - replicas.startIndex } ?? replicas.count)
        }
        return places.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    /// The other replicas of a partition, by name.
    func others(ofPartition partition: Int) -> [String] {
        let id = NodeID(name: node)
        return layout.current.replicas(ofPartition: partition).filter { $0 != id }
            .compactMap { layout.current.member($0)?.name }
    }
}
