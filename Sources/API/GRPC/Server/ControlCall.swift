import Access
import ClusterCore
import GRPCCore
import NIOCore
import NIOHTTP2
import SwiftProtobuf
import TextAPI

/// A method off the hot path: a task serves it, with the generated messages.
struct ControlMethod: Sendable {
    /// Sends one message; throws when nobody waits for more.
    typealias Send = @Sendable ([UInt8]) async throws -> Void

    let serve: @Sendable (_ request: [UInt8], _ rights: ControlRights, _ send: Send) async throws -> Void
    /// Whether it goes on until it is cancelled.
    let isEndless: Bool

    /// One that answers with one message.
    ///
    /// - Parameter bucket: Which the request is about; empty for none.
    init<Input: Message, Output: Message>(
        in bucket: @escaping @Sendable (Input) -> String = { _ in "" },
        _ body: @escaping @Sendable (Input) async throws -> Output
    ) {
        serve = { request, rights, send in
            let input: Input = try Self.decode(request)
            let output = try await rights.exercise(in: bucket(input), input) { try await body(input) }
            try await send(output.serializedBytes())
        }
        isEndless = false
    }

    /// One that answers with messages until it is cancelled.
    init<Input: Message, Output: Message>(
        watch body: @escaping @Sendable (Input, _ send: (Output) async throws -> Void) async throws -> Void
    ) {
        serve = { request, rights, send in
            let input: Input = try Self.decode(request)
            try await rights.exercise(in: "", input) {
                try await body(input) { try await send(try $0.serializedBytes()) }
            }
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

/// Whose a call is, and what it is.
struct ControlRights: Sendable {
    let operation: Operation
    let caller: Caller

    /// Carries out what was asked for, if that is allowed, and has the audit log tell of it.
    func exercise<Result>(
        in bucket: String, _ request: some Message, _ body: () async throws -> Result
    ) async throws -> Result {
        var caller = caller
        try caller.check(operation, bucket: bucket)
        guard operation.isAudited else { return try await body() }
        let detail = request.textFormatString().split(whereSeparator: \.isNewline).joined(separator: " ")
        do {
            let result = try await body()
            caller.audit(operation, bucket: bucket, detail: detail, failure: nil)
            return result
        } catch {
            let failure = GRPCFailure(any: error).message
            caller.audit(operation, bucket: bucket, detail: detail, failure: failure)
            throw error
        }
    }
}

/// A call of such a method.
final class ControlCall: SingleCall {
    private let method: ControlMethod
    private let operation: Operation
    private var task: Task<Void, Never>?

    init(
        _ method: ControlMethod, _ operation: Operation, timeoutMillis: Int?, stream: HTTP2StreamID,
        connection: GRPCConnectionHandler
    ) {
        self.method = method
        self.operation = operation
        super.init(stream: stream, connection: connection)
        setDeadline(timeoutMillis)
    }

    override func begin(_ message: ByteBuffer) throws(GRPCFailure) {
        let request = Array(buffer: message)
        let loop = connection.loop
        let me = NIOLoopBound(self, eventLoop: loop)
        let rights = ControlRights(operation: operation, caller: caller)
        task = Task(executorPreference: shared.executor) { [method] in
            var failure: GRPCFailure?
            do {
                try await method.serve(request, rights) { bytes in
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
