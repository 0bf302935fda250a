import Foundation

/// What engine threads hand back to the thread that asks.
final class Completions: @unchecked Sendable {
    // @unchecked: `ended` is touched only with the condition's lock held.
    private let condition = NSCondition()
    private var ended: [Ended] = []

    func add(_ more: [Ended]) {
        condition.withLock { ended += more }
        condition.signal()
    }

    /// Takes what is there.
    ///
    /// - Parameter waits: Whether to wait until there is anything.
    func take(waits: Bool) -> [Ended] {
        condition.withLock {
            while waits, ended.isEmpty { condition.wait() }
            defer { ended = [] }
            return ended
        }
    }
}
