import ClusterCore
import Foundation
import Messages
import ProtoWire
import SwiftProtobuf
import Testing

@testable import API
@testable import TextAPI

/// The hand-written codecs against the generated messages.
@Suite("gRPC: codecs")
struct ProtoCodingTests {
    private func decode<T>(
        _ message: some Message, _ body: (inout ProtoReader) throws(ProtoError) -> T
    ) throws -> T {
        try decode(Array(message.serializedData()), body)
    }

    private func decode<T>(_ bytes: [UInt8], _ body: (inout ProtoReader) throws(ProtoError) -> T) throws -> T
    {
        try bytes.withUnsafeBytes {
            var reader = ProtoReader($0)
            return try body(&reader)
        }
    }

    private func decodeSession(_ bytes: [UInt8]) throws -> [SessionOperation] {
        try decode(bytes) { (reader) throws(ProtoError) in try SessionOperation.decodeBatch(&reader, limit: 2)
        }
    }

    private static var options: Kvnode_V1_Options {
        .with {
            $0.n = 3
            $0.r = 0
            $0.timeoutMs = 300
        }
    }

    private static var put: Kvnode_V1_PutRequest {
        .with {
            $0.bucket = "bücket"
            $0.key = Data([0, 255])
            $0.value = Data(repeating: 7, count: 300)
            $0.contentType = "text/plain"
            $0.context = Data([1, 2])
            $0.ttlSeconds = 0
            $0.ifMatch = Data([9])
            $0.returnSiblings = true
            $0.options = options
        }
    }

    @Test("requests")
    func requests() throws {
        let quorum = QuorumOverrides(n: 3, r: 0)
        let decodedPut = try decode(Self.put, Request.decodePut)
        let expected = PutRequest(
            bucket: "bücket", key: [0, 255],
            content: .value([UInt8](repeating: 7, count: 300), contentType: "text/plain"), context: [1, 2],
            expiry: .never, condition: .ifMatch([9]), returnSiblings: true, quorum: quorum, timeoutMillis: 300
        )
        #expect(decodedPut == .put(expected))

        let absent = Kvnode_V1_PutRequest.with { $0.ifAbsent = true }
        #expect(
            try decode(absent, Request.decodePut)
                == .put(
                    PutRequest(
                        bucket: "", key: [], content: .value([], contentType: ""), condition: .ifAbsent)))

