import API
import Cluster
import ClusterCore
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Messages
import SwiftProtobuf
import Synchronization
import Testing

@Suite("gRPC: what an operator looks at")
struct InspectionServiceTests {
    typealias Client = Kvnode_V1_Cluster.Client<HTTP2ClientTransport.Posix>

    private func withCluster(_ body: (Client, FakeCluster) async throws -> Void) async throws {
        try await GRPCServerTests().withServer { client, service, _ in
            try await body(Client(wrapping: client), service.cluster)
        }
    }

    private func ring(holdings: Bool = true) -> Kvnode_V1_RingRequest {
        .with {
            $0.key.bucket = "b"
            $0.key.key = Data("k".utf8)
            $0.withHoldings = holdings
        }
    }

    /// A value of one actor, and a tombstone of another.
    private var versions: Versions {
        var versions = Versions()
        for (actor, content) in [
            (UInt64(1), Sibling.Content.value(Array("five!".utf8), contentType: "")), (2, .tombstone),
        ] {
            versions.write(
                content, dot: Dot(actor: actor, counter: 9), timestamp: Timestamp(milliseconds: 5),
                expiresAt: actor == 1 ? 77 : 0, context: CausalContext(), policy: .siblings)
        }
        return versions
    }

    @Test("what each replica holds of a key is told without its value")
    func holdings() async throws {
        try await withCluster { client, cluster in
            let (a, b, c) = (NodeID(name: "a"), NodeID(name: "b"), NodeID(name: "c"))
            cluster.state.withLock {
                $0.holdings = .success([
                    KeyHolding(node: a, state: .present(versions)), KeyHolding(node: b, state: .absent),
                    KeyHolding(node: c, state: .unknown(ReplicaError(.unreachable, "no connection"))),
                ])
            }
            let told = try await client.ring(ring()).holdings
            #expect(told.map(\.node) == ["a", "b", "c"])
            #expect(told.map(\.state) == [.present, .absent, .unknown])
            #expect(told.map(\.error) == ["", "", "no connection"])
            #expect(told[0].versions.map(\.kind) == [.value, .tombstone])
            #expect(told[0].versions.map(\.bytes) == [5, 0])
            #expect(told[0].versions.map(\.expiresAtMs) == [77, 0])
            #expect(told[0].versions.map(\.dot.actor) == [1, 2] && told[0].versions[1].dot.counter == 9)
            #expect(told[0].context.map(\.counter) == [9, 9] && told[1].context.isEmpty)
            #expect(!(try await client.ring(ring())).replicas.isEmpty)
            #expect(try await client.ring(ring(holdings: false)).holdings.isEmpty)
        }
    }

    @Test("holdings are those of a key, and their failure is the call's")
    func refusals() async throws {
        try await withCluster { client, cluster in
            let partition = await #expect(throws: RPCError.self) {
                _ = try await client.ring(
                    .with {
                        $0.partition = 1
                        $0.withHoldings = true
                    })
            }
            #expect(partition?.code == .invalidArgument)
            cluster.state.withLock { $0.holdings = .failure(RequestError(.shuttingDown, "it ends")) }
            let ending = await #expect(throws: RPCError.self) { _ = try await client.ring(ring()) }
            #expect(ending?.code == .unavailable)
        }
    }

    @Test("buckets with properties of their own are listed")
    func buckets() async throws {
        try await withCluster { client, _ in
            let buckets = try await client.listBuckets(.init()).buckets
            #expect(buckets.map(\.name) == ["carts", "other"])
            #expect(buckets[0].properties.r == 1 && buckets[1].properties.conflict == .lastWriteWins)
        }
    }
}
