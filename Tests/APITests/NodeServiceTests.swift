import API
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import Messages
import NIOCore
import SwiftProtobuf
import Testing

@Suite("gRPC: the operator's service of a node")
struct NodeServiceTests {
    typealias Client = Kvnode_V1_Node.Client<HTTP2ClientTransport.Posix>

    private func withNode(_ body: (Client, FakeLogLevels) async throws -> Void) async throws {
        let levels = FakeLogLevels()
        try await GRPCServerTests().withServer(levels: levels) { client, _, _ in
            try await body(Client(wrapping: client), levels)
        }
    }

    @Test("levels are told and changed")
    func levels() async throws {
        try await withNode { client, levels in
            let before = try await client.getLogLevels(.init())
            #expect(before.configured == "info" && before.loggers.map(\.logger) == ["audit", "kvnode"])
            #expect(before.loggers.allSatisfy { $0.level == "info" && !$0.changed && !$0.hasEndsInMs })
            let after = try await client.setLogLevel(
                .with {
                    $0.level = "debug"
                    $0.logger = "audit"
                    $0.forMs = 600_000
                })
            #expect(levels.changes == [.init(level: .debug, logger: "audit", duration: .minutes(10))])
            #expect(after.loggers[0].level == "debug" && after.loggers[0].changed)
            #expect(after.loggers[0].endsInMs == 600_000 && !after.loggers[1].changed)
            _ = try await client.setLogLevel(.init())
            #expect(levels.changes.last == .init(level: nil, logger: nil, duration: nil))
        }
    }

    @Test("a level, a logger or a time that is none is refused, and says what there is")
    func refusals() async throws {
        try await withNode { client, levels in
            let bad: [(Kvnode_V1_SetLogLevelRequest, String)] = [
                (.with { $0.level = "loud" }, "trace, debug"),
                (.with { $0.logger = "x" }, "audit, kvnode"),
                (.with { $0.forMs = 86_400_001 }, "86400000"),
            ]
            for (request, words) in bad {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await client.setLogLevel(request)
                }
                #expect(error?.code == .invalidArgument && error?.message.contains(words) == true)
                #expect(
                    error?.metadata[stringValues: "kvnode-reason"].first { _ in true } == "invalid_argument")
            }
            #expect(levels.changes.isEmpty)
        }
    }

    @Test("the load is told as it is, the disk left out where it is not known")
    func load() async throws {
        let operations = [NodeLoad.Operation(name: "get", durations: [3, 1, 0], failed: 2)]
        for disk in [nil, NodeLoad.Disk(availableBytes: 5, sizeBytes: 7)] {
            let load = NodeLoad(
                uptimeMillis: 9, operations: operations, durationBounds: [0.001, 0.01], requestsInFlight: 4,
                disk: disk)
            try await GRPCServerTests().withServer(load: load) { client, _, _ in
                let told = try await Client(wrapping: client).getLoad(.init())
                #expect(told.uptimeMs == 9 && told.requestsInFlight == 4)
                #expect(told.durationBounds == [0.001, 0.01])
                #expect(told.operations.map(\.operation) == ["get"])
                #expect(told.operations[0].durations == [3, 1, 0] && told.operations[0].failed == 2)
                #expect(told.hasDisk == (disk != nil))
                #expect(told.disk.availableBytes == disk?.availableBytes ?? 0)
                #expect(told.disk.sizeBytes == disk?.sizeBytes ?? 0)
            }
        }
    }

    @Test("the cluster's status has the levels that are changed")
    func status() async throws {
        let levels = FakeLogLevels()
        try levels.setLogLevel(.trace, of: "kvnode", for: nil)
        try await GRPCServerTests().withServer(levels: levels) { client, _, _ in
            let cluster = Kvnode_V1_Cluster.Client(wrapping: client)
            let changed = try await cluster.status(.init()).changedLogLevels
            #expect(changed.map(\.logger) == ["kvnode"] && changed[0].level == "trace")
        }
    }
}
