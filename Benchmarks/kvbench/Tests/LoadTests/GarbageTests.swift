import Testing
import Workloads

@testable import Load

/// Bytes that no server should send: they may be an error or waited behind, but never trap. A trap ends the process, so
/// each test has one of its own.
@Suite struct GarbageTests {
    /// Gives `wire`, which has ten operations in flight, `cases` times what `make` makes.
    private static func feed(
        _ wire: some Wire, cases: Int, _ make: (inout SplitMix64) -> [UInt8]
    ) -> (errors: Int, ended: Int) {
        var random = SplitMix64(seed: 42)
        let asked = wire.asked((0..<10).map { $0 % 2 == 0 ? .read : .write })
        var (errors, all) = (0, 0)
        for _ in 0..<cases {
            var wire = asked
            let heard = Hearing(&wire, pieces: [make(&random)[...]])
            if heard.error != nil { errors += 1 }
            all += heard.ended.count
        }
        return (errors, all)
    }

    private static func noise(_ random: inout SplitMix64, below length: Int = 400) -> [UInt8] {
        (0..<random.next(below: length)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// What comes, with a few bytes changed, left out or put in.
    private static func damaged(_ bytes: [UInt8], _ random: inout SplitMix64, with letters: [UInt8] = [])
        -> [UInt8]
    {
        var bytes = bytes
        for _ in 0...random.next(below: 3) {
            let place = random.next(below: bytes.count)
            let byte =
                letters.isEmpty || random.next(below: 2) == 0
                ? UInt8(truncatingIfNeeded: random.next()) : letters[random.next(below: letters.count)]
            switch random.next(below: 3) {
            case 0: bytes[place] = byte
            case 1: bytes.remove(at: place)
            default: bytes.insert(byte, at: place)
            }
        }
        return bytes
    }

    @Test func `RESP`() async {
        await #expect(processExitsWith: .success) {
            for writing in [RESPWire.Writing.plain, .confirmed, .causal] {
                let wire = RESPWire(writing, bucket: nil)
                let noise = GarbageTests.feed(wire, cases: 2_000) { GarbageTests.noise(&$0) }
                // Half of them have a line's end somewhere, and few begin as a reply does.
                #expect(noise.errors > 500, "\(noise)")
                #expect(noise.ended < 100, "\(noise)")
                let replies = Array(
                    "+OK\r\n*2\r\n$3\r\nctx\r\n*1\r\n$1\r\nx\r\n:1\r\n-ERR no\r\n$-1\r\n".utf8)
                let damaged = GarbageTests.feed(wire, cases: 2_000) {
                    GarbageTests.damaged(replies, &$0, with: Array("-+*$:09\r\n".utf8))
                }
                #expect(damaged.errors > 200, "\(damaged)")
            }
        }
    }

    @Test func `HTTP`() async {
        await #expect(processExitsWith: .success) {
            let wire = HTTPWire(bucket: "b")
            let noise = GarbageTests.feed(wire, cases: 2_000) {
                GarbageTests.noise(&$0) + Array("\r\n\r\n".utf8)
            }
            #expect(noise.errors == 2_000)
            #expect(noise.ended == 0)
        }
    }

    @Test func `damaged HTTP`() async {
        await #expect(processExitsWith: .success) {
            let replies = Array(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Kvnode-Context: c\r\n\r\nabcHTTP/1.1 204 No\r\n\r\n"
                    .utf8)
            let damaged = GarbageTests.feed(HTTPWire(bucket: "b"), cases: 4_000) {
                GarbageTests.damaged(replies, &$0, with: Array("-+09 :\r\n".utf8))
            }
            #expect(damaged.errors > 200, "\(damaged)")
        }
    }

    /// Frames of any kind, with any flags, on a stream of the first few.
    private static func frames(_ random: inout SplitMix64) -> [UInt8] {
        (0...random.next(below: 4)).flatMap { _ -> [UInt8] in
            let payload = noise(&random, below: 40)
            let head = [0, 0, UInt8(payload.count), UInt8(random.next(below: 11))]
            return head + [UInt8(random.next(below: 16)), 0, 0, 0, UInt8(random.next(below: 8))] + payload
        }
    }

    private static func both(_ cases: Int, _ make: (inout SplitMix64) -> [UInt8]) -> Int {
        feed(SessionWire(bucket: "b"), cases: cases, make).errors
            + feed(UnaryWire(.kvnode(bucket: "b")), cases: cases, make).errors
            + feed(UnaryWire(.etcd), cases: cases, make).errors
    }

    @Test func `HTTP/2`() async {
        await #expect(processExitsWith: .success) {
            _ = GarbageTests.both(1_000) { GarbageTests.noise(&$0) }
            let errors = GarbageTests.both(3_000) { GarbageTests.frames(&$0) }
            #expect(errors > 1_000, "\(errors)")
        }
    }

    @Test func `damaged frames`() async {
        await #expect(processExitsWith: .success) {
            let replies = [1, 3].flatMap { answer(found(["x"], context: [1]), stream: $0) }.bytes
            let errors = GarbageTests.both(2_000) { GarbageTests.damaged(replies, &$0) }
            #expect(errors > 200, "\(errors)")
        }
    }

    /// The frames are whole, and only what is in them is damaged.
    @Test func `damaged messages`() async {
        await #expect(processExitsWith: .success) {
            let message = found(["x", "y"], context: [1])
            for service in [UnaryWire.Service.etcd, .kvnode(bucket: "b")] {
                let unary = GarbageTests.feed(UnaryWire(service), cases: 2_000) {
                    answer(GarbageTests.damaged(message, &$0), stream: 1).bytes
                }
                #expect(unary.errors > 200, "\(unary)")
                #expect(unary.ended > 200, "\(unary)")
            }
            let response = Proto.bytes(Proto.number(0, field: 1) + Proto.bytes(message, field: 2), field: 1)
            let session = GarbageTests.feed(SessionWire(bucket: "b"), cases: 2_000) {
                Frame.data(grpc(GarbageTests.damaged(response, &$0)), stream: 1).bytes
            }
            #expect(session.errors > 200, "\(session)")
            #expect(session.ended > 200, "\(session)")
        }
    }
}
