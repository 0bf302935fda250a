import Access
import ClusterCore
import GRPCCore
import GRPCWire
import NIOCore
import NIOHPACK
import NIOHTTP2
import TextAPI

/// One call on its stream of HTTP/2: what has come of its messages, and how far its reply is. Subclasses say what becomes of
/// the messages. Lives on its connection's event loop.
class Call {
    let stream: HTTP2StreamID
    let connection: GRPCConnectionHandler
    /// Whose it is.
    final var caller: Caller
    /// Whose it is takes time to be found out: nothing of it is done before.
    private var isHeld = false
    private var reader = MessageReader()
    /// The client sends no more; what came before may still be unread.
    private(set) var hasEndedInput = false
    /// What still comes is passed over.
    private(set) var isInputOver = false
    /// The whole reply is written, or nobody waits for it.
    private(set) var isOver = false
    private var hasResponded = false
    private var deadline: Scheduled<Void>?
    /// Of the client, to send on this stream.
    private var window: Int
    /// Of what the client sent, as the connection has counted it.
    private var countedBytes = 0
    /// Of the reply, given to HTTP/2, which keeps them until the client's windows let them go.
    private(set) var unsentBytes = 0

    init(stream: HTTP2StreamID, connection: GRPCConnectionHandler) {
        self.stream = stream
        self.connection = connection
        caller = Caller(connection.shared.access, over: .grpc)
        window = connection.shared.limits.window.bytes
    }

    var shared: GRPCConnectionHandler.Shared { connection.shared }

    // MARK: For subclasses

    /// Something has come, or there is room for it: goes on with `nextMessage`.
    func advance() throws(GRPCFailure) {}

    /// Nothing more is read, for this reason. Ends the call, where what was taken needs no answer.
    func refuseInput(_ failure: GRPCFailure) { fail(failure) }

    /// It is known whose the call is.
    func admitted() {}

    /// Whether more is wanted of the client now.
    var wantsInput: Bool { true }

    /// Bytes that were taken out of the reader and are kept, for their count.
    var keptBytes: Int { 0 }

    /// Takes nothing more, as the node shuts down, and ends as soon as it can.
    func drain() {}

    /// Nobody waits for the reply any more.
    func abandoned() {}

    /// The client's windows have let some of the reply go.
    func sent(_ bytes: Int) {}

    /// Writes what has gathered since the last time, if `gather` was told.
    func writeGathered() {}

    // MARK: Whose it is

    final func hold() { isHeld = true }

    final func admit(_ caller: Caller) {
        if isOver { return }
        self.caller = caller
        isHeld = false
        admitted()
    }

    // MARK: What comes

    final func receive(_ bytes: ByteBuffer, isLast: Bool) {
        if isLast { hasEndedInput = true }
        if isOver || isInputOver { return }
        reader.append(bytes)
        goOn()
    }

    /// Reads what can be read now.
    final func goOn() {
        if isOver { return }
        if !isHeld {
            do throws(GRPCFailure) {
                try advance()
            } catch {
                endInput()
                refuseInput(error)
            }
        }
        reader.detach()
        count()
        creditWindow()
    }

    final func nextMessage() throws(GRPCFailure) -> ByteBuffer? {
        if isInputOver { return nil }
        do throws(MessageError) {
            return try reader.next(maxBytes: shared.limits.maxMessageBytes)
        } catch {
            throw GRPCFailure(error)
        }
    }

    /// All messages were taken, and there will be no more.
    ///
    /// - Throws: If the client stopped in the midst of one.
    final func endOfMessages() throws(GRPCFailure) {
        guard reader.count == 0 else {
            throw GRPCFailure(.invalidArgument, "the stream ends within a message")
        }
        endInput()
    }

    /// What has come and was not taken is dropped, and so is what still comes.
    final func endInput() {
        isInputOver = true
        reader = MessageReader()
    }

    /// Holds what the call keeps of the client's against what its connection may.
    private func count() {
        let bytes = isOver ? 0 : reader.count + keptBytes
        if bytes == countedBytes { return }
        connection.receivedBytes += bytes - countedBytes
        countedBytes = bytes
        let hasRoom = connection.received.hold(connection.receivedBytes)
        if connection.receivedBytes > shared.limits.maxReceivedBytes, !isOver {
            let limit = shared.limits.maxReceivedBytes
            fail(
                GRPCFailure(
                    .resourceExhausted, "the connection has sent \(limit) bytes of calls that can't begin yet"
                ))
        } else if !hasRoom, !isOver {
            fail(
                GRPCFailure(
                    .resourceExhausted, "the node's clients have sent too much that is not complete"))
        }
    }

    /// The client may send so many bytes on this stream.
    final func windowChanged(_ bytes: Int) {
        window = bytes
        creditWindow()
    }

    /// Lets the client send more, as often as half of its window is used.
    private func creditWindow() {
        guard !hasEndedInput, !isInputOver, !isOver, !isHeld, wantsInput,
            let increment = shared.limits.window.increment(at: window)
        else { return }
        window += increment
        connection.credit(increment, to: stream)
    }

    // MARK: The reply

    /// Begins it, so that the client knows that the call is served.
    final func respond() {
        hasResponded = true
        connection.write(.headers(.init(headers: ReplyHeaders.begin)), on: stream)
    }

    final func send(_ message: [UInt8]) {
        if isOver { return }
        if !hasResponded { respond() }
        let buffer = MessageReader.frame(message, connection.allocator)
        unsentBytes += buffer.readableBytes
        connection.unsentBytes += buffer.readableBytes
        connection.write(.data(.init(data: .byteBuffer(buffer))), on: stream)
    }

    final func end() {
        if isOver { return }
        if !hasResponded { respond() }
        finish(ReplyHeaders.ok)
    }

    final func fail(_ failure: GRPCFailure) {
        if isOver { return }
        finish(failure.headers(isAll: !hasResponded))
    }

    private func finish(_ headers: HPACKHeaders) {
        close()
        connection.write(.headers(.init(headers: headers, endStream: true)), on: stream)
    }

    /// HTTP/2 has passed on bytes of the reply, or dropped them.
    final func left(_ bytes: Int) {
        unsentBytes -= bytes
        connection.unsentBytes -= bytes
        if !isOver { sent(bytes) }
    }

    /// The stream or its connection has ended.
    final func abandon() {
        left(unsentBytes)
        if isOver { return }
        close()
        abandoned()
    }

    private func close() {
        isOver = true
        deadline?.cancel()
        endInput()
        count()
    }

    // MARK: Time

    /// Fails the call when the time is over that the client gives it. For calls whose work knows no deadline.
    final func setDeadline(_ milliseconds: Int?) {
        guard let milliseconds else { return }
        // Whoever waits for weeks may as well wait on.
        let time = TimeAmount.milliseconds(Int64(min(milliseconds, Int(Int32.max))))
        deadline = connection.loop.assumeIsolated().scheduleTask(in: time) { [self] in
            if isOver { return }
            fail(GRPCFailure(.deadlineExceeded, "the call's deadline has passed"))
            abandoned()
        }
    }
}
