import Testing

@testable import Load

@Suite struct RESPWireTests {
    private let plain = RESPWire(.plain, bucket: nil)
    private let confirmed = RESPWire(.confirmed, bucket: nil)
    private let causal = RESPWire(.causal, bucket: nil)

    @Test func `it opens with the bucket, if it has one`() {
        var wire = RESPWire(.causal, bucket: "b1")
        #expect(wire.opening(server: "h:1") == Array("*2\r\n$9\r\nKV.BUCKET\r\n$2\r\nb1\r\n".utf8))
        wire = plain
        #expect(wire.opening(server: "h:1").isEmpty)
    }

    @Test func `what is written is Redis's protocol`() {
        #expect(plain.written(.read) == "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
        #expect(plain.written(.write) == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n")
        #expect(plain.written(.delete) == "*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n")
        let scan =
            "*6\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$5\r\nMATCH\r\n$3\r\nus*\r\n$5\r\nCOUNT\r\n$2\r\n10\r\n"
        #expect(plain.written(.list) == scan)
        #expect(causal.written(.read) == "*2\r\n$6\r\nKV.GET\r\n$1\r\nk\r\n")
        let put = "*4\r\n$6\r\nKV.PUT\r\n$1\r\nk\r\n$3\r\nctx\r\n$5\r\nvalue\r\n"
        #expect(causal.written(.write.with(context: Array("ctx".utf8))) == put)
        #expect(causal.written(.write) == "*4\r\n$6\r\nKV.PUT\r\n$1\r\nk\r\n$0\r\n\r\n$5\r\nvalue\r\n")
    }

    @Test func `a confirmed write is SET and WAIT`() {
        let pair = plain.written(.write) + "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$4\r\n1000\r\n"
        #expect(confirmed.written(.write) == pair)
        #expect(confirmed.written(.read) == plain.written(.read))
    }

    @Test func `what is appended goes behind what is there`() {
        var (wire, output) = (plain, Array("+".utf8))
        for request in [Request.read, .delete] { #expect(wire.append(request, to: &output)) }
        #expect(output == Array(("+" + plain.written(.read) + plain.written(.delete)).utf8))
    }

    @Test func `replies end operations in their order`() {
        let heard = Hearing(
            plain.asked([.write, .read, .read, .read, .delete, .list]),
            "+OK\r\n$5\r\nva\r\nu\r\n$-1\r\n$0\r\n\r\n:1\r\n*2\r\n$1\r\n0\r\n*2\r\n$2\r\nk1\r\n$2\r\nk2\r\n")
        #expect(heard.outcomes == [.done, .one, .absent, .one, .done, .done])
        #expect(heard.ended.map(\.number) == [0, 1, 2, 3, 4, 5])
        #expect(heard.rest.isEmpty && heard.error == nil && heard.reply.isEmpty)
    }

    @Test func `an error ends its operation in the server's words`() {
        let heard = Hearing(plain.asked([.read, .write, .read]), "-ERR no quorum\r\n-OOM\r\n$-1\r\n")
        #expect(heard.outcomes == [.failed("ERR no quorum"), .failed("OOM"), .absent])
    }

    @Test func `SET and WAIT are one operation`() {
        let heard = Hearing(
            confirmed.asked([.write, .read, .write, .delete]), "+OK\r\n:1\r\n$-1\r\n+OK\r\n:2\r\n:0\r\n")
        #expect(heard.outcomes == [.done, .absent, .done, .done])
        #expect(heard.ended.map(\.number) == [0, 1, 2, 3])
        #expect(Hearing(confirmed.asked([.write]), "+OK\r\n").ended.isEmpty)
    }

    @Test func `a write that WAIT does not confirm has failed`() {
        let heard = Hearing(
            confirmed.asked([.write, .write, .write]), "+OK\r\n:0\r\n+OK\r\n-ERR not now\r\n+OK\r\n:1\r\n")
        #expect(heard.outcomes.count == 3)
        guard case .failed(let words) = heard.outcomes.first else {
            Issue.record("WAIT answered 0")
            return
        }
        #expect(words.contains("WAIT"))
        #expect(heard.outcomes.dropFirst() == [.failed("ERR not now"), .done])
    }

    @Test func `a SET that is refused is not taken for done`() {
        let heard = Hearing(confirmed.asked([.write]), "-OOM too much\r\n:1\r\n")
        #expect(heard.ended.allSatisfy { $0.outcome != .done })
        #expect(heard.error?.contains("OOM too much") == true || heard.outcomes == [.failed("OOM too much")])
    }

    /// `KV.GET` answers with the context and an array of all siblings (docs/redis.md).
    @Test func `KV.GET has a context and all values`() {
        let heard = Hearing(
            causal.asked([.read, .read, .read, .write]),
            "*2\r\n$0\r\n\r\n*0\r\n" + "*2\r\n$3\r\nctx\r\n*1\r\n$1\r\nx\r\n"
                + "*2\r\n$2\r\nc2\r\n*3\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n" + "$3\r\nnew\r\n")
        #expect(
            heard.outcomes == [
                .absent, .found(values: 1, context: Array("ctx".utf8)),
                .found(values: 3, context: Array("c2".utf8)), .done,
            ])
    }

    @Test func `the bucket's reply is no operation's`() {
        let wire = RESPWire(.plain, bucket: "b").asked([.read])
        #expect(Hearing(wire, "+OK\r\n$-1\r\n").ended == [.init(number: 0, outcome: .absent)])
        #expect(Hearing(wire, "-ERR no such bucket\r\n").error == "ERR no such bucket")
    }

    @Test(arguments: [
        "\n", "\r\n", "x\r\n", "HTTP/1.1 200 OK\r\n", "$x\r\n", ":1x\r\n", ":99999999999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "*1\r\n?\r\n",
    ])
    func `what is no reply is an error`(_ text: String) {
        let heard = Hearing(plain.asked([.read]), text)
        #expect(heard.ended.isEmpty)
        #expect(heard.error != nil)
        #expect(!heard.isBroken)
    }

    @Test func `a reply to nothing is an error`() {
        let heard = Hearing(plain.asked([.read]), "$-1\r\n+OK\r\n")
        #expect(heard.outcomes == [.absent])
        #expect(heard.error == "more replies than operations")
    }

    @Test func `thousands of replies keep their numbers`() {
        let wire = plain.asked((0..<5_000).map { $0 % 2 == 0 ? .read : .write })
        var whole = wire
        let text = String(repeating: "$-1\r\n+OK\r\n", count: 2_500)
        let heard = Hearing(&whole, pieces: [Array(text.utf8)[...]])
        #expect(heard.ended.map(\.number) == (0..<5_000).map { $0 })
        #expect(heard.outcomes == (0..<5_000).map { $0 % 2 == 0 ? .absent : .done })
    }
}
