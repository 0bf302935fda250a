import Synchronization

/// Keeps an engine's ``EngineHealth``, and tells of what changes in it. Any thread.
public final class EngineWatch: Sendable {
    /// What an operator should know.
    public enum Incident: Equatable, Sendable {
        /// Reads failed: how many since this was last told, and why the last of them did.
        case readsFail(count: Int, EngineError)
        /// Writes failed: the same.
        case writesFail(count: Int, EngineError)
        /// Writes succeed again.
        case writesAgain
    }

    private struct State {
        var health = EngineHealth()
        var reads = Repetition()
        var writes = Repetition()
    }

    /// Of an incident that goes on, what was not told yet.
    private struct Repetition {
        private var untold = 0
        private var toldAt: ContinuousClock.Instant?

        /// Nil if the last time was too short ago.
        mutating func count(every interval: Duration) -> Int? {
            untold += 1
            let now = ContinuousClock.now
            if let toldAt, now - toldAt < interval { return nil }
            toldAt = now
            defer { untold = 0 }
            return untold
        }
    }

    private let state = Mutex(State())
    private let interval: Duration
    private let tell: @Sendable (Incident) -> Void

    /// - Parameters:
    ///   - interval: How long what goes on is not told again.
    ///   - tell: Called on the thread whose call shows it; must not block.
    public init(
        every interval: Duration = .seconds(60), tell: @escaping @Sendable (Incident) -> Void = { _ in }
    ) {
        self.interval = interval
        self.tell = tell
    }

    public var health: EngineHealth { state.withLock { $0.health } }

    /// A read failed, or gave what its owner cannot decode. What is no damage is passed over.
    public func readFailed(_ error: EngineError) {
        guard error.isDamage else { return }
        let count = state.withLock { state in
            state.health.failedReads += 1
            state.health.readError = error
            return state.reads.count(every: interval)
        }
        if let count { tell(.readsFail(count: count, error)) }
    }

    /// A write failed. What is the fault of the call is passed over.
    func writeFailed(_ error: EngineError) {
        guard error.isDamage || error.code == .noSpace else { return }
        let count = state.withLock { state in
            state.health.failedWrites += 1
            state.health.writeError = error
            return state.writes.count(every: interval)
        }
        if let count { tell(.writesFail(count: count, error)) }
    }

    func wrote() {
        let isNews = state.withLock { state in
            guard state.health.writeError != nil else { return false }
            state.health.writeError = nil
            state.writes = Repetition()
            return true
        }
        if isNews { tell(.writesAgain) }
    }
}
