/// The course of one request: whether it is tried again after a failure, when, and how long an attempt may take.
///
/// Times are those since the request began.
struct RequestCourse: Hashable, Sendable {
    /// For each attempt.
    struct Limits: Hashable, Sendable {
        var maxAttempts: Int
        var backoff: Backoff
        /// Of an attempt at a read; nil for none.
        var attemptTimeout: Duration?
    }

    let limits: Limits
    let effect: Effect
    /// Of the whole request; nil for none.
    let timeout: Duration?
    private(set) var attempts = 1

    init(_ limits: Limits, _ effect: Effect, timeout: Duration?) {
        self.limits = limits
        self.effect = effect
        self.timeout = timeout
    }

    /// How long the present attempt may take; nil for as long as the node lets it.
    func attemptTimeout(elapsed: Duration) -> Duration? {
        let left = timeout.map { max(.milliseconds(1), $0 - elapsed) }
        // The last attempt has nothing to leave time for; nor has a write, whose outcome would be unknown.
        guard let limit = limits.attemptTimeout, effect == .read, attempts < limits.maxAttempts else {
            return left
        }
        return max(.milliseconds(1), left.map { min($0, limit) } ?? limit)
    }

    /// Whether there is no time left.
    func isOver(elapsed: Duration) -> Bool { timeout.map { elapsed >= $0 } ?? false }

    /// After a failure: how long to wait for the next attempt; nil if there is none, and `failure` says why.
    ///
    /// - Parameter random: From 0 up to, not including, 1.
    mutating func delay(
        after error: KVNodeError, elapsed: Duration, budget: inout RetryBudget, random: Double
    ) -> Duration? {
        guard error.isWorthRetrying, attempts < limits.maxAttempts else { return nil }
        let delay = limits.backoff.delay(beforeRetry: attempts, random: random)
        if let timeout, elapsed + delay >= timeout { return nil }
        guard budget.withdraw() else { return nil }
        attempts += 1
        return delay
    }

    /// The failure of the whole request: that of the last attempt, since none before it can have had an effect.
    func failure(_ last: KVNodeError) -> KVNodeError {
        var error = last
        error.attempts = attempts
        return error
    }
}

extension KVNodeError {
    /// Whether another attempt may succeed, and nothing would be done twice.
    var isWorthRetrying: Bool { isTransient && !mayHaveHappened }
}
