import ClusterCore
import GRPCCore
import Synchronization

/// What stands between a session's reader, the store, and the session's writer.
///
/// The store's threads encode replies into it; the one writer takes whatever has gathered. The reader asks
/// for room first: it gets none while too many operations are in flight or too many replies are unsent, which
/// stops the reading from the client, and so is the back-pressure.
final class SessionOutbox: Sendable {
    private struct State {
        /// Finished messages, then the one that is being appended to.
        var full: [[UInt8]] = []
        var current = ProtoWriter()
        /// Of all replies that the transport hasn't taken, those included that the writer is at.
        var unsentBytes = 0
        /// Of those, what the writer is at.
        var writingBytes = 0
        var inFlight = 0
        /// No more operations will be taken.
        var inputEnded = false
        /// The writer is gone: replies are dropped.
        var abandoned = false
        /// Why the input ended, unless the client ended it.
        var failure: RPCError?
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?

        func hasRoom(_ limits: SessionHandler.Limits) -> Bool {
            inFlight < limits.maxInFlight && unsentBytes < limits.maxUnsentBytes
        }
        var isAtEnd: Bool { abandoned || (inputEnded && inFlight == 0) }

        mutating func takeReader() -> CheckedContinuation<Void, Never>? {
            defer { reader = nil }
            return reader
        }
        mutating func takeWriter() -> CheckedContinuation<Void, Never>? {
            defer { writer = nil }
            return writer
        }
    }

    private let limits: SessionHandler.Limits
    private let state = Mutex(State())

    init(limits: SessionHandler.Limits) { self.limits = limits }

    // MARK: The reader's side

    /// Waits until there is room for an operation, then takes it for as many as there is, `wanted` at most.
    ///
    /// - Returns: How many may be submitted; each must be answered by `complete`. 0: the session takes no
    ///   more.
    func reserve(_ wanted: Int) async -> Int {
        while true {
            let granted: Int? = state.withLock { state in
                if state.inputEnded || state.abandoned { return 0 }
                let room = state.hasRoom(limits) ? limits.maxInFlight - state.inFlight : 0
                state.inFlight += min(room, wanted)
                return room > 0 ? min(room, wanted) : nil
            }
            if let granted { return granted }
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let resumeAtOnce = state.withLock { (state) -> Bool in
                    if state.hasRoom(limits) || state.inputEnded || state.abandoned { return true }
                    state.reader = continuation
                    return false
                }
                if resumeAtOnce { continuation.resume() }
            }
        }
    }

    /// The client sends no more, or what it sends can't be read, or the node drains: the writer ends when all
    /// that was taken is answered.
    func endInput(_ failure: RPCError? = nil) {
        let (reader, writer) = state.withLock { state in
            if !state.inputEnded { state.failure = failure }
            state.inputEnded = true
            return (state.takeReader(), state.takeWriter())
        }
        reader?.resume()
        writer?.resume()
    }

    /// How the stream is to end; nil for well.
    var failure: RPCError? { state.withLock { $0.failure } }

    // MARK: The store's side

    /// Any thread: queues the reply to one reserved operation.
    ///
    /// Operations in flight were taken before their replies' sizes were known. Once the client is behind by
    /// `maxUnsentBytes`, long replies are dropped for a failure, so a session holds that much and one reply
    /// more, besides short ones.
    func complete(id: UInt64, _ response: Response, as message: ReplyMessage) {
        let isShort = ProtoSize.body(response, as: message) <= Response.shortBytes
        let (reader, writer) = state.withLock { state in
            state.inFlight -= 1
            if !state.abandoned {
                let isDropped = !isShort && state.unsentBytes >= limits.maxUnsentBytes
                let sent = isDropped ? response.dropped("take the replies faster") : response
                let before = state.current.bytes.count
                state.current.sessionResult(id: id, sent, as: message)
                state.unsentBytes += state.current.bytes.count - before
                if state.current.bytes.count >= limits.replyBytes { Self.closeCurrent(&state) }
            }
            // At half, so that reader and store don't wake each other for every single operation.
            let wakeReader = state.inFlight <= limits.maxInFlight / 2
            return (wakeReader ? state.takeReader() : nil, state.takeWriter())
        }
        reader?.resume()
        writer?.resume()
    }

    private static func closeCurrent(_ state: inout State) {
        state.full.append(state.current.bytes)
        state.current = ProtoWriter()
    }

    // MARK: The writer's side

    private struct Gathered {
        var messages: [[UInt8]]
        var isAtEnd: Bool
        var reader: CheckedContinuation<Void, Never>?
    }

    /// Waits for replies; what the call before gave has been sent by now. nil when the input has ended and
    /// everything is answered and taken, or after `abandon`.
    func next() async -> [[UInt8]]? {
        while true {
            let gathered: Gathered = state.withLock { state in
                if !state.current.bytes.isEmpty { Self.closeCurrent(&state) }
                let hasSent = state.writingBytes > 0
                state.unsentBytes -= state.writingBytes
                // All that is left is in `full`.
                state.writingBytes = state.unsentBytes
                defer { state.full = [] }
                return Gathered(
                    messages: state.full, isAtEnd: state.isAtEnd,
                    reader: hasSent ? state.takeReader() : nil)
            }
            gathered.reader?.resume()
            if !gathered.messages.isEmpty { return gathered.messages }
            if gathered.isAtEnd { return nil }
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let resumeAtOnce = state.withLock { (state) -> Bool in
                    if !state.current.bytes.isEmpty || !state.full.isEmpty || state.isAtEnd { return true }
                    state.writer = continuation
                    return false
                }
                if resumeAtOnce { continuation.resume() }
            }
        }
    }

    /// Nothing can be sent any more.
    func abandon() {
        let (reader, writer) = state.withLock { state in
            state.abandoned = true
            state.full = []
            state.current = ProtoWriter()
            (state.unsentBytes, state.writingBytes) = (0, 0)
            return (state.takeReader(), state.takeWriter())
        }
        reader?.resume()
        writer?.resume()
    }
}
