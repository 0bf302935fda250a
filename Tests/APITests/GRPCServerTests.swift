import API
import Access
import ClusterCore
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import Messages
import NIOPosix
import SwiftProtobuf
import Testing

@Suite("gRPC: server")
struct GRPCServerTests {
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    /// Runs `body` against a gRPC server over a fake store, then stops client and server in order.
    func withServer(
        _ change: (inout ClientGRPCServer.Configuration) -> Void = { _ in }, access: AccessControl = .open,
        levels: FakeLogLevels = FakeLogLevels(), backups: FakeBackups = FakeBackups(),
        load: NodeLoad = NodeLoad(
            uptimeMillis: 0, operations: [], durationBounds: [], requestsInFlight: 0, disk: nil),
        _ body: (Client, FakeService, ClientGRPCServer) async throws -> Void
    ) async throws {
        let service = FakeService()
        var configuration = ClientGRPCServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.healthInterval = .milliseconds(20)
        // Bounds a hang, nothing else.
        configuration.shutdownGrace = .seconds(60)
        change(&configuration)
        let server = ClientGRPCServer(
            configuration: configuration, service: service, access: access, levels: levels,
            backups: backups, load: { load }, group: .singletonMultiThreadedEventLoopGroup,
            logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            let client = GRPCClient(
                transport: try HTTP2ClientTransport.Posix(
                    target: .ipv4(address: "127.0.0.1", port: try await server.listeningPort),
                    transportSecurity: .plaintext))
            group.addTask { try await client.runConnections() }
            defer {
                client.beginGracefulShutdown()
                server.beginGracefulShutdown()
            }
            // A throw cancels the group, which ends both at once.
            try await body(client, service, server)
        }
    }

    func put(_ key: String, _ value: String, context: Data = Data()) -> Kvnode_V1_PutRequest {
        .with {
            $0.bucket = "b"
            $0.key = Data(key.utf8)
            $0.value = Data(value.utf8)
            $0.context = context
        }
    }

    func get(_ key: String) -> Kvnode_V1_GetRequest {
        .with {
            $0.bucket = "b"
            $0.key = Data(key.utf8)
        }
    }