        let delete = Kvnode_V1_DeleteRequest.with {
            $0.bucket = "b"
            $0.key = Data([1])
            $0.context = Data([2])
            $0.ifMatch = Data([3])
            $0.returnSiblings = true
            $0.options = Self.options
        }
        #expect(
            try decode(delete, Request.decodeDelete)
                == .put(
                    PutRequest(
                        bucket: "b", key: [1], content: .tombstone, context: [2], condition: .ifMatch([3]),
                        returnSiblings: true, quorum: quorum, timeoutMillis: 300)))

        let list = Kvnode_V1_ListRequest.with {
            $0.bucket = "b"
            $0.prefix = Data([1])
            $0.limit = 5
            $0.cursor = Data([2])
        }
        #expect(
            try decode(list, Request.decodeList)
                == .list(ListRequest(bucket: "b", prefix: [1], limit: 5, cursor: [2])))

        let session = Kvnode_V1_SessionRequest.with {
            $0.operations = [
                .with {
                    $0.id = .max
                    $0.put = Self.put
                },
                .with { $0.id = 2 },
            ]
        }
        #expect(
            try decodeSession(Array(session.serializedData()))
                == [
                    SessionOperation(id: .max, request: .success(decodedPut), reply: .put),
                    SessionOperation(id: 2),
                ])

        let batch = Kvnode_V1_BatchGetRequest.with {
            $0.options = Self.options
            $0.entries = [.with { $0.key = Data([1]) }, .with { $0.options.w = 2 }]
        }
        let entries = try decode(batch) { (reader) throws(ProtoError) in
            try Request.decodeBatch(&reader, limit: 2, entry: Request.decodeGet)
        }
        #expect(
            entries == [
                .get(GetRequest(bucket: "", key: [1], quorum: quorum, timeoutMillis: 300)),
                .get(GetRequest(bucket: "", key: [], quorum: QuorumOverrides(w: 2))),
            ])
    }

    @Test("a message with more entries or operations than the limit is refused before they are decoded")
    func tooMany() throws {
        // After the limit comes an entry that can't be decoded: it isn't looked at.
        let bytes: [UInt8] = [0x0a, 0, 0x0a, 0, 0x0a, 1, 0xff]
        let isTooMany = { (error: any Error) in
            if case ProtoError.tooMany(limit: 2) = error { true } else { false }
        }
        #expect(throws: ProtoError.self) { try decodeSession(Array(bytes.dropFirst(2))) }
        #expect {
            try decodeSession(bytes)
        } throws: { isTooMany($0) }
        #expect {
            try decode(bytes) { (reader) throws(ProtoError) in
                try Request.decodeBatch(&reader, limit: 2, entry: Request.decodeGet)
            }
        } throws: { isTooMany($0) }
    }

    /// As the results of a session, in their order.
    private func encode(
        _ responses: [(response: Response, message: ReplyMessage)]
    ) throws -> [Kvnode_V1_SessionResult] {
        var session = ProtoWriter()
        for (index, (response, message)) in responses.enumerated() {
            var body = ProtoWriter()
            body.body(response, as: message)
            #expect(body.bytes.count == ProtoSize.body(response, as: message))
            session.sessionResult(id: UInt64(index) << 20, response, as: message)
        }
        let results = try Kvnode_V1_SessionResponse(serializedBytes: session.bytes).results
        #expect(results.map(\.id) == responses.indices.map { UInt64($0) << 20 })
        return results
    }

    @Test("replies")
    func replies() throws {
        let reading = Reading(
            siblings: [
                Sibling(
                    dot: Dot(actor: .max, counter: 300), timestamp: Timestamp(milliseconds: 1 << 40),
                    expiresAt: 5,
                    content: .value([UInt8](repeating: 1, count: 200), contentType: "ä")),
                Sibling(
                    dot: Dot(actor: 0, counter: 0), timestamp: Timestamp(),
                    content: .value([], contentType: "")),
            ], context: [1, 2, 3])
        let results = try encode([
            (.read(reading), .get), (.written(reading), .put), (.read(Reading()), .get),
            (.written(Reading()), .delete), (.listed(Listing(keys: [[1], [], [2, 3]], cursor: [4])), .list),
            (.listed(Listing()), .list),
            (.failed(RequestError(.quorumNotReached, "why", replicasAnswered: 1, replicasNeeded: 200)), .get),
        ])
        #expect(results[0].get.found && results[0].get.context == Data([1, 2, 3]))
        #expect(results[0].get.siblings == results[1].put.siblings)
        let sibling = results[0].get.siblings[0]
        #expect(sibling.value == Data(repeating: 1, count: 200) && sibling.contentType == "ä")
        #expect(sibling.dot.actor == .max && sibling.dot.counter == 300)
        #expect(sibling.timestampMs == 1 << 40 && sibling.expiresAtMs == 5)
        #expect(results[0].get.siblings[1] == Kvnode_V1_Sibling.with { $0.dot = Kvnode_V1_Dot() })
        #expect(results[2].get == Kvnode_V1_GetResponse())
        #expect(results[3].outcome == .delete(Kvnode_V1_DeleteResponse()))
        #expect(
            results[4].list.keys == [Data([1]), Data(), Data([2, 3])] && results[4].list.cursor == Data([4]))
        #expect(results[5].outcome == .list(Kvnode_V1_ListResponse()))
        #expect(results[6].error.code == .unavailable && results[6].error.message == "why")
        #expect(results[6].error.reason == "quorum_not_reached" && results[6].error.replicasNeeded == 200)
    }

    @Test("changes of counters, sets, maps and ends")
    func changes() throws {
        func change(_ body: (inout Kvnode_V1_UpdateDataRequest) -> Void) throws -> DataChange? {
            var message = Kvnode_V1_UpdateDataRequest.with {
                $0.bucket = "b"
                $0.key = Data([1])
                $0.options = Self.options
            }
            body(&message)
            guard case .update(let update) = try decode(message, Request.decodeUpdateData) else { return nil }
            #expect(update.bucket == "b" && update.key == [1] && update.timeoutMillis == 300)
            #expect(update.quorum == QuorumOverrides(n: 3, r: 0))
            return update.change
        }
        let numbers = [0, 1, -1, .max, .min]
        for number in numbers {
            #expect(try change { $0.add.integer = Int64(number) } == .add(.integer, Amount(number)))
        }
        let half = try #require(Amount(decimal: "-1.5".utf8))
        #expect(try change { $0.add.decimal = "-15e-1" } == .add(.decimal, half))
        #expect(
            try change { $0.addMembers.members = [Data([1]), Data([255])] } == .addMembers([[1], [255]]))
        #expect(try change { $0.removeMembers.members = [Data([1])] } == .removeMembers([[1]]))
        let field = Kvnode_V1_Field.with {
            $0.name = Data([1])
            $0.value = Data([2])
        }
        #expect(
            try change { $0.setFields.fields = [field, .init()] }
                == .setFields([DataField([1], [2]), DataField([], [])]))
        #expect(try change { $0.setFieldIfAbsent = field } == .setFieldIfAbsent(DataField([1], [2])))
        #expect(try change { $0.removeFields.names = [Data([1])] } == .removeFields([[1]]))
        #expect(
            try change {
                $0.addToField = .with {
                    $0.name = Data([1])
                    $0.number.integer = -7
                }
            } == .addToField([1], .integer, Amount(-7)))
        #expect(
            try change { $0.expireAfterMs = 5 } == .expire(.after(milliseconds: 5), .always))
        #expect(try change { $0.expireAfterMs = .max } == .expire(.after(milliseconds: .max), .always))
        #expect(try change { $0.expireAtMs = 5 } == .expire(.at(milliseconds: 5), .always))
        #expect(try change { $0.persist = true } == .expire(.never, .always))
    }

    @Test("what is no change is refused by itself, without an end of the session")
    func noChanges() throws {
        let wrong: [Kvnode_V1_UpdateDataRequest] = [
            .init(), .with { $0.persist = false }, .with { $0.add = .init() },
            .with { $0.add.decimal = "1,5" },
            .with { $0.addToField.name = Data([1]) }, .with { $0.addToField.number.decimal = "" },
        ]
        for message in wrong {
            #expect {
                try decode(message, Request.decodeUpdateData)
            } throws: {
                if case ProtoError.refused(let error) = $0 { error.code == .invalidArgument } else { false }
            }
            let session = Kvnode_V1_SessionRequest.with {
                $0.operations = [
                    .with { $0.updateData = message },
                    .with {
                        $0.id = 2
                        $0.getData.key = Data([1])
                    },
                ]
            }
            let operations = try decodeSession(Array(session.serializedData()))
            if case .success = operations[0].request { Issue.record("\(message)") }
            #expect(operations[0].reply == .updateData)
            let get = Request.get(GetRequest(bucket: "", key: [1]))
            #expect(operations[1] == SessionOperation(id: 2, request: .success(get), reply: .getData))
        }
    }

    @Test("a change with very many members is refused before they are all in memory")
    func manyMembers() throws {
        let message = Kvnode_V1_UpdateDataRequest.with {
            $0.addMembers.members = Array(repeating: Data(), count: (1 << 20) + 1)
        }
        #expect {
            try decode(message, Request.decodeUpdateData)
        } throws: {
            if case ProtoError.tooMany(limit: 1 << 20) = $0 { true } else { false }
        }
    }

    @Test("what a key holds, and outcomes of changes")
    func data() throws {
        func reading(_ contents: Sibling.Content...) -> Response {
            let siblings = contents.enumerated().map { index, content in
                Sibling(
                    dot: Dot(actor: 1, counter: UInt64(index)), timestamp: Timestamp(), expiresAt: 9,
                    content: content)
            }
            return .read(Reading(siblings: siblings, context: [7]))
        }
        let results = try encode([
            (reading(.value([1], contentType: "x"), .value([], contentType: "")), .getData),
            (reading(.part(.member([])), .part(.member([2]))), .getData),
            (reading(.part(.field([1], value: [2])), .part(.field([3], value: []))), .getData),
            (.read(Reading()), .getData),
            (.updated(.count(0)), .updateData), (.updated(.count(300)), .updateData),
            (.updated(.number(Amount(-5))), .updateData),
        ])
        #expect(results[0].getData.values.values == [Data([1]), Data()])
        #expect(results[0].getData.expiresAtMs == 9 && results[0].getData.context == Data([7]))
        #expect(results[1].getData.members.members == [Data(), Data([2])])
        #expect(results[2].getData.fields.fields.map(\.name) == [Data([1]), Data([3])])
        #expect(results[2].getData.fields.fields.map(\.value) == [Data([2]), Data()])
        #expect(results[3].outcome == .getData(Kvnode_V1_GetDataResponse()))
        #expect(results[4].updateData.outcome == .count(0))
        #expect(results[5].updateData.outcome == .count(300))
        #expect(results[6].updateData.outcome == .number("-5"))
    }

    private static let operations: [Kvnode_V1_SessionOperation] = [
        .with { $0.put = put },
        .with {
            $0.updateData.key = Data([1])
            $0.updateData.setFields.fields = [.with { $0.name = Data([1, 2]) }]
        },
        .with { $0.updateData.addToField.number.decimal = "1.5" },
    ]

    @Test(
        "bytes cut off or changed are refused or read as something else, never beyond their end",
        arguments: operations)
    func garbage(_ operation: Kvnode_V1_SessionOperation) throws {
        let valid = Array(
            try Kvnode_V1_SessionRequest.with { $0.operations = [operation] }.serializedData())
        // Each prefix in an allocation of its own, so that a sanitizer would see a read past it.
        var refused = 0
        for length in 0..<valid.count {
            if (try? decodeSession(Array(valid[..<length]))) == nil { refused += 1 }
        }
        #expect(refused == valid.count - 1, "every prefix but the empty one is cut off")
        for index in valid.indices {
            for bit in 0..<8 {
                var changed = valid
                changed[index] ^= 1 << bit
                let ours = try? decodeSession(changed)
                let theirs = try? Kvnode_V1_SessionRequest(serializedBytes: changed)
                if theirs == nil { #expect(ours == nil, "byte \(index), bit \(bit)") }
            }
        }
    }

    @Test("grpc-timeout")
    func deadlines() {
        #expect(GRPCDeadline.milliseconds("2S") == 2_000)
        #expect(GRPCDeadline.milliseconds("99999999H") == 99_999_999 * 3_600_000)
        #expect(GRPCDeadline.milliseconds("100u") == 1)
        #expect(GRPCDeadline.milliseconds("1500000n") == 1)
        for bad in ["", "S", "1", "1x", "-1S", "123456789S", "1 S"] {
            #expect(GRPCDeadline.milliseconds(bad) == nil)
        }
        var request = Request.get(GetRequest(bucket: "b", key: [1]))
        request.shorten(to: 10_000, default: 5_000)
        #expect(request == .get(GetRequest(bucket: "b", key: [1], timeoutMillis: 5_000)))
        request.shorten(to: 100, default: 5_000)
        #expect(request == .get(GetRequest(bucket: "b", key: [1], timeoutMillis: 100)))
    }

    @Test("base64", arguments: 0..<20)
    func base64(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 91 + 251) }
        #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
        #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
        #expect(Base64.decode(Base64.encodeForURL(bytes).utf8) == bytes)
    }

    @Test("text that isn't base64", arguments: ["A", "AB=", "AA=A", "A===", "AB", "AAB", "A B=", "é"])
    func badBase64(_ text: String) { #expect(Base64.decode(text.utf8) == nil) }

    @Test("dates") func dates() { #expect(HTTPDate.format(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT") }
}
