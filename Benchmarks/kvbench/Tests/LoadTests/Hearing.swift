import Testing

@testable import Load

/// What a wire makes of what comes.
struct Hearing: Equatable {
    struct Ended: Equatable {
        var number: UInt64
        var outcome: Outcome
    }

    var ended: [Ended] = []
    /// What it sends in answer.
    var reply: [UInt8] = []
    /// Why it can't go on.
    var error: String?
    var isBroken = false
    /// Bytes that it waits for the rest of.
    var rest: [UInt8] = []

    var outcomes: [Outcome] { ended.map(\.outcome) }

    /// Has `wire` take the pieces one after the other, as a connection does.
    init<W: Wire>(_ wire: inout W, pieces: [ArraySlice<UInt8>]) {
        for piece in pieces {
            rest += piece
            do throws(WireError) {
                let used = try wire.receive(rest[...], reply: &reply) {
                    ended.append(Ended(number: $0, outcome: $1))
                }
                #expect((0...rest.count).contains(used))
                rest.removeFirst(used)
            } catch {
                (self.error, isBroken, rest) = (error.description, error.isBroken, [])
                return
            }
        }
    }

    /// What `wire` makes of `bytes` in one piece. Fails the test if it is something else when they come in two pieces, cut
    /// anywhere, or one by one.
    init<W: Wire>(_ wire: W, _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
        var whole = wire
        self.init(&whole, pieces: [bytes[...]])
        for cut in 1..<max(1, bytes.count) {
            var other = wire
            let inTwo = Hearing(&other, pieces: [bytes[..<cut], bytes[cut...]])
            #expect(inTwo == self, "cut at \(cut)", sourceLocation: sourceLocation)
        }
        var other = wire
        let oneByOne = Hearing(&other, pieces: bytes.indices.map { bytes[$0...$0] })
        #expect(oneByOne == self, "byte by byte", sourceLocation: sourceLocation)
    }

    init<W: Wire>(_ wire: W, _ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        self.init(wire, Array(text.utf8), sourceLocation: sourceLocation)
    }
}

extension Wire {
    /// With the requests appended, all of which there is room for.
    func asked(_ requests: [Request]) -> Self {
        var (wire, output) = (self, [UInt8]())
        _ = wire.opening(server: "h:1")
        for request in requests { #expect(wire.append(request, to: &output)) }
        return wire
    }

    /// What is sent for one request.
    func written(_ request: Request) -> String {
        var (wire, output) = (self, [UInt8]())
        _ = wire.opening(server: "h:1")
        #expect(wire.append(request, to: &output))
        return String(decoding: output, as: UTF8.self)
    }
}

extension Request {
    static var read: Request { Request(kind: .read, key: Array("k".utf8)) }
    static var write: Request { Request(kind: .write, key: Array("k".utf8), value: Array("value".utf8)) }
    static var delete: Request { Request(kind: .delete, key: Array("k".utf8)) }
    static var list: Request { Request(kind: .list, key: Array("us".utf8), limit: 10) }

    func with(context: [UInt8]) -> Request {
        var request = self
        request.context = context
        return request
    }
}

extension Outcome {
    static var absent: Outcome { .found(values: 0, context: []) }
    static var one: Outcome { .found(values: 1, context: []) }
}