    @Test("siblings, resolution and deletion")
    func siblings() async throws {
        try await withServer { client, _, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let never = try await store.get(get("k"))
            #expect(!never.found && never.context.isEmpty)
            _ = try await store.put(put("k", "one"))
            _ = try await store.put(put("k", "two"))
            let both = try await store.get(get("k"))
            #expect(
                both.found
                    && both.siblings.map { String(decoding: $0.value, as: UTF8.self) } == ["one", "two"])
            let merged = try await store.put(put("k", "three", context: both.context))
            #expect(try await store.get(get("k")).siblings.count == 1)
            let deleted = try await store.delete(
                .with {
                    $0.bucket = "b"
                    $0.key = Data("k".utf8)
                    $0.context = merged.context
                })
            let gone = try await store.get(get("k"))
            #expect(!gone.found && gone.context == deleted.context && !gone.context.isEmpty)
        }
    }

    @Test("errors have their status, a reason, and say how many replicas answered")
    func errors() async throws {
        try await withServer { client, _, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let expected: [(RequestError.Code, RPCError.Code)] = [
                (.invalidArgument, .invalidArgument), (.preconditionFailed, .failedPrecondition),
                (.quorumNotReached, .unavailable), (.deadlineExceeded, .deadlineExceeded),
                (.overloaded, .resourceExhausted), (.noSpace, .resourceExhausted),
                (.internal, .internalError),
            ]
            for (code, status) in expected {
                let error = await #expect(throws: RPCError.self) {
                    try await store.get(get("fail-\(code.rawValue)"))
                }
                #expect(error?.code == status)
                #expect(error.map { Array($0.metadata[stringValues: "kvnode-replicas-needed"]) } == ["2"])
            }
            for bad in [get(""), get(String(repeating: "k", count: 481))] {
                let error = await #expect(throws: RPCError.self) { try await store.get(bad) }
                #expect(error?.code == .invalidArgument)
            }
            var foreign = put("k", "v")
            foreign.contentType = "a\r\nb"
            let error = await #expect(throws: RPCError.self) { try await store.put(foreign) }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("a batch has a result for each entry, in order, and a limit")
    func batches() async throws {
        try await withServer({ $0.maxBatchEntries = 3 }) { client, _, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let written = try await store.batchPut(
                .with { $0.entries = [put("a", "1"), put("fail-3", ""), put("", "")] })
            #expect(written.results.map(\.error.code) == [.unspecified, .unavailable, .invalidArgument])
            #expect(
                written.results[1].error.replicasAnswered == 1 && written.results[1].error.replicasNeeded == 2
            )
            let read = try await store.batchGet(.with { $0.entries = [get("x"), get("a")] })
            #expect(read.results.map(\.response.found) == [false, true])
            let error = await #expect(throws: RPCError.self) {
                try await store.batchGet(.with { $0.entries = Array(repeating: get("a"), count: 4) })
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("counters, sets and maps, whose types are kept apart")
    func data() async throws {
        try await withServer { client, _, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            func update(
                _ key: String, _ change: Kvnode_V1_UpdateDataRequest.OneOf_Change?
            ) async throws -> Kvnode_V1_UpdateDataResponse.OneOf_Outcome? {
                try await store.updateData(
                    .with {
                        $0.bucket = "b"
                        $0.key = Data(key.utf8)
                        $0.change = change
                    }
                ).outcome
            }
            #expect(try await store.getData(get("n")) == Kvnode_V1_GetDataResponse())
            #expect(try await update("n", .add(.with { $0.integer = 5 })) == .number("5"))
            #expect(try await update("n", .add(.with { $0.decimal = "-0.5" })) == .number("4.5"))
            #expect(try await store.getData(get("n")).values.values == [Data("4.5".utf8)])
            #expect(try await store.get(get("n")).siblings.map(\.value) == [Data("4.5".utf8)])
            let members = Kvnode_V1_Members.with { $0.members = [Data([2]), Data([1])] }
            #expect(try await update("s", .addMembers(members)) == .count(2))
            #expect(try await update("s", .addMembers(members)) == .count(0))
            let found = try await store.getData(get("s"))
            #expect(found.members.members == [Data([1]), Data([2])] && !found.context.isEmpty)
            let wrong = await #expect(throws: RPCError.self) {
                try await update("s", .add(.with { $0.integer = 1 }))
            }
            #expect(wrong?.code == .failedPrecondition)
            #expect(wrong.map { Array($0.metadata[stringValues: "kvnode-reason"]) } == ["wrong_type"])
            for change in [nil, Kvnode_V1_UpdateDataRequest.OneOf_Change.add(.init())] {
                let error = await #expect(throws: RPCError.self) { try await update("n", change) }
                #expect(error?.code == .invalidArgument)
            }
            let error = await #expect(throws: RPCError.self) { try await store.get(get("s")) }
            #expect(error?.code == .failedPrecondition)
            _ = try await store.delete(
                .with {
                    $0.bucket = "b"
                    $0.key = Data("s".utf8)
                    $0.context = found.context
                })
            #expect(try await store.getData(get("s")).data == nil)
        }
    }

    @Test("pages, and properties")
    func listsAndProperties() async throws {
        try await withServer { client, service, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            for key in ["a1", "a2", "a3"] { _ = try await store.put(put(key, "v")) }
            let first = try await store.list(
                .with {
                    $0.bucket = "b"
                    $0.limit = 2
                })
            #expect(first.keys == [Data("a1".utf8), Data("a2".utf8)])
            let second = try await store.list(
                .with {
                    $0.bucket = "b"
                    $0.cursor = first.cursor
                })
            #expect(second.keys == [Data("a3".utf8)] && second.cursor.isEmpty)

            let set = try await store.setBucketProperties(
                .with {
                    $0.bucket = "p"
                    $0.properties.w = 3
                    $0.properties.conflict = .lastWriteWins
                })
            #expect(set.n == 3 && set.w == 3 && set.conflict == .lastWriteWins && set.quorum == .strict)
            #expect(service.properties(ofBucket: "p").policy == .lastWriteWins)
            let error = await #expect(throws: RPCError.self) {
                try await store.setBucketProperties(
                    .with {
                        $0.bucket = "p"
                        $0.properties.r = 4
                    })
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("a session answers out of order, by id, each operation for itself, more than it may hold at once")
    func session() async throws {
        try await withServer({ $0.maxSessionInFlight = 10 }) { client, service, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let results = try await store.session { writer in
                var operations: [Kvnode_V1_SessionOperation] = [
                    .with {
                        $0.id = 1_000
                        $0.get = get("hold")
                    },
                    .with { $0.id = 1_001 },
                    .with {
                        $0.id = 1_002
                        $0.delete.bucket = "b"
                        $0.delete.key = Data("d".utf8)
                    },
                    .with {
                        $0.id = 1_003
                        $0.get = get("fail-4")
                    },
                ]
                for id in 0..<500 {
                    operations.append(
                        .with {
                            $0.id = UInt64(id)
                            $0.put = put("k\(id)", "v")
                        })
                }
                try await writer.write(.with { $0.operations = operations })
                await service.held(1)
            } onResponse: { response in
                var results: [Kvnode_V1_SessionResult] = []
                for try await message in response.messages {
                    results += message.results
                    // All others have overtaken the one that is held.
                    if results.count == 503 { service.release() }
                }
                return results
            }
            #expect(results.count == 504 && Set(results.map(\.id)).count == 504)
            #expect(results.last?.id == 1_000)
            let byID = Dictionary(uniqueKeysWithValues: results.map { ($0.id, $0) })
            #expect(byID[1_001]?.error.code == .invalidArgument)
            #expect(byID[1_002]?.delete.context.isEmpty == false)
            #expect(byID[1_003]?.error.reason == "deadline_exceeded")
            #expect((0..<500).allSatisfy { byID[UInt64($0)]?.put.context.isEmpty == false })
        }
    }

    @Test("a graceful stop answers what a session has taken, and ends it with UNAVAILABLE")
    func gracefulStop() async throws {
        try await withServer { client, service, server in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            // Keeps the client's side open, so that it's the server that ends the stream.
            let (open, end) = AsyncStream.makeStream(of: Void.self)
            let (ids, ending) = try await store.session { writer in
                try await writer.write(
                    .with {
                        $0.operations = [
                            .with {
                                $0.id = 1
                                $0.get = get("hold")
                            }
                        ]
                    })
                await service.held(1)
                server.beginGracefulShutdown()
                service.release()
                for await _ in open {}
            } onResponse: { response in
                defer { end.finish() }
                var ids: [UInt64] = []
                do {
                    for try await message in response.messages { ids += message.results.map(\.id) }
                } catch {
                    return (ids, error as? RPCError)
                }
                return (ids, nil)
            }
            #expect(ids == [1])
            #expect(ending?.code == .unavailable)
        }
    }

    @Test("health: check and watch")
    func health() async throws {
        try await withServer { client, service, _ in
            let health = Grpc_Health_V1_Health.Client(wrapping: client)
            for name in ["", "kvnode.v1.KeyValue"] {
                #expect(try await health.check(.with { $0.service = name }).status == .serving)
            }
            let error = await #expect(throws: RPCError.self) {
                try await health.check(.with { $0.service = "x" })
            }
            #expect(error?.code == .notFound)
            let seen = try await health.watch(Grpc_Health_V1_HealthCheckRequest()) { response in
                var seen: [Grpc_Health_V1_HealthCheckResponse.ServingStatus] = []
                for try await message in response.messages {
                    seen.append(message.status)
                    if seen.count == 2 { break }
                    service.isReady = false
                }
                return seen
            }
            #expect(seen == [.serving, .notServing])
        }
    }
}
