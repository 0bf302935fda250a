import Access
import Cluster
import ClusterCore
import GRPCCore
import GRPCWire
import NIOCore
import NIOHPACK
import NIOHTTP2
import ProtoWire
import TextAPI

/// Serves the calls of one connection, behind NIO's handler of HTTP/2: without a channel, a task or a future for any of them.
///
/// Replies that become ready in one turn of the loop leave together. Nothing is read while the client's socket takes no
/// more; what its HTTP/2 windows hold back is counted, since reading has to go on there: the windows open by what is read.
final class GRPCConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// How far the end of the connection has come.
    enum Phase {
        case serving
        /// The client is told to begin no more calls; those that it began before it heard so are served.
        case draining
        /// It has heard so, and the connection ends with the last call.
        case ending
        case closed
    }

    let shared: Shared
    private let pause: ReadPause
    private var calls: [HTTP2StreamID: Call] = [:]
    /// The last that the client opened.
    private var lastStream = HTTP2StreamID.rootStream
    /// Those that HTTP/2 knows, ones whose call has ended and whose client has not said its last word included.
    private var openStreams = 0
    /// Requests that the store has, those of calls included that were given up meanwhile.
    private var requestsInStore = 0
    /// Of all calls, and held against the limits of those names.
    var receivedBytes = 0
    var received: ReceivedBytes
    var unsentBytes = 0
    /// Calls that have something to write before the next flush.
    private var gathering: [Call] = []
    private var isReading = false
    private var isFlushScheduled = false
    /// Whether the channel would read.
    private var wantsToRead = false
    var phase = Phase.serving
    private(set) var context: ChannelHandlerContext?
    private var channel: (any Channel)?
    var identity: HeaderIdentity

    /// - Parameter pause: Of the same channel, nearest to the socket.
    init(shared: Shared, pause: ReadPause) {
        self.shared = shared
        self.pause = pause
        received = ReceivedBytes(of: shared.budget)
        identity = HeaderIdentity(shared.access, over: .grpc)
    }

    /// While the handler is in a channel, and after.
    var loop: any EventLoop { channel!.eventLoop }
    var allocator: ByteBufferAllocator { channel!.allocator }
    var hasCalls: Bool { !calls.isEmpty }
    var lastStreamID: HTTP2StreamID { lastStream }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        channel = context.channel
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        abandonAll()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        abandonAll()
        context.fireChannelInactive()
    }

    private func abandonAll() {
        let all = calls.values
        calls = [:]
        gathering = []
        for call in all { call.abandon() }
    }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let payload):
            // Those that follow the first ones are trailers, which say nothing in gRPC.
            let call =
                calls[frame.streamID]
                ?? (frame.streamID > lastStream ? begin(frame.streamID, payload.headers) : nil)
            if payload.endStream { call?.receive(ByteBuffer(), isLast: true) }
        case .data(let payload):
            guard case .byteBuffer(let bytes) = payload.data else { return }
            calls[frame.streamID]?.receive(bytes, isLast: payload.endStream)
        case .ping(let content, ack: true):
            pinged(content)
            context.fireChannelRead(data)
        default: break
        }
    }

    private func begin(_ stream: HTTP2StreamID, _ headers: HPACKHeaders) -> Call? {
        lastStream = stream
        // NIO sees to the limit only once the client has confirmed that it knows it. This stream is not counted yet.
        if openStreams >= shared.limits.maxCalls {
            write(.rstStream(.refusedStream), on: stream)
            return nil
        }
        let head = CallHead(headers)
        if let refusal = head.refusal {
            refuse(refusal, on: stream)
            return nil
        }
        guard let entry = shared.methods[head.path] else {
            refuse(
                GRPCFailure(.unimplemented, "there is no method \(head.path.prefix(100))").headers(
                    isAll: true),
                on: stream)
            return nil
        }
        let call = makeCall(entry, head, stream)
        calls[stream] = call
        identify(call, entry.operation, head.authorization)
        if phase != .serving { call.drain() }
        return call
    }

    private func refuse(_ headers: HPACKHeaders, on stream: HTTP2StreamID) {
        write(.headers(.init(headers: headers, endStream: true)), on: stream)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as NIOHTTP2WindowUpdatedEvent: windowChanged(event)
        case is NIOHTTP2StreamCreatedEvent: openStreams += 1
        case let event as StreamClosedEvent:
            openStreams -= 1
            ended(event.streamID)
        case is ChannelShouldQuiesceEvent: drain()
        // HTTP/2 goes both ways or not at all.
        case let event as ChannelEvent where event == .inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Windows

    private func windowChanged(_ event: NIOHTTP2WindowUpdatedEvent) {
        guard let bytes = event.inboundWindowSize else { return }
        if event.streamID == .rootStream {
            // Whatever has come was taken or dropped; what one call keeps must not stop the others.
            if let increment = shared.limits.window.increment(at: bytes) {
                credit(increment, to: .rootStream)
            }
        } else {
            calls[event.streamID]?.windowChanged(bytes)
        }
    }

    /// Lets the client send so many bytes more.
    func credit(_ bytes: Int, to stream: HTTP2StreamID) {
        write(.windowUpdate(windowSizeIncrement: bytes), on: stream)
    }

    func channelActive(context: ChannelHandlerContext) {
        identity = HeaderIdentity(shared.access, over: .grpc, address: context.channel.clientAddress)
        if let increment = shared.limits.window.opening { credit(increment, to: .rootStream) }
        context.fireChannelActive()
    }

    // MARK: Requests

    /// A request goes to the store.
    ///
    /// - Throws: If the store has too many of this connection, though the client may have given their calls up, or too
    ///   many replies wait for the client.
    func beginRequest() throws(RequestError) {
        guard requestsInStore < shared.limits.maxCalls else {
            throw RequestError(.overloaded, "the connection has too many requests under way")
        }
        guard unsentBytes < shared.limits.maxUnsentBytes else {
            throw RequestError(.overloaded, "too many replies of the connection wait; take them faster")
        }
        requestsInStore += 1
    }

    func endRequest() { requestsInStore -= 1 }

    /// What is sent of a response: too many replies wait, if not this one.
    func sendable(_ response: Response, as message: ReplyMessage) -> Response {
        if case .failed(let error) = response, error.code == .overloaded { pause.begin() }
        guard unsentBytes >= shared.limits.maxUnsentBytes,
            ProtoSize.body(response, as: message) > Response.shortBytes
        else { return response }
        return response.dropped("take the replies faster")
    }

    // MARK: What goes

    func write(_ payload: HTTP2Frame.FramePayload, on stream: HTTP2StreamID) {
        guard let context, phase != .closed else { return }
        context.write(wrapOutboundOut(HTTP2Frame(streamID: stream, payload: payload)), promise: nil)
        scheduleFlush()
    }

    /// Has the call write before the next flush.
    func gather(_ call: Call) {
        if gathering.last !== call { gathering.append(call) }
        scheduleFlush()
    }

    /// Has a call go on that had to wait for the client.
    func resume(_ call: Call) {
        let call = NIOLoopBound(call, eventLoop: loop)
        loop.execute { call.value.goOn() }
    }

    /// Once for all that becomes ready in this turn of the loop.
    private func scheduleFlush() {
        guard !isReading, !isFlushScheduled else { return }
        isFlushScheduled = true
        let me = NIOLoopBound(self, eventLoop: loop)
        loop.execute {
            me.value.isFlushScheduled = false
            me.value.flush()
        }
    }

    private func flush() {
        // What is written here leaves with the rest.
        let wasScheduled = isFlushScheduled
        isFlushScheduled = true
        while let call = gathering.popLast() { call.writeGathered() }
        isFlushScheduled = wasScheduled
        context?.flush()
    }

    private func ended(_ stream: HTTP2StreamID) {
        guard let call = calls.removeValue(forKey: stream) else { return }
        call.abandon()
        if phase != .serving, calls.isEmpty { endSoon() }
    }

    // MARK: Back-pressure

    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable { context.read() } else { wantsToRead = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if wantsToRead, context.channel.isWritable {
            wantsToRead = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }
}

extension GRPCConnectionHandler: NIOHTTP2FrameDelegate {
    /// HTTP/2 has let a frame go to the socket.
    func wroteFrame(_ frame: HTTP2Frame) {
        switch frame.payload {
        case .data(let payload): calls[frame.streamID]?.left(payload.data.readableBytes)
        case .headers(let payload) where payload.endStream: ended(frame.streamID)
        default: break
        }
    }

    /// The calls at this moment, for what is done with all of them.
    var allCalls: [Call] { Array(calls.values) }
}
