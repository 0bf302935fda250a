import Access
import Cluster
import ClusterCore
import NIOCore
import NIOHTTP2
import ProtoWire
import TextAPI

/// A `Session`: operations that are answered each by itself, as they are ready. Nothing more is read while too many are in
/// flight, or too many replies are unsent: that shuts the client's window, and so is the back-pressure.
final class SessionCall: Call {
    private var outbox: SessionOutbox
    /// Of the last message: not begun yet.
    private var waiting: ArraySlice<SessionOperation> = []
    private var waitingBytes = 0
    private var isAdvancing = false
    /// How it ends, once all that was taken is answered.
    private var ending: Result<Void, GRPCFailure>?

    override init(stream: HTTP2StreamID, connection: GRPCConnectionHandler) {
        outbox = SessionOutbox(limits: connection.shared.limits.session)
        super.init(stream: stream, connection: connection)
    }

    override func admitted() { respond() }

    override var wantsInput: Bool { waiting.isEmpty && outbox.hasRoom }
    override var keptBytes: Int { waiting.isEmpty ? 0 : waitingBytes }

    // MARK: Operations

    /// A loop, as the store may answer at once.
    override func advance() throws(GRPCFailure) {
        guard !isAdvancing, ending == nil else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while outbox.hasRoom, ending == nil {
            if let operation = waiting.popFirst() {
                begin(operation)
            } else if let message = try nextMessage() {
                waiting = try decode(message)
                waitingBytes = message.readableBytes
            } else {
                if hasEndedInput {
                    try endOfMessages()
                    end(.success(()))
                }
                break
            }
        }
    }

    private func decode(_ message: ByteBuffer) throws(GRPCFailure) -> ArraySlice<SessionOperation> {
        let limit = shared.limits.maxBatchEntries
        return try ProtoMessage.decode(message) { (reader: inout ProtoReader) throws(ProtoError) in
            try SessionOperation.decodeBatch(&reader, limit: limit)
        }[...]
    }

    private func begin(_ operation: SessionOperation) {
        outbox.begin()
        let (id, reply) = (operation.id, operation.reply)
        do throws(RequestError) {
            var request = try operation.request.get()
            try caller.check(reply.operation, bucket: request.bucket)
            try shared.rules.apply(to: &request)
            let loop = connection.loop
            let me = NIOLoopBound(self, eventLoop: loop)
            shared.service.submit(request, from: RequestSource(.grpc, user: caller.user)) { response in
                if loop.inEventLoop {
                    me.value.answer(id, reply.presentable(response), as: reply)
                } else {
                    loop.execute { me.value.answer(id, reply.presentable(response), as: reply) }
                }
            }
        } catch {
            answer(id, .failed(error), as: reply)
        }
    }

    private func answer(_ id: UInt64, _ response: Response, as reply: ReplyMessage) {
        if isOver { return }
        outbox.complete(id: id, connection.sendable(response, as: reply), as: reply)
        connection.gather(self)
        if !isAdvancing { goOn() }
    }

    // MARK: Replies

    override func writeGathered() {
        for message in outbox.take() { send(message) }
        guard let ending, outbox.inFlight == 0 else { return }
        switch ending {
        case .success: end()
        case .failure(let failure): fail(failure)
        }
    }

    override func sent(_ bytes: Int) {
        let hadRoom = outbox.hasRoom
        outbox.sent(bytes)
        // Not at once: this comes from within a write.
        if !hadRoom, outbox.hasRoom { connection.resume(self) }
    }

    // MARK: The end

    /// A broken message: what was taken before it is answered first.
    override func refuseInput(_ failure: GRPCFailure) { end(.failure(failure)) }

    override func drain() { end(.failure(.shuttingDown)) }

    private func end(_ result: Result<Void, GRPCFailure>) {
        guard ending == nil else { return }
        ending = result
        waiting = []
        endInput()
        connection.gather(self)
    }
}
