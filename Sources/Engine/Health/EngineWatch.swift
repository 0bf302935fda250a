import Synchronization

/// Keeps an engine's ``EngineHealth``, and tells of what changes in it. Any thread.
public final class EngineWatch: Sendable {
    /// What an operator should know.
    public enum Incident: Equatable, Sendable {
        /// A read failed.
        case readFailed(EngineError)
        /// A write failed.
        case writeFailed(EngineError)
        /// Writes succeed again.
        case writesAgain
    }

    private let state = Mutex(EngineHealth())
    private let tell: @Sendable (Incident) -> Void

    /// - Parameter tell: Called on the thread whose call shows it, each time: where that is not wanted, it is for `tell` to
    ///   leave some out. Must not block.
    public init(tell: @escaping @Sendable (Incident) -> Void = { _ in }) { self.tell = tell }

    public var health: EngineHealth { state.withLock { $0 } }

    /// A read failed, or gave what its owner cannot decode. What is no damage is passed over.
    public func readFailed(_ error: EngineError) {
        guard error.isDamage else { return }
        state.withLock { health in
            health.failedReads += 1
            health.readError = error
        }
        tell(.readFailed(error))
    }

    /// A write failed. What is the fault of the call is passed over.
    func writeFailed(_ error: EngineError) {
        guard error.isDamage || error.code == .noSpace else { return }
        state.withLock { health in
            health.failedWrites += 1
            health.writeError = error
        }
        tell(.writeFailed(error))
    }

    func wrote() {
        let isNews = state.withLock { health in
            guard health.writeError != nil else { return false }
            health.writeError = nil
            return true
        }
        if isNews { tell(.writesAgain) }
    }
}
