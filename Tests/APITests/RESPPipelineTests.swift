import Access
import ClusterCore
import NIOCore
import NIOEmbedded
import Testing

@testable import TextAPI

/// What comes in one piece is asked of the store at once, and answered in one piece. (`BatchingTests` of the cluster shows what
/// becomes of requests that come together.)
@Suite("RESP: pipelines")
final class RESPPipelineTests {
    private let service = FakeService()
    private let channel: EmbeddedChannel

    init() throws {
        let shared = RESPConnectionHandler.Shared(
            service: service, wallMillis: { FakeService.now }, parsing: RESPParser.Limits(), maxInFlight: 100,
            maxUnsentBytes: 1 << 20,
            times: ConnectionWatch.Limits(
                idleTimeout: nil, stallTimeout: .minutes(1), requestTimeout: .minutes(1)),
            budget: ReceiveBudget(maxBytes: 1 << 20))
        let session = RESPSession(
            id: 1, bucket: "b", wallMillis: { FakeService.now }, caller: Caller(.open, over: .resp))
        channel = EmbeddedChannel(
            handler: RESPConnectionHandler(
                shared: shared, session: session, watch: ConnectionWatch(limits: shared.times),
                pause: ReadPause(.zero)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// A channel that is left open keeps its handlers for ever. What it has still to say is no test's concern.
    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    @Test("all commands begin before the loop goes on, and their replies leave together")
    func oneTick() throws {
        let commands = (0..<50).map { "SETNX hold-\($0) \($0)\r\nGET hold-other-\($0)\r\n" }.joined()
        try channel.writeInbound(ByteBuffer(string: commands))
        #expect(service.submitted.count == 100)
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        service.release()
        channel.embeddedEventLoop.run()
        let replies = String(repeating: ":1\r\n$-1\r\n", count: 50)
        #expect(try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } == replies)
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    }

    @Test("one command of many keys asks for all of them")
    func manyKeys() throws {
        let keys = (0..<50).map { "hold-\($0)" }.joined(separator: " ")
        try channel.writeInbound(ByteBuffer(string: "MGET \(keys)\r\n"))
        #expect(service.submitted.count == 50)
        service.release()
        channel.embeddedEventLoop.run()
        let replies = "*50\r\n" + String(repeating: "$-1\r\n", count: 50)
        #expect(try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } == replies)
    }

    // MARK: Replies that are long

    private func set(_ key: String, byteCount: Int) throws {
        let value = String(repeating: "v", count: byteCount)
        try channel.writeInbound(
            ByteBuffer(
                string: "*3\r\n$3\r\nSET\r\n$\(key.utf8.count)\r\n\(key)\r\n$\(byteCount)\r\n\(value)\r\n"))
        // What is there is read before it is overwritten.
        for _ in 0..<2 {
            service.release()
            channel.embeddedEventLoop.run()
        }
        #expect(try output() == "+OK\r\n")
    }

    private func get(_ key: String, times count: Int) throws {
        try channel.writeInbound(ByteBuffer(string: String(repeating: "GET \(key)\r\n", count: count)))
    }

    /// What has been answered.
    private func output() throws -> String {
        channel.embeddedEventLoop.run()
        var output = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { output += String(buffer: bytes) }
        return output
    }

    @Test("as many commands begin as have room for replies like those before")
    func longReplies() throws {
        try set("hold", byteCount: 100_000)
        try get("hold", times: 1)
        service.release()
        _ = try output()
        let before = service.submitted.count
        try get("hold", times: 30)
        for answered in [0, 10, 20] {
            #expect(service.submitted.count == before + answered + 10)
            service.release()
            #expect(try output().count("$100000") == 10)
        }
    }

    @Test("replies that are longer than those before, and have no room, are errors")
    func suddenlyLongReplies() throws {
        try set("hold", byteCount: 100_000)
        for _ in 0..<20 {
            try get("small", times: 20)
            _ = try output()
        }
        try get("hold", times: 80)
        service.release()
        let replies = try output()
        // The limit, and the one reply that goes beyond.
        #expect(replies.count("$100000") == 11)
        #expect(replies.count("-ERR there is no room for the reply") == 69)
    }
}

extension String {
    fileprivate func count(_ part: String) -> Int { ranges(of: part).count }
}
