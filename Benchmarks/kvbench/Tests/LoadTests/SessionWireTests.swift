import Testing

@testable import Load

@Suite struct SessionWireTests {
    private let wire = SessionWire(bucket: "b")

    /// The gRPC messages that are sent for the requests.
    private func messages(_ requests: [Request]) throws -> [[UInt8]] {
        var (wire, output) = (wire, [UInt8]())
        _ = wire.opening(server: "h:1")
        for request in requests { #expect(wire.append(request, to: &output)) }
        return try Frame.parse(output).map { frame in
            #expect(frame.kind == .data && frame.stream == 1 && frame.flags == 0)
            #expect(Array(frame.payload.prefix(5)) == [0] + bigEndian(UInt32(frame.payload.count - 5)))
            return Array(frame.payload.dropFirst(5))
        }
    }

    private func response(_ results: [UInt8]...) -> [UInt8] {
        grpc(results.flatMap { Proto.bytes($0, field: 1) })
    }

    private func result(_ id: UInt64, _ field: UInt8, _ message: [UInt8] = []) -> [UInt8] {
        Proto.number(id, field: 1) + Proto.bytes(message, field: field)
    }

    @Test func `it opens with the preface, its windows and one call`() throws {
        var wire = wire
        let opening = wire.opening(server: "h:1")
        try #require(opening.starts(with: Frame.preface))
        let frames = try Frame.parse(Array(opening.dropFirst(Frame.preface.count)))
        try #require(frames.map(\.kind) == [.settings, .windowUpdate, .headers])
        #expect(frames[0].payload == [0, 4, 0x7f, 0xff, 0xff, 0xff])
        // Windows begin at 65,535 bytes and end at 2^31 - 1 (RFC 9113, section 6.9.2).
        #expect(frames[1] == .window(0x7fff_ffff - 65_535, stream: 0))
        #expect(frames[2].stream == 1)
        #expect(frames[2].flags == Frame.endOfHeaders)
        let headers = String(decoding: frames[2].payload, as: UTF8.self)
        #expect(headers.contains("\u{5}:path\u{1b}/kvnode.v1.KeyValue/Session"))
        #expect(headers.contains("\u{a}:authority\u{3}h:1"))
        #expect(headers.contains("\u{c}content-type\u{10}application/grpc"))
    }

    @Test func `each operation is a message with its number`() throws {
        let sent = try messages([.read, .write.with(context: [1, 2]), .delete.with(context: [3]), .list])
        let key = Proto.text("b", field: 1) + Proto.text("k", field: 2)
        let expected: [(UInt8, [UInt8])] = [
            (2, key), (3, key + Proto.text("value", field: 3) + Proto.bytes([1, 2], field: 5)),
            (4, key + Proto.bytes([3], field: 3)),
            (5, Proto.text("b", field: 1) + Proto.text("us", field: 2) + Proto.number(10, field: 3)),
        ]
        try #require(sent.count == expected.count)
        for (index, (field, message)) in expected.enumerated() {
            #expect(
                try Proto.parse(Proto.only(1, of: sent[index])) == [
                    Proto.Field(id: 1, value: .number(UInt64(index))),
                    Proto.Field(id: Int(field), value: .bytes(message)),
                ])
        }
    }

    @Test func `a message longer than a frame is cut`() throws {
        var (wire, output) = (wire, [UInt8]())
        _ = wire.opening(server: "h:1")
        let value = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(wire.append(Request(kind: .write, key: [1], value: value), to: &output))
        let frames = try Frame.parse(output)
        #expect(frames.count == 3)
        #expect(frames.allSatisfy { $0.payload.count <= 16_384 && $0.flags == 0 && $0.stream == 1 })
        let message = frames.flatMap(\.payload)
        #expect(Array(message.prefix(5)) == [0] + bigEndian(UInt32(message.count - 5)))
        let put = try Proto.parse(Proto.only(1, of: Array(message.dropFirst(5)))).last?.value
        guard case .bytes(let request) = put else {
            Issue.record("no request")
            return
        }
        #expect(try Proto.parse(request).contains(Proto.Field(id: 3, value: .bytes(value))))
    }

    @Test func `replies in any order end the operations with their numbers`() {
        let data =
            response(result(2, 3), result(0, 2, found(["x", "y"], context: [9])))
            + response(result(4, 6, Proto.number(14, field: 1) + Proto.text("no quorum", field: 2)))
            + response(result(3, 5), result(1, 4), Proto.bytes(found([], context: []), field: 2))
        let heard = Hearing(
            wire.asked([.read, .delete, .write, .list, .write]),
            [Frame.headers(stream: 1), .data(data, stream: 1)].bytes)
        #expect(
            heard.ended == [
                .init(number: 2, outcome: .done),
                .init(number: 0, outcome: .found(values: 2, context: [9])),
                .init(number: 4, outcome: .failed("no quorum")), .init(number: 3, outcome: .done),
                .init(number: 1, outcome: .done), .init(number: 0, outcome: .absent),
            ])
        #expect(heard.error == nil && heard.rest.isEmpty && heard.reply.isEmpty)
    }

    @Test func `a message may begin in one frame and end in another`() {
        let data = response(result(0, 2, found(["x"], context: []))) + response(result(1, 3))
        for cut in 0...data.count {
            var wire = wire.asked([.read, .write])
            let frames = [Frame.data(Array(data[..<cut]), stream: 1), .data(Array(data[cut...]), stream: 1)]
            #expect(Hearing(&wire, pieces: [frames.bytes[...]]).outcomes == [.one, .done])
        }
    }

    @Test func `a result of another kind is no success`() {
        let heard = Hearing(
            wire.asked([.read]), Frame.data(response(result(0, 7)), stream: 1).bytes)
        guard case .failed = heard.outcomes.first else {
            Issue.record("\(heard)")
            return
        }
    }

    @Test(arguments: [
        Frame.headers(stream: 1, isLast: true), .data([], stream: 1, isLast: true), .reset(stream: 1),
        .goAway,
    ])
    func `the end of the session breaks the connection`(_ last: Frame) {
        let heard = Hearing(wire.asked([.read]), last.bytes)
        #expect(heard.ended.isEmpty)
        #expect(heard.error != nil)
        #expect(heard.isBroken)
    }

    @Test(
        arguments: [
            [0xff], [0x0a, 5, 8, 0], [0x0b],
            [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [0x0a, 2, 0x12, 9],
            [0x09, 1, 2],
        ] as [[UInt8]])
    func `what is no protobuf is an error`(_ message: [UInt8]) {
        let heard = Hearing(wire.asked([.read]), Frame.data(grpc(message), stream: 1).bytes)
        #expect(heard.ended.isEmpty)
        #expect(heard.error != nil)
        #expect(!heard.isBroken)
    }
}
