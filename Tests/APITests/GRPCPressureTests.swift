import API
import Cluster
import ClusterCore
import Messages
import SwiftProtobuf
import Testing

@Suite("gRPC: clients that don't read, don't finish, or don't stop")
struct GRPCPressureTests {
    private static let get = "/kvnode.v1.KeyValue/Get"
    private static let session = "/kvnode.v1.KeyValue/Session"

    private let server = GRPCServerTests()

    /// - Parameter body: With a store that has a value of 40,000 bytes at the key "long".
    private func withFrames(
        window: UInt32 = 65_535, _ change: (inout ClientGRPCServer.Configuration) -> Void = { _ in },
        _ body: (FrameClient, FakeService, ClientGRPCServer) async throws -> Void
    ) async throws {
        try await server.withFrames(
            window: window, change,
            before: { typed in
                let store = Kvnode_V1_KeyValue.Client(wrapping: typed)
                _ = try await store.put(server.put("long", String(repeating: "v", count: 40_000)))
            }, body)
    }

    private func get(_ key: String) throws -> [UInt8] { try server.get(key).serializedBytes() }

    // MARK: Windows

    @Test("a reply comes as far as the windows let it, and its end after it")
    func tinyWindow() async throws {
        try await withFrames(window: 10) { client, _, _ in
            try client.call(1, Self.get, try get("long"))
            try client.next { $0.kind == .data }
            #expect(client.replies[1]?.bytes.count == 10)
            try client.open(1, 1)
            try client.next { $0.kind == .data }
            #expect(client.replies[1]?.bytes.count == 11)
            // Another call is not held up by it; its reply is short.
            try client.call(3, Self.get, try get("none"))
            #expect(try client.reply(3).status == "0")
            try client.open(1, 100_000)
            let reply = try client.reply(1)
            #expect(reply.status == "0" && reply.bytes.count > 40_000)
        }
    }

    @Test("the windows of a client that sends much are opened again")
    func sendsMuch() async throws {
        try await server.withServer { client, _, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let value = String(repeating: "v", count: 3 << 20)
            for _ in 0..<3 {
                let before = try await store.get(server.get("k"))
                _ = try await store.put(server.put("k", value, context: before.context))
            }
            #expect(try await store.get(server.get("k")).siblings.map(\.value.count) == [3 << 20])
        }
    }

    @Test("requests of a client that takes no replies are refused, until it takes them")
    func takesNoReplies() async throws {
        try await withFrames(window: 0, { $0.maxUnsentBytes = 100_000 }) { client, service, _ in
            let before = service.submitted.count
            for stream: UInt32 in [1, 3, 5, 7] { try client.call(stream, Self.get, try get("long")) }
            let refused = try client.reply(7)
            #expect(refused.isTrailersOnly && refused.status == "8")
            #expect(service.submitted.count - before == 3)
            try client.open(0, 1 << 20)
            for stream: UInt32 in [1, 3, 5] {
                try client.open(stream, 100_000)
                #expect(try client.reply(stream).status == "0")
            }
            try client.call(9, Self.get, try get("none"))
            try client.open(9, 1_000)
            #expect(try client.reply(9).status == "0")
        }
    }

    @Test("long replies to what was under way are given up for a client that takes none")
    func underWay() async throws {
        try await withFrames(window: 0, { $0.maxUnsentBytes = 100_000 }) { client, service, _ in
            await fill(service, "hold-long", 40_000)
            for stream: UInt32 in [1, 3, 5, 7] { try client.call(stream, Self.get, try get("hold-long")) }
            await service.held(4)
            service.release()
            var statuses: [String?] = []
            try client.open(0, 1 << 20)
            for stream: UInt32 in [1, 3, 5, 7] { try client.open(stream, 100_000) }
            while statuses.count < 4 {
                let frame = try client.next { $0.endsStream }
                statuses.append(client.replies[frame.stream]?.status)
            }
            #expect(statuses.count { $0 == "8" } == 1 && statuses.count { $0 == "0" } == 3)
        }
    }

    private func fill(_ service: FakeService, _ key: String, _ bytes: Int) async {
        async let held: Void = service.held(1)
        service.submit(
            .put(
                .init(
                    bucket: "b", key: Array(key.utf8),
                    content: .value([UInt8](repeating: 1, count: bytes), contentType: ""))),
            from: .grpc
        ) { _ in }
        await held
        service.release()
    }

    @Test("a session takes no more operations while its client takes no replies, and the rest once it does")
    func sessionPressure() async throws {
        try await withFrames(window: 0, { $0.maxSessionUnsentBytes = 100_000 }) { client, service, _ in
            let before = service.submitted.count
            let operations =
                try Kvnode_V1_SessionRequest.with {
                    $0.operations = (0..<50 as Range<UInt64>).map { id in
                        .with {
                            $0.id = id
                            $0.get = server.get("long")
                        }
                    }
                }.serializedBytes() as [UInt8]
            try client.begin(1, Self.session)
            try client.data(1, FrameClient.message(operations), end: true)
            // An answer shows that all before it was read.
            try client.call(3, Self.get, try get("none"))
            try client.open(3, 1_000)
            #expect(try client.reply(3).status == "0")
            #expect(service.submitted.count - before == 4)
            try client.open(0, 1 << 24)
            try client.open(1, 1 << 24)
            #expect(try client.reply(1).status == "0")
            #expect(service.submitted.count - before == 51)
            #expect(client.replies[1].map { $0.bytes.count > 50 * 40_000 } == true)
        }
    }

