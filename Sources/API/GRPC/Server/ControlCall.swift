import GRPCCore
import NIOCore
import NIOHTTP2
import SwiftProtobuf
import TextAPI

/// A method off the hot path: a task serves it, with the generated messages.
struct ControlMethod: Sendable {
    /// Sends one message; throws when nobody waits for more.
    typealias Send = @Sendable ([UInt8]) async throws -> Void

    let serve: @Sendable (_ request: [UInt8], _ send: Send) async throws -> Void
    /// Whether it goes on until it is cancelled.
    let isEndless: Bool

    /// One that answers with one message.
    init<Input: Message, Output: Message>(_ body: @escaping @Sendable (Input) async throws -> Output) {
        serve = { request, send in
            try await send(try await body(try Self.decode(request)).serializedBytes())
        }
        isEndless = false
    }

    /// One that answers with messages until it is cancelled.
    init<Input: Message, Output: Message>(
        watch body: @escaping @Sendable (Input, _ send: (Output) async throws -> Void) async throws -> Void
    ) {
        serve = { request, send in
            try await body(try Self.decode(request)) { try await send(try $0.serializedBytes()) }
        }
        isEndless = true
    }

    private static func decode<Input: Message>(_ bytes: [UInt8]) throws(GRPCFailure) -> Input {
        do {
            return try Input(serializedBytes: bytes)
        } catch {
            throw GRPCFailure(.invalidArgument, "The message can't be decoded: \(error).")
        }
    }
}

/// A call of such a method.
final class ControlCall: SingleCall {
    private let method: ControlMethod
    private var task: Task<Void, Never>?

    init(
        _ method: ControlMethod, timeoutMillis: Int?, stream: HTTP2StreamID, connection: GRPCConnectionHandler
    ) {
        self.method = method
        super.init(stream: stream, connection: connection)
        setDeadline(timeoutMillis)
    }

    override func begin(_ message: ByteBuffer) throws(GRPCFailure) {
        let request = Array(buffer: message)
        let loop = connection.loop
        let me = NIOLoopBound(self, eventLoop: loop)
        task = Task(executorPreference: shared.executor) { [method] in
            var failure: GRPCFailure?
            do {
                try await method.serve(request) { bytes in
                    try await loop.submit { try me.value.sendIfAwaited(bytes) }.get()
                }
            } catch is CancellationError {
                // By the client, who doesn't wait, or by the end of the node: an endless one has come to its own.
            } catch {
                failure = GRPCFailure(any: error)
            }
            let end = failure
            loop.execute { end.map(me.value.fail) ?? me.value.end() }
        }
        if connection.phase != .serving { drain() }
    }

    private func sendIfAwaited(_ bytes: [UInt8]) throws {
        if isOver { throw CancellationError() }
        send(bytes)
    }

    override func drain() {
        if method.isEndless { task?.cancel() }
    }

    override func abandoned() { task?.cancel() }
}
