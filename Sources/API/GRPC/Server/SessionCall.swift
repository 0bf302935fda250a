import Cluster
import ClusterCore
import GRPCCore
import TextAPI

/// One `Session` stream: a reader that submits, a writer that sends what is ready, and no task per operation.
struct SessionHandler: Sendable {
    /// What one session may hold.
    struct Limits: Sendable {
        /// Operations that were taken and not answered yet.
        var maxInFlight: Int
        /// Bytes of replies that the client hasn't taken yet, from which no more operations are read, and
        /// replies that aren't short are replaced by failures.
        var maxUnsentBytes: Int
        /// Bytes from which a reply message is closed and the next begun; a single reply may be longer.
        var replyBytes: Int
    }

    let service: any KeyValueService
    let rules: RequestRules
    let limits: Limits

    /// Serves the stream until the client ends it, it breaks, or the node drains.
    func run(
        _ messages: RPCAsyncSequence<[SessionOperation], any Error>, _ writer: RPCWriter<[UInt8]>
    ) async throws {
        let outbox = SessionOutbox(limits: limits)
        try await withTaskCancellationHandler {
            try await withRPCCancellationHandler {
                try await withThrowingDiscardingTaskGroup { group in
                    group.addTask {
                        do {
                            try await read(messages, into: outbox)
                        } catch {
                            // A broken message, or a broken stream: what was taken is answered first.
                            outbox.endInput(
                                error as? RPCError ?? RPCError(code: .unknown, message: "\(error)"))
                        }
                        outbox.endInput()
                    }
                    defer {
                        outbox.abandon()
                        group.cancelAll()
                    }
                    while let replies = await outbox.next() { try await writer.write(contentsOf: replies) }
                }
            } onCancelRPC: {
                outbox.endInput(RPCError(code: .unavailable, message: "the node is shutting down"))
            }
        } onCancel: {
            outbox.abandon()
        }
        if let failure = outbox.failure { throw failure }
    }

    private func read(
        _ messages: RPCAsyncSequence<[SessionOperation], any Error>, into outbox: SessionOutbox
    ) async throws {
        for try await operations in messages {
            var rest = operations[...]
            while !rest.isEmpty {
                let granted = await outbox.reserve(rest.count)
                if granted == 0 { return }
                for operation in rest.prefix(granted) { submit(operation, outbox) }
                rest = rest.dropFirst(granted)
            }
        }
    }

    private func submit(_ operation: SessionOperation, _ outbox: SessionOutbox) {
        let (id, reply) = (operation.id, operation.reply)
        do throws(RequestError) {
            var request = try operation.request.get()
            try rules.apply(to: &request)
            service.submit(request) { outbox.complete(id: id, reply.presentable($0), as: reply) }
        } catch {
            outbox.complete(id: id, .failed(error), as: reply)
        }
    }
}
