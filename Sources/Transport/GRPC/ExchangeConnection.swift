import GRPCWire
import NIOCore
import NIOHTTP2

/// The frames of a connection between two nodes, behind NIO's handler of HTTP/2: one stream at a time, without a channel of
/// its own, which each message would have to pass.
final class ExchangeConnection<Role: ExchangeRole>: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let window: ReceiveWindow
    private let accept: ((any Channel) -> ExchangeStream<Role>)?
    private var stream: ExchangeStream<Role>?
    private var streamID = HTTP2StreamID.rootStream
    private var isUp = false
    private var error: (any Error)?
    private var context: ChannelHandlerContext?

    /// - Parameter accept: What the called node makes of a stream that the caller opens; nil on the caller's side.
    init(window: ReceiveWindow, accept: ((any Channel) -> ExchangeStream<Role>)? = nil) {
        self.window = window
        self.accept = accept
    }

    /// Has the caller's one stream begin as soon as the connection is up.
    func open(_ stream: ExchangeStream<Role>) {
        guard context != nil else { return stream.close(error) }
        self.stream = stream
        if isUp { begin(stream, 1) }
    }

    // MARK: What the stream uses

    var allocator: ByteBufferAllocator { context?.channel.allocator ?? ByteBufferAllocator() }

    /// Whether the socket would take more.
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ payload: HTTP2Frame.FramePayload) { write(payload, on: streamID) }

    func flush() { context?.flush() }

    private func write(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID) {
        context?.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: nil)
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        isUp = true
        if let increment = window.opening { credit(increment, to: .rootStream) }
        if let stream { begin(stream, 1) }
        context.fireChannelActive()
    }

    private func begin(_ stream: ExchangeStream<Role>, _ id: HTTP2StreamID) {
        guard let context else { return }
        streamID = id
        stream.begin(on: self, context.eventLoop)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let payload):
            if let stream = stream(for: frame.streamID) {
                stream.receive(payload.headers, isLast: payload.endStream)
            }
        case .data(let payload):
            guard frame.streamID == streamID, case .byteBuffer(let bytes) = payload.data else { return }
            stream?.receive(bytes, isLast: payload.endStream)
        default: context.fireChannelRead(data)
        }
    }

    /// The stream that headers are for, which may be its first ones.
    private func stream(for id: HTTP2StreamID) -> ExchangeStream<Role>? {
        if id == streamID { return stream }
        guard let accept, let context else { return nil }
        if stream != nil {
            // NIO sees to the limit only once the caller has confirmed that it knows it.
            write(.rstStream(.refusedStream), on: id)
            return nil
        }
        let stream = accept(context.channel)
        self.stream = stream
        begin(stream, id)
        return stream
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as NIOHTTP2WindowUpdatedEvent:
            if let bytes = event.inboundWindowSize { windowChanged(event.streamID, bytes) }
        case let event as StreamClosedEvent where event.streamID == streamID:
            end(event.reason.map { StreamReset(code: $0) })
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func windowChanged(_ id: HTTP2StreamID, _ bytes: Int) {
        guard id == .rootStream || (id == streamID && stream?.wantsInput == true) else { return }
        if let increment = window.increment(at: bytes) { credit(increment, to: id) }
    }

    /// It leaves with whatever is flushed next, at the latest once all that has come is read.
    private func credit(_ bytes: Int, to id: HTTP2StreamID) {
        write(.windowUpdate(windowSizeIncrement: bytes), on: id)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { stream?.goOn() }
        context.fireChannelWritabilityChanged()
    }

    // MARK: The end

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Those of a stream say less than how it was closed.
        if !(error is NIOHTTP2Errors.StreamError) { self.error = self.error ?? error }
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(nil)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(nil)
        self.context = nil
    }

    /// The stream is over; the called end takes another.
    private func end(_ reason: (any Error)?) {
        let ended = stream
        stream = nil
        ended?.close(error ?? reason)
    }
}

extension ExchangeConnection: NIOHTTP2FrameDelegate {
    /// HTTP/2 has let a frame go to the socket.
    func wroteFrame(_ frame: HTTP2Frame) {
        if case .data(let payload) = frame.payload, frame.streamID == streamID {
            stream?.left(payload.data.readableBytes)
        }
    }
}

/// The peer, or HTTP/2 on its behalf, has reset the stream.
private struct StreamReset: Error, CustomStringConvertible {
    var code: HTTP2ErrorCode

    var description: String { "the stream was reset: \(code)" }
}
