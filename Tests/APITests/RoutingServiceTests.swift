import ClusterCore
import GRPCCore
import Messages
import SwiftProtobuf
import Synchronization
import Testing

@Suite("gRPC: where keys lie, for clients")
struct RoutingServiceTests {
    @Test("the table has each partition's replicas, and is left out for who has it")
    func table() async throws {
        try await GRPCServerTests().withServer { client, service, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let layout = service.cluster.state.withLock { $0.history.current }
            let routing = try await store.getRouting(.init())
            #expect(routing.node == "a" && routing.version == 1 && routing.partitions == 16)
            #expect(Set(routing.nodes) == ["a", "b", "c"] && routing.replicasPerPartition == 3)
            #expect(routing.replicas.count == 16 * 3)
            for partition in 0..<16 {
                let names = routing.replicas[partition * 3..<partition * 3 + 3].map {
                    routing.nodes[Int($0)]
                }
                let ids = layout.replicas(ofPartition: partition)
                #expect(names.map(NodeID.init(name:)) == Array(ids))
            }
            let known = try await store.getRouting(.with { $0.knownVersion = 1 })
            #expect(known.replicas.isEmpty && known.version == 1 && known.node == "a")
            #expect(try await store.getRouting(.with { $0.knownVersion = 9 }) == routing)
        }
    }

    @Test("a node that knows no layout yet says who it is, and no more")
    func unknown() async throws {
        let unknown = try Layout.unknown(members: [Member(name: "a", address: "a:1")])
        try await GRPCServerTests().withServer { client, service, _ in
            service.cluster.state.withLock { $0.history = LayoutHistory(unknown) }
            let routing = try await Kvnode_V1_KeyValue.Client(wrapping: client).getRouting(.init())
            #expect(routing == .with { $0.node = "a" })
        }
    }
}
