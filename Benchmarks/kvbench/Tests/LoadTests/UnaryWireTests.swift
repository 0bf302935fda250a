import Testing

@testable import Load

@Suite struct UnaryWireTests {
    private let kvnode = UnaryWire(.kvnode(bucket: "b"))
    private let etcd = UnaryWire(.etcd)

    /// What is sent for one request after others: the path's header field as text, and the message.
    private func call(_ wire: UnaryWire, _ request: Request, stream: UInt32) throws -> (String, [UInt8]) {
        var (wire, output) = (wire, [UInt8]())
        #expect(wire.append(request, to: &output))
        let frames = try Frame.parse(output)
        try #require(frames.map(\.kind) == [.headers, .data])
        #expect(frames.map(\.stream) == [stream, stream])
        #expect(frames.map(\.flags) == [Frame.endOfHeaders, Frame.endOfStream])
        let payload = frames[1].payload
        #expect(Array(payload.prefix(5)) == [0] + bigEndian(UInt32(payload.count - 5)))
        return (String(decoding: frames[0].payload, as: UTF8.self), Array(payload.dropFirst(5)))
    }

    @Test func `it opens without a call`() throws {
        var wire = etcd
        let opening = wire.opening(server: "h:1")
        try #require(opening.starts(with: Frame.preface))
        let frames = try Frame.parse(Array(opening.dropFirst(Frame.preface.count)))
        #expect(frames.map(\.kind) == [.settings, .windowUpdate])
    }

    @Test func `each operation is a call of kvnode's`() throws {
        let key = Proto.text("b", field: 1) + Proto.text("k", field: 2)
        let expected: [(Request, String, [UInt8])] = [
            (.read, "Get", key),
            (
                .write.with(context: [1]), "Put",
                key + Proto.text("value", field: 3) + Proto.bytes([1], field: 5)
            ),
            (.write, "Put", key + Proto.text("value", field: 3)), (.delete, "Delete", key),
            (
                .list, "List",
                Proto.text("b", field: 1) + Proto.text("us", field: 2) + Proto.number(10, field: 3)
            ),
        ]
        for (request, method, message) in expected {
            let (headers, sent) = try call(kvnode.asked([]), request, stream: 1)
            #expect(headers.contains("/kvnode.v1.KeyValue/\(method)\0"))
            #expect(headers.contains("\u{a}:authority\u{3}h:1"))
            #expect(sent == message)
        }
    }

    @Test func `each operation is a call of etcd's`() throws {
        let key = Proto.text("k", field: 1)
        let expected: [(Request, String, [UInt8])] = [
            (.read, "Range", key), (.write, "Put", key + Proto.text("value", field: 2)),
            (.delete, "DeleteRange", key),
        ]
        for (request, method, message) in expected {
            let (headers, sent) = try call(etcd.asked([]), request, stream: 1)
            #expect(headers.contains("/etcdserverpb.KV/\(method)\0"))
            #expect(sent == message)
        }
    }

    @Test func `each call has a stream of its own, with odd numbers`() throws {
        for count in 0..<5 {
            let wire = etcd.asked(Array(repeating: .read, count: count))
            _ = try call(wire, .write, stream: UInt32(2 * count + 1))
        }
    }

    @Test func `replies in any order end the calls of their streams`() {
        let first = answer(found(["x", "y", "z"], context: [9]), stream: 1)
        let second = answer([], stream: 3)
        // Frames of both, one between the other's.
        let frames = [second[0], first[0], first[1], second[1], second[2], first[2]]
        let heard = Hearing(
            kvnode.asked([.read, .write, .read, .delete, .list]),
            (frames + answer(found([], context: []), stream: 5) + answer([], stream: 9)
                + answer([], stream: 7))
                .bytes)
        #expect(
            heard.ended == [
                .init(number: 1, outcome: .done),
                .init(number: 0, outcome: .found(values: 3, context: [9])),
                .init(number: 2, outcome: .absent), .init(number: 4, outcome: .done),
                .init(number: 3, outcome: .done),
            ])
        #expect(heard.error == nil && heard.rest.isEmpty && heard.reply.isEmpty)
    }

    @Test func `a message may come in several frames`() {
        let message = grpc(found(["x", "y"], context: [1, 2]))
        for cut in 0...message.count {
            var wire = kvnode.asked([.read])
            let frames = [
                Frame.data(Array(message[..<cut]), stream: 1),
                .data(Array(message[cut...]), stream: 1, isLast: true),
            ]
            let heard = Hearing(&wire, pieces: [frames.bytes[...]])
            #expect(heard.outcomes == [.found(values: 2, context: [1, 2])])
        }
    }

    @Test func `etcd's Range has a value or none`() {
        let header = Proto.bytes(Proto.number(3, field: 1), field: 1)
        let value = Proto.bytes(Proto.text("k", field: 1) + Proto.text("v", field: 5), field: 2)
        let heard = Hearing(
            etcd.asked([.read, .read, .write]),
            (answer(header + value + Proto.number(1, field: 4), stream: 1) + answer(header, stream: 3)
                + answer(header, stream: 5)).bytes)
        #expect(heard.outcomes == [.one, .absent, .done])
    }

    @Test(arguments: [
        [Frame.headers(stream: 1, isLast: true)], [.headers(stream: 1), .headers(stream: 1, isLast: true)],
        [.reset(stream: 1)],
    ])
    func `a call that ends without a message has failed`(_ frames: [Frame]) {
        for request in [Request.read, .write] {
            let heard = Hearing(
                kvnode.asked([request, .read]), (frames + answer(found([], context: []), stream: 3)).bytes)
            #expect(heard.outcomes == [.failed("the call ended without a message"), .absent])
        }
    }

    @Test func `a call that is reset within its message is not done`() {
        let message = grpc(Proto.text("a context", field: 1))
        let frames = [Frame.data(Array(message.prefix(8)), stream: 1), .reset(stream: 1)]
        let heard = Hearing(kvnode.asked([.write]), frames.bytes)
        #expect(heard.ended.allSatisfy { $0.outcome != .done })
    }

    @Test func `a call ends once`() {
        let frames = answer([], stream: 1) + [.reset(stream: 1)] + answer([], stream: 1)
        #expect(
            Hearing(kvnode.asked([.write, .write]), frames.bytes).ended == [.init(number: 0, outcome: .done)])
    }

    @Test func `the server's GOAWAY breaks the connection`() {
        let heard = Hearing(etcd.asked([.write, .write]), (answer([], stream: 3) + [.goAway]).bytes)
        #expect(heard.ended == [.init(number: 1, outcome: .done)])
        #expect(heard.error != nil)
        #expect(heard.isBroken)
    }

    @Test func `a padded frame is an error, as its padding is no message`() {
        let padded = Frame(kind: .data, flags: Frame.padded, stream: 1, payload: [1, 0, 0])
        let heard = Hearing(etcd.asked([.write]), padded.bytes)
        #expect(heard.error != nil)
        #expect(!heard.isBroken)
    }
}
