import Access
import Foundation
import GRPCCore
import Messages
import NIOHPACK
import SwiftProtobuf
import Testing

@testable import API

@Suite("gRPC: rights")
struct GRPCAccessTests {
    private let server = GRPCServerTests()

    private static let unauthenticated = "16"
    private static let denied = "7"
    private static let exhausted = "8"
    private static let get = "/kvnode.v1.KeyValue/Get"

    private func headers(_ authorization: String?) -> KeyValuePairs<String, String> {
        guard let authorization else { return [:] }
        return ["authorization": authorization]
    }

    /// What names the bucket `b`: field 1 of all requests that are about a bucket.
    private static let inBucket: [UInt8] = [0x0a, 1, UInt8(ascii: "b")]
    /// That a key is kept, as a change without a change is no request.
    private static let changeInBucket = inBucket + [12 << 3, 1]

    @Test("every method of the services has a rule, and there is none besides")
    func everyMethodHasARule() {
        let descriptors =
            Kvnode_V1_KeyValue.Method.descriptors + Kvnode_V1_Cluster.Method.descriptors
            + Kvnode_V1_Node.Method.descriptors + Kvnode_V1_Backup.Method.descriptors
            + Grpc_Health_V1_Health.Method.descriptors
        #expect(Set(descriptors.map(\.fullyQualifiedMethod)) == Set(GRPCRules.operations.keys))
        #expect(GRPCRules.all.count == descriptors.count)
    }

    @Test("every method, for every role")
    func matrix() async throws {
        let node = GuardedNode()
        for role in Role.allCases {
            try await server.withFrames(access: node.access) { client, _, _ in
                var stream: UInt32 = 1
                // A watch of the health has no end.
                for rule in GRPCRules.all where rule.method != "grpc.health.v1.Health/Watch" {
                    let isBatch = rule.method.contains("/Batch")
                    let message: [UInt8] =
                        if rule.method.hasSuffix("/UpdateData") {
                            Self.changeInBucket
                        } else if case .bucket = rule.operation.requirement, !isBatch {
                            Self.inBucket
                        } else {
                            []
                        }
                    try client.call(stream, "/" + rule.method, message, headers(role.authorization))
                    let verdict: Verdict =
                        switch try client.reply(stream).status {
                        case Self.unauthenticated: .unauthenticated
                        case Self.denied: .denied
                        default: .allowed
                        }
                    // The entries of a batch are denied each by itself.
                    let requirement = isBatch ? .user : rule.operation.requirement
                    #expect(verdict == role.expects(requirement), "\(role) \(rule.method)")
                    stream += 2
                }
                try client.call(stream, "/grpc.health.v1.Health/Watch", [], headers(role.authorization))
                try client.next { $0.stream == stream && $0.kind == .data }
            }
        }
    }