    // MARK: Floods

    @Test("messages that are never finished are bounded, and those given up make room")
    func unfinished() async throws {
        // The least that is: one message and a window of 1 MiB.
        try await withFrames({
            $0.maxMessageBytes = 100_000
            $0.maxReceivedBytes = 0
        }) { client, _, _ in
            let part = Array(FrameClient.message([UInt8](repeating: 0, count: 95_000)).prefix(90_000))
            var stream: UInt32 = 1
            var refused: UInt32?
            while refused == nil, stream < 60 {
                try client.begin(stream, Self.get)
                for start in stride(from: 0, to: part.count, by: 15_000) {
                    try client.data(stream, Array(part[start..<start + 15_000]))
                }
                try client.send(.ping, stream: 0, [UInt8](repeating: 1, count: 8))
                try client.next { $0.kind == .ping }
                refused = client.replies.first { $0.value.status == "8" }?.key
                stream += 2
            }
            #expect(refused == 25, "the thirteenth goes over 100,000 bytes and 1 MiB")
            for given in stride(from: UInt32(1), to: 25, by: 2) {
                try client.send(.reset, stream: given, FrameClient.bytes(8))
            }
            try client.begin(stream, Self.get)
            try client.data(stream, Array(part.prefix(15_000)))
            try client.call(stream + 2, Self.get, try get("none"))
            #expect(try client.reply(stream + 2).status == "0")
            #expect(client.replies[stream] == nil)
        }
    }

    @Test("more calls than are allowed are refused, also before the client has confirmed the settings")
    func manyStreams() async throws {
        try await withFrames({ $0.maxStreamsPerConnection = 2 }) { client, _, _ in
            for stream: UInt32 in [1, 3, 5] { try client.begin(stream, Self.get) }
            let refused = try client.next { $0.kind == .reset }
            #expect(refused.stream == 5 && refused.errorCode == 7)
            try client.data(1, FrameClient.message(try get("none")), end: true)
            #expect(try client.reply(1).status == "0")
            try client.call(7, Self.get, try get("none"))
            #expect(try client.reply(7).status == "0")
        }
    }

    @Test("a flood of pings ends the connection")
    func pings() async throws {
        try await withFrames { client, _, _ in
            for _ in 0..<300 {
                guard (try? client.send(.ping, stream: 0, [UInt8](repeating: 1, count: 8))) != nil else {
                    break
                }
            }
            let last = try client.next { $0.kind == .goAway }
            #expect(last.errorCode == 11 && client.socket.isClosed())
        }
    }

    // MARK: The connection

    @Test("what is no HTTP/2 is told so, and the connection is closed")
    func garbage() async throws {
        try await withFrames { client, _, _ in
            try client.call(1, Self.get, try get("none"))
            #expect(try client.reply(1).status == "0")
            // A header block of a stream that a client can't open.
            try client.send(.headers, flags: 4, stream: 2, [0x82])
            let last = try client.next { $0.kind == .goAway }
            #expect(last.errorCode == 1 && client.socket.isClosed())
        }
    }

    @Test("a silent client is pinged, and cut if it does not answer")
    func silent() async throws {
        try await withFrames({
            $0.keepaliveTime = .milliseconds(100)
            // In which this thread, though it may have to pause, answers.
            $0.keepaliveTimeout = .seconds(4)
        }) { client, _, _ in
            for _ in 0..<2 {
                let ping = try client.next { $0.kind == .ping }
                try client.send(.ping, flags: 1, stream: 0, ping.payload)
            }
            try client.next { $0.kind == .ping }
            #expect(client.socket.isClosed())
        }
    }

    @Test("a connection over the limit is told so")
    func manyConnections() async throws {
        try await withFrames({ $0.maxConnections = 2 }) { client, _, server in
            try client.call(1, Self.get, try get("none"))
            #expect(try client.reply(1).status == "0")
            // It says nothing: closing with bytes unread might take the answer with it.
            let third = try RawClient(port: try await server.listeningPort)
            // SETTINGS, and GOAWAY with ENHANCE_YOUR_CALM.
            let frames = try third.bytes(9 + 17)
            #expect(frames[3] == 4 && frames[12] == 7 && frames.last == 11 && third.isClosed())
        }
    }

    @Test(
        "a graceful stop serves the calls that the client began before it heard of it, and closes after the last"
    )
    func gracefulStop() async throws {
        try await withFrames { client, service, server in
            try client.call(1, Self.get, try get("hold"))
            try client.begin(3, "/grpc.health.v1.Health/Watch")
            try client.data(3, FrameClient.message([]), end: true)
            await service.held(1)
            server.beginGracefulShutdown()
            let first = try client.next { $0.kind == .goAway }
            #expect(first.errorCode == 0 && first.payload[..<4] == [0x7f, 0xff, 0xff, 0xff])
            let ping = try client.next { $0.kind == .ping }
            // It has not heard yet.
            try client.call(5, Self.get, try get("none"))
            #expect(try client.reply(5).status == "0")
            try client.send(.ping, flags: 1, stream: 0, ping.payload)
            let second = try client.next { $0.kind == .goAway }
            #expect(second.payload[..<4] == [0, 0, 0, 5])
            service.release()
            if client.replies[1]?.status == nil { _ = try client.reply(1) }
            #expect(client.replies[1]?.status == "0" && client.replies[3]?.status == "0")
            try client.next { $0.kind == .goAway }
            #expect(client.socket.isClosed())
        }
    }
}
