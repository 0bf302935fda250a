import API
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
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