    @Test("operations of a session and entries of a batch are denied each by itself, for every role")
    func parts() async throws {
        let node = GuardedNode()
        typealias Kind = Kvnode_V1_SessionOperation.OneOf_Operation
        let operations: [(Kind, Access.Operation)] = [
            (
                .get(
                    .with {
                        $0.bucket = "b"; $0.key = Data([1])
                    }), .readKey
            ),
            (
                .getData(
                    .with {
                        $0.bucket = "b"; $0.key = Data([1])
                    }), .readKey
            ),
            (
                .put(
                    .with {
                        $0.bucket = "b"; $0.key = Data([1])
                    }), .writeKey
            ),
            (
                .delete(
                    .with {
                        $0.bucket = "b"; $0.key = Data([1])
                    }), .writeKey
            ),
            (
                .updateData(
                    .with {
                        $0.bucket = "b"; $0.key = Data([1]); $0.add = .with { $0.integer = 1 }
                    }), .writeKey
            ),
            (.list(.with { $0.bucket = "b" }), .listKeys),
        ]
        for role in Role.allCases where role.isUser {
            try await server.withFrames(access: node.access) { client, _, _ in
                let request = Kvnode_V1_SessionRequest.with { request in
                    request.operations = operations.enumerated().map { index, entry in
                        .with {
                            $0.id = UInt64(index)
                            $0.operation = entry.0
                        }
                    }
                }
                let path = "/kvnode.v1.KeyValue/Session"
                try client.call(1, path, try request.serializedBytes(), headers(role.authorization))
                var reply = try client.reply(1)
                var results: [UInt64: Kvnode_V1_SessionResult] = [:]
                while !reply.bytes.isEmpty {
                    let length = reply.bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
                    let response = try Kvnode_V1_SessionResponse(
                        serializedBytes: Array(reply.bytes[5..<5 + length]))
                    for result in response.results { results[result.id] = result }
                    reply.bytes.removeFirst(5 + length)
                }
                #expect(results.count == operations.count)
                for (index, entry) in operations.enumerated() {
                    let isDenied = results[UInt64(index)]?.error.code == .permissionDenied
                    #expect(isDenied == (role.expects(entry.1.requirement) == .denied), "\(role) \(entry.1)")
                }

                let batch = Kvnode_V1_BatchPutRequest.with {
                    $0.entries = ["b", "elsewhere"].map { bucket in
                        .with {
                            $0.bucket = bucket
                            $0.key = Data([1])
                        }
                    }
                }
                try client.call(
                    3, "/kvnode.v1.KeyValue/BatchPut", try batch.serializedBytes(),
                    headers(role.authorization))
                let bytes = Array(try client.reply(3).bytes.dropFirst(5))
                let response = try Kvnode_V1_BatchPutResponse(serializedBytes: bytes)
                let codes = response.results.map(\.error.code)
                try #require(codes.count == 2)
                #expect(
                    (codes[0] == .permissionDenied) == (role.expects(.bucket(.write)) == .denied), "\(role)")
                let writesElsewhere = role == .writerOfAll || role == .administrator
                #expect((codes[1] == .permissionDenied) == !writesElsewhere, "\(role)")
            }
        }
    }

    @Test("nobody's call ends before its message has come")
    func early() async throws {
        let node = GuardedNode()
        try await server.withFrames(access: node.access) { client, service, _ in
            for (index, path) in [Self.get, "/kvnode.v1.KeyValue/Session"].enumerated() {
                let stream = UInt32(2 * index + 1)
                try client.begin(stream, path)
                let reply = try client.reply(stream)
                #expect(reply.isTrailersOnly && reply.status == Self.unauthenticated)
                #expect(reply.headers[0].first(name: "kvnode-reason") == "unauthenticated")
            }
            try client.begin(5, Self.get, ["authorization": "Digest x"])
            #expect(try client.reply(5).status == Self.unauthenticated)
            #expect(service.submitted.isEmpty)
        }
    }

    @Test("calls whose password is being hashed wait together, and others don't")
    func passwords() async throws {
        for (password, status) in [("secret", "0"), ("wrong", "16"), ("busy", "8")] {
            let node = GuardedNode()
            try await server.withFrames(access: node.access) { client, service, _ in
                let header = "Basic " + Data("writer:\(password)".utf8).base64EncodedString()
                let message = try server.get("k").serializedBytes() as [UInt8]
                try client.call(1, Self.get, message, ["authorization": header])
                await node.authenticator.nextHeld()
                try client.call(3, Self.get, message, ["authorization": Role.reader.authorization!])
                #expect(try client.reply(3).status == "0")
                #expect(service.submitted.count == 1)
                await node.authenticator.releaseNext()
                #expect(try client.reply(1).status == status)
            }
        }
    }

    @Test("a session is refused operation by operation once its user is removed")
    func removal() async throws {
        let node = GuardedNode()
        try await server.withFrames(access: node.access) { client, _, _ in
            func operation(_ id: UInt64) throws -> [UInt8] {
                let request = Kvnode_V1_SessionRequest.with {
                    $0.operations = [
                        .with {
                            $0.id = id
                            $0.get = server.get("k")
                        }
                    ]
                }
                return FrameClient.message(try request.serializedBytes())
            }
            func result() throws -> Kvnode_V1_SessionResult {
                let before = client.replies[1]?.bytes.count ?? 0
                try client.next { $0.stream == 1 && $0.kind == .data }
                let bytes = Array((client.replies[1]?.bytes ?? []).dropFirst(before + 5))
                return try Kvnode_V1_SessionResponse(serializedBytes: bytes).results[0]
            }
            try client.begin(1, "/kvnode.v1.KeyValue/Session", headers(Role.reader.authorization))
            try client.data(1, try operation(1))
            #expect(try result().outcome.map { if case .get = $0 { true } else { false } } == true)
            node.set([.writer])
            try client.data(1, try operation(2))
            #expect(try result().error.code == .unauthenticated)
        }
    }

    @Test("a user's rate is held over all connections")
    func rate() async throws {
        let node = GuardedNode(limits: [.reader: RateLimit(operationsPerSecond: 1, burst: 2)])
        var statuses: [String?] = []
        for _ in 0..<3 {
            try await server.withFrames(access: node.access) { client, _, _ in
                let message = try server.get("k").serializedBytes() as [UInt8]
                try client.call(1, Self.get, message, headers(Role.reader.authorization))
                statuses.append(try client.reply(1).status)
            }
        }
        #expect(statuses == ["0", "0", Self.exhausted])
    }
}
