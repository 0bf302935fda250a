import ClusterCore
import NIOCore
import NIOEmbedded
import Testing

@testable import TextAPI

/// What comes in one piece is asked of the store at once, and answered in one piece. (`BatchingTests` of the cluster shows what
/// becomes of requests that come together.)
@Suite("RESP: pipelines")
struct RESPPipelineTests {
    private let service = FakeService()
    private let channel: EmbeddedChannel

    init() throws {
        let shared = RESPConnectionHandler.Shared(
            service: service, wallMillis: { FakeService.now }, parsing: RESPParser.Limits(), maxInFlight: 100)
        let session = RESPSession(id: 1, bucket: "b", wallMillis: { FakeService.now })
        channel = EmbeddedChannel(handler: RESPConnectionHandler(shared: shared, session: session))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

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
}
