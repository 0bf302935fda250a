/// When what could not be handed over is tried again: pauses double, since the last success, and are spread, so that nodes which
/// lost the receiver together don't come back together.
struct RetrySchedule: Sendable {
    /// Of one batch, from its first attempt on.
    var maxTime: Duration
    var minPause: Duration
    var maxPause: Duration
    /// Attempts in a row that failed.
    private(set) var failures = 0

    init(maxTime: Duration, minPause: Duration, maxPause: Duration) {
        self.maxTime = maxTime
        self.minPause = minPause
        self.maxPause = maxPause
    }

    mutating func succeeded() { failures = 0 }

    /// An attempt has failed.
    ///
    /// - Parameters:
    ///   - elapsed: Since the batch's first attempt began.
    ///   - asked: What the receiver wants to be left alone for.
    /// - Returns: How long nothing is to be sent, and whether the batch is then tried again.
    mutating func failed(
        elapsed: Duration, asked: Duration?, using random: inout some RandomNumberGenerator
    ) -> (pause: Duration, again: Bool) {
        // 2^20 times any smallest pause is past the greatest.
        let doubled = min(minPause * (1 << min(failures, 20)), maxPause)
        failures += 1
        let own = doubled * Double.random(in: 0.8...1.2, using: &random)
        // A receiver that names no end of it is asked again all the same.
        let pause = max(own, min(asked ?? .zero, maxTime))
        return (pause, elapsed + pause <= maxTime)
    }
}
