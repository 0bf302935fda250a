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
    /// Nothing comes or goes any more. Called once, also of a stream that never began.
    func ended(_ error: (any Error)?)
}

/// One end of an `Exchange` on its HTTP/2 stream: frames into messages, and an outbox into frames.
///
/// All of it happens on the connection's event loop. What waits in the outbox leaves together at the end of the loop's tick.
final class ExchangeStream<Role: ExchangeRole> {
    /// What the stream takes from the outbox, and its limit, before that has gone to the socket: little, but enough to keep
    /// the socket busy.
    private static var maxUnsentBytes: Int { 64 << 10 }

    private let role: Role
    private let outbox: Outbox
    private var reader = MessageReader()
    /// While the stream lives.
    private var connection: ExchangeConnection<Role>?
    private var wake: @Sendable () -> Void = {}
    /// Of messages that HTTP/2 has not let go to the socket.
    private var unsentBytes = 0
    /// Whatever comes after what was not taken, or after the end of this side, is dropped.
    private var isRefused = false
    private var hasDrained = false
    /// Whether the peer may send more.
    private(set) var wantsInput = true
    private var hasEnded = false

    init(_ role: Role, outbox: Outbox) {
        self.role = role
        self.outbox = outbox
    }

    func begin(on connection: ExchangeConnection<Role>, _ loop: any EventLoop) {
        self.connection = connection
        let bound = NIOLoopBound(self, eventLoop: loop)
        wake = { loop.execute { bound.value.sendFromOutbox() } }
        role.began(self)
    }

    /// Nothing comes or goes any more.
    func close(_ error: (any Error)?) {
        guard !hasEnded else { return }
        hasEnded = true
        connection = nil
        wake = {}
        role.ended(error)
    }

    // MARK: Sending

    func send(headers: HPACKHeaders) { connection?.write(.headers(.init(headers: headers))) }

    func send(message: [UInt8]) {
        write(message)
        connection?.flush()
    }

    /// Sends the last headers. The peer closes the stream: a reset by this end could overtake them at some clients.
    func end(_ headers: HPACKHeaders) {
        isRefused = true
        finish(.headers(.init(headers: headers, endStream: true)))
    }

    /// Sends no more, and goes on reading.
    func endSending() {
        finish(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true)))
    }

    private func finish(_ last: HTTP2Frame.FramePayload) {
        // If the peer has ended its half, this closes the stream, which lets go of the connection.
        guard let connection else { return }
        connection.write(last)
        connection.flush()
    }

    /// Sends what waits, now and whenever something comes, until the outbox has been finished.
    func sendFromOutbox() {
        var hasWritten = false
        sending: while let connection, connection.isWritable, unsentBytes < Self.maxUnsentBytes {
            switch outbox.take(orWake: wake) {
            case .batch(let batch):
                write(batch)
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
        if hasWritten { connection?.flush() }
    }

    private func write(_ message: [UInt8]) {
        guard let connection else { return }
        let buffer = MessageReader.frame(message, connection.allocator)
        unsentBytes += buffer.readableBytes
        connection.write(.data(.init(data: .byteBuffer(buffer))))
    }

    /// HTTP/2 has let so many bytes go to the socket.
    func left(_ bytes: Int) {
        let wasFull = unsentBytes >= Self.maxUnsentBytes
        unsentBytes -= bytes
        if wasFull, unsentBytes < Self.maxUnsentBytes { goOn() }
    }

    /// Not at once: this comes from within the write of a frame that has not left yet, and the end must not overtake it.
    func goOn() { wake() }

    // MARK: Receiving

    func receive(_ headers: HPACKHeaders, isLast: Bool) {
        role.received(headers: headers, on: self)
        if isLast { endInput() }
    }

    func receive(_ bytes: ByteBuffer, isLast: Bool) {
        if !isRefused {
            reader.append(bytes)
            readMessages()
        }
        if isLast { endInput() }
    }

    private func endInput() {
        wantsInput = false
        role.peerEnded(on: self)
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
}
