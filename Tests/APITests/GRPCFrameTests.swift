import API
import ClusterCore
import Messages
import NIOHPACK
import SwiftProtobuf
import Testing

@Suite("gRPC: calls that no client library makes")
struct GRPCFrameTests {
    private static let put = "/kvnode.v1.KeyValue/Put"
    private static let get = "/kvnode.v1.KeyValue/Get"
    private static let session = "/kvnode.v1.KeyValue/Session"

    private let server = GRPCServerTests()

    private func get(_ key: String) throws -> [UInt8] { try server.get(key).serializedBytes() }

    private func put(_ key: String, bytes: Int) throws -> [UInt8] {
        try server.put(key, String(repeating: "v", count: bytes)).serializedBytes()
    }

    // MARK: What is refused

    @Test("a call that can't be served is answered by its trailers alone")
    func trailersOnly() async throws {
        try await server.withFrames { client, service, _ in
            let cases: [(String, KeyValuePairs<String, String>, String)] = [
                ("/kvnode.v1.KeyValue/Nothing", [:], "12"), ("/", [:], "12"),
                (Self.get, ["grpc-encoding": "gzip"], "12"), (Self.get, [":method": "GET"], "3"),
            ]
            for (index, (path, headers, status)) in cases.enumerated() {
                let stream = UInt32(2 * index + 1)
                try client.begin(stream, path, headers)
                let reply = try client.reply(stream)
                #expect(reply.isTrailersOnly && reply.status == status, "\(path) \(headers)")
                #expect(reply.headers[0].first(name: ":status") == "200")
            }
            #expect(client.replies[5]?.headers[0].first(name: "grpc-accept-encoding") == "identity")
            try client.begin(9, Self.get, ["content-type": "application/json"])
            let reply = try client.reply(9)
            #expect(reply.isTrailersOnly && reply.headers[0].first(name: ":status") == "415")
            #expect(service.submitted.isEmpty)
        }
    }

    @Test("messages that are compressed, too long, broken, too many or too few are refused")
    func messages() async throws {
        try await server.withFrames({ $0.maxMessageBytes = 1_000 }) { client, service, _ in
            let one = FrameClient.message(try get("k"))
            let cases: [(String, [UInt8], String)] = [
                ("compressed", FrameClient.message(try get("k"), flag: 1), "12"),
                ("broken", FrameClient.message([0xff, 0xff]), "3"), ("two", one + one, "13"),
                ("none", [], "13"), ("a part", one.dropLast(), "3"),
            ]
            for (index, (name, bytes, status)) in cases.enumerated() {
                let stream = UInt32(2 * index + 1)
                try client.begin(stream, Self.get)
                try client.data(stream, bytes, end: true)
                let reply = try client.reply(stream)
                #expect(reply.isTrailersOnly && reply.status == status, "\(name)")
            }
            // By its length alone: nothing of the message has come.
            try client.begin(21, Self.get)
            try client.data(21, [0] + FrameClient.bytes(1_001))
            #expect(try client.reply(21).status == "8")
            try client.begin(23, Self.session)
            try client.data(23, [0] + FrameClient.bytes(1_001))
            #expect(try client.reply(23).status == "8")
            #expect(service.submitted.isEmpty)
            try client.call(25, Self.get, try get("k"))
            #expect(try client.reply(25).status == "0")
        }
    }

    @Test("a message may come byte by byte, and the end of its stream later")
    func pieces() async throws {
        try await server.withFrames { client, service, _ in
            try client.begin(1, Self.put)
            for byte in FrameClient.message(try put("k", bytes: 20)) { try client.data(1, [byte]) }
            // An answer shows that all before it was read.
            try client.call(3, Self.get, try get("k"))
            #expect(try client.reply(3).status == "0")
            #expect(service.submitted.count == 1)
            try client.data(1, [], end: true)
            #expect(try client.reply(1).status == "0")
        }
    }

    @Test("the words of an error are percent-encoded")
    func errorText() async throws {
        try await server.withFrames { client, _, _ in
            try client.call(
                1, "/grpc.health.v1.Health/Check",
                try Grpc_Health_V1_HealthCheckRequest.with { $0.service = "50 % ü" }.serializedBytes())
            let reply = try client.reply(1)
            #expect(reply.status == "5" && reply.message == "this server has no service \"50 %25 %C3%BC\"")
        }
    }

    // MARK: Time, and the end of a call

    @Test("a call's deadline shortens the request's own, and ends what has none")
    func deadlines() async throws {
        try await server.withFrames { client, service, _ in
            try client.call(1, Self.get, try get("k"), ["grpc-timeout": "300m"])
            #expect(try client.reply(1).status == "0")
            guard case .get(let request) = service.submitted.first else { throw FrameClientError() }
            #expect(request.timeoutMillis == 300)
            try client.begin(3, Self.session, ["grpc-timeout": "50m"])
            #expect(try client.reply(3).status == "4")
        }
    }

    @Test("a reply to a call that was given up is dropped, and the connection lives on")
    func reset() async throws {
        try await server.withFrames { client, service, _ in
            try client.call(1, Self.get, try get("hold"))
            try client.begin(3, Self.session)
            let operation =
                try Kvnode_V1_SessionRequest.with {
                    $0.operations = [.with { $0.get = server.get("hold") }]
                }.serializedBytes() as [UInt8]
            try client.data(3, FrameClient.message(operation))
            try client.begin(5, Self.get)
            try client.data(5, Array(FrameClient.message(try get("k")).dropLast()))
            await service.held(2)
            for stream: UInt32 in [1, 3, 5] { try client.send(.reset, stream: stream, FrameClient.bytes(8)) }
            try client.call(7, Self.get, try get("k"))
            #expect(try client.reply(7).status == "0")
            service.release()
            try client.call(9, Self.get, try get("k"))
            #expect(try client.reply(9).status == "0")
            #expect(client.replies[1] == nil && client.replies[5] == nil)
            #expect(client.replies[3]?.headers.count == 1, "the session had begun")
        }
    }

    @Test("calls that were given up count until the store has answered them")
    func givenUp() async throws {
        try await server.withFrames({ $0.maxStreamsPerConnection = 2 }) { client, service, _ in
            for stream: UInt32 in [1, 3] {
                try client.call(stream, Self.get, try get("hold"))
                await service.held(stream == 1 ? 1 : 2)
                try client.send(.reset, stream: stream, FrameClient.bytes(8))
            }
            try client.call(5, Self.get, try get("k"))
            #expect(try client.reply(5).status == "8")
            service.release()
            try client.call(7, Self.get, try get("k"))
            #expect(try client.reply(7).status == "0")
        }
    }
}

struct FrameClientError: Error {}
