import Cluster
import ClusterCore
import GRPCCore
import Messages
import SwiftProtobuf

/// `GetRouting` of `kvnode.v1.KeyValue`: what an operator sees of the ring, in the form in which a client goes by it.
struct RoutingProvider: Sendable {
    let service: any LayoutService

    func add(to table: inout MethodTable) {
        table.add(
            Kvnode_V1_KeyValue.Method.GetRouting.descriptor.fullyQualifiedMethod,
            .control(ControlMethod(routing)))
    }

    @Sendable private func routing(
        _ request: Kvnode_V1_GetRoutingRequest
    ) async throws -> Kvnode_V1_Routing {
        let status = service.status
        let layout = status.history.current
        guard layout.version > 0 else { return .with { $0.node = status.node } }
        return Kvnode_V1_Routing(layout, node: status.node, hasTable: request.knownVersion == layout.version)
    }
}

extension Kvnode_V1_Routing {
    /// - Parameter hasTable: Whether the client has the table already.
    init(_ layout: Layout, node: String, hasTable: Bool) {
        self.init()
        self.node = node
        version = layout.version
        partitions = UInt32(layout.partitionCount)
        nodes = layout.members.map(\.name)
        replicasPerPartition = UInt32(min(layout.replicationFactor, layout.members.count))
        guard !hasTable else { return }
        let indices = Dictionary(
            uniqueKeysWithValues: layout.members.enumerated().map { ($1.id, UInt32($0)) })
        replicas.reserveCapacity(layout.partitionCount * Int(replicasPerPartition))
        for partition in 0..<layout.partitionCount {
            // The table has members alone.
            replicas += layout.replicas(ofPartition: partition).compactMap { indices[$0] }
        }
    }
}
