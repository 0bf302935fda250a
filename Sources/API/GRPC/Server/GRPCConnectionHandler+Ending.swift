import NIOCore
import NIOHTTP2

/// The end of a connection in good order, in the two steps of HTTP/2 (RFC 9113, section 6.8): the client is told to begin no
/// more calls, and once its answer to a ping shows that it has heard so, which calls are the last.
extension GRPCConnectionHandler {
    /// Says which ping is answered.
    private static let pingData = HTTP2PingData(withInteger: 0x6b76_6e6f_6465)
    /// As in HTTP: closing at once, with bytes of the client unread, might take the last reply with it.
    private static let lingerTime = TimeAmount.seconds(1)

    /// Takes no more calls than the client has already begun, and has those end that would not by themselves.
    func drain() {
        guard phase == .serving else { return }
        phase = .draining
        sayLast()
        write(.ping(Self.pingData, ack: false), on: .rootStream)
        for call in allCalls { call.drain() }
    }

    /// GOAWAY with the highest of all stream IDs and no error, past NIO's handler of HTTP/2: once that has sent any GOAWAY,
    /// it takes no new stream.
    private func sayLast() {
        let frame: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]
        // A channel without the handler is being closed.
        let http2 = try? context?.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self)
        http2?.writeAndFlush(NIOAny(IOData.byteBuffer(ByteBuffer(bytes: frame))), promise: nil)
    }

    /// The client has answered a ping.
    func pinged(_ data: HTTP2PingData) {
        guard phase == .draining, data == Self.pingData else { return }
        phase = .ending
        write(goAway, on: .rootStream)
        endSoon()
    }

    private var goAway: HTTP2Frame.FramePayload {
        .goAway(lastStreamID: lastStreamID, errorCode: .noError, opaqueData: nil)
    }

    /// Closes the connection if no call is left. Not at once: the last frame may not have gone to the socket yet.
    func endSoon() {
        let me = NIOLoopBound(self, eventLoop: loop)
        loop.execute { me.value.endIfDone() }
    }

    private func endIfDone() {
        guard phase == .ending, !hasCalls, let context else { return }
        phase = .closed
        let channel = context.channel
        let last = HTTP2Frame(streamID: .rootStream, payload: goAway)
        // It ends when all before it has gone out.
        context.writeAndFlush(wrapOutboundOut(last)).whenComplete { _ in
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: Self.lingerTime) { channel.close(promise: nil) }
        }
    }
}
