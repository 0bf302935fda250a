import Cluster
import GRPCWire
import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import Transport

/// The called end of a connection, asked by frames. The caller here opens no window and knows no settings unless a test says so.
@Suite("Exchange connection")
final class ExchangeConnectionTests {
    private final class Role: ExchangeRole {
        var messages: [[UInt8]] = []
        var endCount = 0
        let maxMessageBytes = 1 << 20

        func began(_ stream: ExchangeStream<Role>) { stream.send(headers: ReplyHeaders.begin) }
        func received(headers: HPACKHeaders, on stream: ExchangeStream<Role>) { stream.sendFromOutbox() }
        func received(message: [UInt8], on stream: ExchangeStream<Role>) { messages.append(message) }
        func refused(_ refusal: Refusal, on stream: ExchangeStream<Role>) {}
        func peerEnded(on stream: ExchangeStream<Role>) {}
        func drained(_ stream: ExchangeStream<Role>) { stream.end(ReplyHeaders.ok) }
        func ended(_ error: (any Error)?) { endCount += 1 }
    }

    /// Collects the frames that come.
    private final class Inbox: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame
        var frames: [HTTP2Frame] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            frames.append(unwrapInboundIn(data))
        }

        var dataBytes: Int {
            frames.reduce(0) { sum, frame in
                guard case .data(let payload) = frame.payload else { return sum }
                return sum + payload.data.readableBytes
            }
        }
    }

    private let loop = EmbeddedEventLoop()
    private let node: EmbeddedChannel
    private let caller: EmbeddedChannel
    private let inbox = Inbox()
    private let outbox = Outbox(maxQueuedBytes: 1 << 20, logger: Logger(label: "test"))
    private let role = Role()

    init() throws {
        node = EmbeddedChannel(loop: loop)
        caller = EmbeddedChannel(loop: loop)
        let connection = ExchangeConnection<Role>(window: ReceiveWindow(bytes: 1 << 20)) {
            [role, outbox] _ in ExchangeStream(role, outbox: outbox)
        }
        let pipeline = node.pipeline.syncOperations
        try pipeline.addHandler(NIOHTTP2Handler(mode: .server, frameDelegate: connection))
        try pipeline.addHandler(connection)
        try caller.pipeline.syncOperations.addHandler(NIOHTTP2Handler(mode: .client))
        try caller.pipeline.syncOperations.addHandler(inbox)
        for channel in [caller, node] {
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }
        outbox.begin()
        _ = outbox.open(batchLimit: 1 << 14)
    }

    /// A channel that is left open keeps its handlers for ever. What it has still to say is no test's concern.
    deinit {
        for channel in [caller, node] { _ = try? channel.finish(acceptAlreadyClosed: true) }
    }

    private func toNode() throws {
        while let bytes = try caller.readOutbound(as: IOData.self) { try node.writeInbound(bytes.bytes) }
        loop.run()
    }

    private func toCaller() throws {
        while let bytes = try node.readOutbound(as: IOData.self) { try caller.writeInbound(bytes.bytes) }
        loop.run()
    }

    private func write(_ payload: HTTP2Frame.FramePayload, on stream: HTTP2StreamID) throws {
        try caller.writeOutbound(HTTP2Frame(streamID: stream, payload: payload))
    }

    private func open(_ stream: HTTP2StreamID) throws {
        try write(.headers(.init(headers: PeerExchange.request(to: "test", isSecure: false))), on: stream)
    }

    @Test("A second stream beside the first is reset, and the first goes on; after it there may be another")
    func secondStream() throws {
        // Before the caller has seen how many it may open.
        try open(1)
        try open(3)
        try toNode()
        try toCaller()
        let resets = inbox.frames.filter {
            if case .rstStream(.refusedStream) = $0.payload { true } else { false }
        }
        #expect(resets.map(\.streamID) == [3])
        let message = MessageReader.frame([1, 2, 3], caller.allocator)
        try write(.data(.init(data: .byteBuffer(message))), on: 1)
        try toNode()
        #expect(role.messages == [[1, 2, 3]])
        try write(.rstStream(.cancel), on: 1)
        try open(5)
        try toNode()
        #expect(role.endCount == 1)
        try write(.data(.init(data: .byteBuffer(message))), on: 5)
        try toNode()
        #expect(role.messages == [[1, 2, 3], [1, 2, 3]])
    }

    @Test("What the caller's window holds back stays in the outbox, within its limit, until the window opens")
    func closedWindow() throws {
        try open(1)
        try toNode()
        let batch = [UInt8](repeating: 7, count: 1 << 14)
        var sent = 0
        while sent < 1000, outbox.send(batch) == .accepted {
            sent += 1
            loop.run()
        }
        // Under way are the window's 64 KiB, as many that wait for it to open, and one batch over that; the rest waits here.
        #expect((64 + 1...64 + 10).contains(sent), "\(sent) batches")
        outbox.finish()
        try toNode()
        try toCaller()
        #expect(inbox.dataBytes == 65_535)
        for stream: HTTP2StreamID in [.rootStream, 1] {
            try write(.windowUpdate(windowSizeIncrement: 1 << 24), on: stream)
        }
        try toNode()
        try toCaller()
        #expect(inbox.dataBytes == sent * (batch.count + MessageReader.headerBytes))
        guard case .headers(let last)? = inbox.frames.last?.payload else {
            Issue.record("the stream has not ended")
            return
        }
        #expect(last.endStream && last.headers == ReplyHeaders.ok)
    }
}

extension IOData {
    fileprivate var bytes: ByteBuffer {
        switch self {
        case .byteBuffer(let bytes): bytes
        case .fileRegion: preconditionFailure("no files are sent")
        }
    }
}
