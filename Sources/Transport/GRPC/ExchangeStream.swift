import GRPCWire
import NIOCore
import NIOHPACK
import NIOHTTP2

/// What one of the two nodes does with a stream. Called on the stream's event loop.
protocol ExchangeRole: AnyObject, SendableMetatype {
    /// The longest message that is taken now.
    var maxMessageBytes: Int { get }
    /// The stream can be written to.
    func began(_ stream: ExchangeStream<Self>)
    func received(headers: HPACKHeaders, on stream: ExchangeStream<Self>)
    func received(message: [UInt8], on stream: ExchangeStream<Self>) throws(Refusal)
    /// The peer has sent something that is not taken, its message included.
    func refused(_ refusal: Refusal, on stream: ExchangeStream<Self>)
    /// The peer sends no more.
    func peerEnded(on stream: ExchangeStream<Self>)
    /// The outbox has been finished, and all of it is sent.
    func drained(_ stream: ExchangeStream<Self>)
    /// Nothing comes or goes any more.
    func ended(_ error: (any Error)?)
}

/// One end of an `Exchange` on its HTTP/2 stream: frames into messages, and an outbox into frames.
///
/// All of it happens on the stream's event loop. What waits in the outbox leaves together at the end of the loop's tick.
final class ExchangeStream<Role: ExchangeRole>: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let role: Role
    private let outbox: Outbox
    private var reader = MessageReader()
    /// While the stream lives.
    private var context: ChannelHandlerContext?
    private var wake: @Sendable () -> Void = {}
    private var error: (any Error)?
    /// Whatever comes after what was not taken, or after the end of this side, is dropped.
    private var isRefused = false
    private var hasDrained = false

    init(_ role: Role, outbox: Outbox) {
        self.role = role
        self.outbox = outbox
    }

    // MARK: Sending

    func send(headers: HPACKHeaders) {
        context?.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
    }

    func send(message: [UInt8]) {
        guard let context else { return }
        let buffer = MessageReader.frame(message, context.channel.allocator)
        context.writeAndFlush(wrapOutboundOut(.data(.init(data: .byteBuffer(buffer)))), promise: nil)
    }

    /// Sends the last headers. The peer closes the stream: a reset by this end could overtake them at some clients.
    func end(_ headers: HPACKHeaders) {
        isRefused = true
        context?.writeAndFlush(
            wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
    }

    /// Sends no more, and goes on reading.
    func endSending() {
        context?.writeAndFlush(
            wrapOutboundOut(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))), promise: nil)
    }

    /// Sends what waits, now and whenever something comes, until the outbox has been finished.
    func sendFromOutbox() {
        guard let context else { return }
        var hasWritten = false
        sending: while context.channel.isWritable {
            switch outbox.take(orWake: wake) {
            case .batch(let batch):
                let buffer = MessageReader.frame(batch, context.channel.allocator)
                context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(buffer)))), promise: nil)
                hasWritten = true
            case .nothing: break sending
            case .end:
                if !hasDrained {
                    hasDrained = true
                    role.drained(self)
                }
                break sending
            }
        }
        if hasWritten { context.flush() }
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        wake = { loop.execute { bound.value.sendFromOutbox() } }
    }

    func channelActive(context: ChannelHandlerContext) {
        role.began(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let payload):
            role.received(headers: payload.headers, on: self)
            if payload.endStream { role.peerEnded(on: self) }
        case .data(let payload):
            if case .byteBuffer(let bytes) = payload.data, !isRefused {
                reader.append(bytes)
                readMessages()
            }
            if payload.endStream { role.peerEnded(on: self) }
        default: break
        }
    }

    private func readMessages() {
        do throws(Refusal) {
            while let message = try nextMessage() {
                try role.received(message: Array(buffer: message), on: self)
            }
        } catch {
            isRefused = true
            role.refused(error, on: self)
        }
    }

    private func nextMessage() throws(Refusal) -> ByteBuffer? {
        do throws(MessageError) {
            return try reader.next(maxBytes: role.maxMessageBytes)
        } catch {
            throw Refusal(error)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // Not at once: this comes from within the write of a frame that has not left yet, and the end must not overtake it.
        if context.channel.isWritable { wake() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = self.error ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        wake = {}
        role.ended(error)
    }
}
