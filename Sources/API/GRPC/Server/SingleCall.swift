import GRPCCore
import NIOCore

/// A call of one message.
class SingleCall: Call {
    private var message: ByteBuffer?

    /// It has come whole.
    func begin(_ message: ByteBuffer) throws(GRPCFailure) {}

    override final var keptBytes: Int { message?.readableBytes ?? 0 }

    override final func advance() throws(GRPCFailure) {
        while let next = try nextMessage() {
            guard message == nil else { throw GRPCFailure(.internalError, "Too many messages.") }
            // A copy lets go of the memory that it came in: the end of the stream may be long in coming.
            message = hasEndedInput ? next : ByteBuffer(bytes: next.readableBytesView)
        }
        guard hasEndedInput, !isInputOver else { return }
        try endOfMessages()
        guard let message = message.take() else { throw GRPCFailure(.internalError, "Empty stream.") }
        try begin(message)
    }
}
