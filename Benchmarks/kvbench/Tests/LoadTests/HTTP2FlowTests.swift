import Testing

@testable import Load

/// What the server lets a client send, and what it must have an answer to.
@Suite struct HTTP2FlowTests {
    private static let size = 1_000
    private static var write: Request {
        Request(kind: .write, key: Array("k".utf8), value: [UInt8](repeating: 1, count: size))
    }

    private func opened<W: Wire>(_ wire: W) -> W { wire.asked([]) }

    /// Appends writes for as long as there is room, a hundred at most: how many, and the bytes that count.
    private func fill(_ wire: inout some Wire) throws -> (count: Int, bytes: Int) {
        var output: [UInt8] = []
        var count = 0
        while count < 100 {
            let before = output
            guard wire.append(Self.write, to: &output) else {
                #expect(output == before)
                break
            }
            count += 1
        }
        let bytes = try Frame.parse(output).filter { $0.kind == .data }.map(\.payload.count).reduce(0, +)
        return (count, bytes)
    }

    private func take(_ wire: inout some Wire, _ frames: Frame...) throws -> [Frame] {
        let heard = Hearing(&wire, pieces: [frames.bytes[...]])
        #expect(heard.error == nil && heard.ended.isEmpty && heard.rest.isEmpty)
        return try Frame.parse(heard.reply)
    }

    @Test func `a session sends as much as its windows take`() throws {
        var wire = opened(SessionWire(bucket: "b"))
        let (count, bytes) = try fill(&wire)
        // Each message has less than 50 bytes around its value.
        #expect((65_535 / (Self.size + 50)...65_535 / Self.size).contains(count))
        #expect(bytes <= 65_535)
        // Room for so many more; less than one is always left over.
        func room(_ messages: Int) -> UInt32 { UInt32(messages * bytes / count) }
        // One window alone is not enough, whichever it is.
        _ = try take(&wire, .window(room(2), stream: 0))
        #expect(try fill(&wire).count == 0)
        _ = try take(&wire, .window(room(1), stream: 1))
        #expect(try fill(&wire).count == 1)
        _ = try take(&wire, .window(room(5), stream: 1))
        #expect(try fill(&wire).count == 1)
        _ = try take(&wire, .window(room(3), stream: 0))
        #expect(try fill(&wire).count == 3)
    }

    @Test func `a session's window follows the settings`() throws {
        var wire = opened(SessionWire(bucket: "b"))
        _ = try take(&wire, .window(1_000_000, stream: 0))
        let (_, bytes) = try fill(&wire)
        // It may be less than nothing (RFC 9113, section 6.9.2).
        _ = try take(&wire, .settings(window: 0))
        #expect(try fill(&wire).count == 0)
        _ = try take(&wire, .settings(window: UInt32(bytes)))
        #expect(try fill(&wire).count == 0)
        _ = try take(&wire, .settings(window: UInt32(bytes + 1_100)))
        #expect(try fill(&wire).count == 1)
    }

    @Test func `what there was no room for has no number`() throws {
        var (wire, output) = (opened(SessionWire(bucket: "b")), [UInt8]())
        let (count, _) = try fill(&wire)
        _ = try take(&wire, .window(5_000, stream: 0), .window(5_000, stream: 1))
        #expect(wire.append(.read, to: &output))
        let message = try Array(#require(Frame.parse(output).first).payload.dropFirst(5))
        let id = try Proto.parse(Proto.only(1, of: message)).first
        #expect(id == Proto.Field(id: 1, value: .number(UInt64(count))))
    }

    @Test func `calls share the connection's window`() throws {
        var wire = opened(UnaryWire(.etcd))
        let (count, bytes) = try fill(&wire)
        #expect((65_535 / (Self.size + 50)...65_535 / Self.size).contains(count))
        #expect(bytes <= 65_535)
        _ = try take(&wire, .window(1_000_000, stream: 1))
        #expect(try fill(&wire).count == 0)
        _ = try take(&wire, .window(2_200, stream: 0))
        #expect(try fill(&wire).count == 2)
    }

    @Test func `a call is no larger than its stream's window`() throws {
        var wire = opened(UnaryWire(.etcd))
        _ = try take(&wire, .settings(window: 1_000))
        #expect(try fill(&wire).count == 0)
        _ = try take(&wire, .settings(window: 1_100))
        #expect(try fill(&wire).count > 1)
    }

    @Test func `SETTINGS and PING are answered, their answers aren't`() throws {
        let ping = Frame(kind: .ping, payload: [1, 2, 3, 4, 5, 6, 7, 8])
        func answers(_ wire: some Wire) throws -> [Frame] {
            var wire = wire
            return try take(
                &wire, .settings(window: 5), ping, Frame(kind: .settings, flags: Frame.acknowledged),
                Frame(kind: .ping, flags: Frame.acknowledged, payload: ping.payload))
        }
        var pong = ping
        pong.flags = Frame.acknowledged
        let expected = [Frame(kind: .settings, flags: Frame.acknowledged), pong]
        #expect(try answers(opened(SessionWire(bucket: "b"))) == expected)
        #expect(try answers(opened(UnaryWire(.etcd))) == expected)
    }

    @Test func `frames cut anywhere are answered once`() {
        let frames = [
            Frame.settings(window: 5), Frame(kind: .ping, payload: Array(1...8)), .headers(stream: 1),
        ]
        #expect(Hearing(opened(SessionWire(bucket: "b")), frames.bytes).reply.count == 9 + 17)
    }

    @Test func `frames of no interest are passed over`() throws {
        var wire = opened(UnaryWire(.etcd))
        let other = Frame(kind: .priority, stream: 3, payload: [0, 0, 0, 0, 1])
        #expect(try take(&wire, other, Frame(kind: .continuation, stream: 9, payload: [1])).isEmpty)
    }

    /// A window above 2^31 - 1 is an error of its own (RFC 9113, section 6.9.1), and each begins there: so no stream may
    /// be given more than has come on it.
    @Test func `a window is given back to the streams that used it`() throws {
        var wire = opened(UnaryWire(.etcd)).asked(Array(repeating: .read, count: 20))
        var came: [UInt32: Int] = [:]
        var given: [UInt32: Int] = [:]
        for call in 0..<20 {
            let frame = Frame.data([UInt8](repeating: 0, count: 16_000_000), stream: UInt32(2 * call + 1))
            came[0, default: 0] += frame.payload.count
            came[frame.stream, default: 0] += frame.payload.count
            let heard = Hearing(&wire, pieces: [frame.bytes[...]])
            for update in try Frame.parse(heard.reply) {
                #expect(update.kind == .windowUpdate)
                given[update.stream, default: 0] += Int(Frame.number(update.payload))
            }
        }
        // The connection's has to be given back before its 2 GiB are used up.
        #expect(given[0, default: 0] > 1 << 27)
        for (stream, bytes) in given {
            #expect(bytes <= came[stream, default: 0], "stream \(stream)")
        }
    }
}
