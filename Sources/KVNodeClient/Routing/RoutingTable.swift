internal import ClusterCore
internal import Foundation
internal import Messages

/// Which nodes have which keys: one version of the cluster's layout, as a client needs it.
struct RoutingTable: Hashable, Sendable {
    /// Of the layout.
    let version: UInt64
    let partitionCount: Int
    /// The members' names.
    let nodes: [String]
    private let replicasPerPartition: Int
    /// Indices of `nodes`, the preferred coordinator of each partition first.
    private let replicas: [UInt16]

    /// Nil if it isn't whole.
    init?(_ message: Kvnode_V1_Routing) {
        let count = Int(message.partitions)
        let perPartition = Int(message.replicasPerPartition)
        guard 1...Layout.maxPartitionCount ~= count, count.nonzeroBitCount == 1, perPartition > 0,
            message.replicas.count == count * perPartition, message.nodes.count <= Int(UInt16.max),
            message.replicas.allSatisfy({ $0 < message.nodes.count })
        else { return nil }
        version = message.version
        partitionCount = count
        nodes = message.nodes
        replicasPerPartition = perPartition
        replicas = message.replicas.map(UInt16.init(truncatingIfNeeded:))
    }

    /// The names of the nodes that have `key`, the preferred coordinator first; none for a key that no node would take.
    func nodes(for key: KVNodeStore.Key) -> [String] {
        let bytes = [UInt8](key.bytes)
        guard KeyLimits.accepts(bucket: key.bucket), KeyLimits.accepts(key: bytes) else { return [] }
        let partition = StorageKey(bucket: key.bucket, key: bytes, partitionCount: partitionCount).partition
        let first = partition * replicasPerPartition
        return replicas[first..<first + replicasPerPartition].map { nodes[Int($0)] }
    }
}
