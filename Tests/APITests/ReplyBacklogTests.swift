import Testing

@testable import TextAPI

@Suite("RESP: replies that wait")
struct ReplyBacklogTests {
    private func take(_ byteCount: Int, of backlog: inout ReplyBacklog, _ expected: Bool = true) {
        let isTaken = backlog.take(byteCount)
        #expect(isTaken == expected, "\(byteCount) bytes")
    }

    @Test("a long reply is expected again for a while")
    func expectation() {
        var backlog = ReplyBacklog(maxBytes: 1_000_000)
        #expect(backlog.hasRoom(beside: 100))
        take(500_000, of: &backlog)
        backlog.leave(500_000)
        #expect(backlog.hasRoom(beside: 1) && !backlog.hasRoom(beside: 2))
        for _ in 0..<100 {
            take(10, of: &backlog)
            backlog.leave(10)
        }
        #expect(backlog.hasRoom(beside: 500) && backlog.bytes == 0)
    }

    @Test("one command may always begin as long as there is any room")
    func one() {
        var backlog = ReplyBacklog(maxBytes: 1_000)
        take(5_000, of: &backlog)
        #expect(!backlog.hasRoom(beside: 0))
        backlog.leave(4_500)
        #expect(backlog.hasRoom(beside: 0) && !backlog.hasRoom(beside: 1))
    }

    @Test("past the limit only short replies are taken")
    func limit() {
        var backlog = ReplyBacklog(maxBytes: 10_000)
        for byteCount in [9_000, 2_000] { take(byteCount, of: &backlog) }
        take(ReplyBacklog.shortBytes + 1, of: &backlog, false)
        take(ReplyBacklog.shortBytes, of: &backlog)
        #expect(backlog.bytes == 11_000 + ReplyBacklog.shortBytes)
    }

    @Test("what a reply takes is what is in it")
    func byteCounts() {
        let reply = RESPReply.array([
            .bulk([1, 2, 3]), .map([(.bulk("ab"), .text("c"))]), .null, .integer(7),
        ])
        #expect(reply.byteCount == 6)
        #expect(RESPReply.error("no", code: "ERR").byteCount == 5)
    }
}
