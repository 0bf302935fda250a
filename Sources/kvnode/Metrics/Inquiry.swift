import Synchronization

/// A question to something that may hang, such as the file system of a disk that is gone. It is asked once at a time, and
/// whoever wants to know meanwhile shares the answer; nobody waits longer than a limit. Any thread.
final class Inquiry<Answer: Sendable>: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [UInt64: CheckedContinuation<Answer?, Never>] = [:]
        var nextWaiter: UInt64 = 0
        var last: (answer: Answer, at: ContinuousClock.Instant)?
    }

    private let state = Mutex(State())
    private let ask: @Sendable (_ whenAnswered: @escaping @Sendable (Answer) -> Void) -> Void

    /// - Parameter ask: Asks, without waiting, and has its argument called once, on any thread.
    init(_ ask: @escaping @Sendable (_ whenAnswered: @escaping @Sendable (Answer) -> Void) -> Void) {
        self.ask = ask
    }

    /// The last answer, and when it came.
    var last: (answer: Answer, at: ContinuousClock.Instant)? { state.withLock { $0.last } }

    /// How many wait for an answer.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// A new answer; nil if none comes within `limit`. The question stays open then, and is not asked again before it is
    /// answered.
    func answer(within limit: Duration) async -> Answer? {
        await withCheckedContinuation { continuation in
            let (waiter, isFirst) = state.withLock { state in
                let waiter = state.nextWaiter
                state.nextWaiter += 1
                state.waiters[waiter] = continuation
                defer { state.isOpen = true }
                return (waiter, !state.isOpen)
            }
            // First, since the answer may come at once.
            giveUp(waiter, after: limit)
            if isFirst { ask { self.came($0) } }
        }
    }

    private func giveUp(_ waiter: UInt64, after limit: Duration) {
        Task {
            // It is never cancelled, so that it always sleeps to the end.
            try? await Task.sleep(for: limit)
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume(returning: nil)
        }
    }

    private func came(_ answer: Answer) {
        let waiters = state.withLock { state in
            state.last = (answer, .now)
            state.isOpen = false
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: answer) }
    }
}
