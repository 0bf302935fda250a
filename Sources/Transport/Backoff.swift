/// How long to wait before the next attempt to connect: doubling from `initial` to `max`, spread by `jitter` so that
/// nodes which lost a peer together don't come back together.
public struct Backoff: Equatable, Sendable {
    public var initial: Duration
    public var max: Duration
    /// The share of a delay by which it may be shorter or longer: 0 to 1.
    public var jitter: Double

    public init(initial: Duration = .milliseconds(50), max: Duration = .seconds(5), jitter: Double = 0.2) {
        self.initial = initial
        self.max = max
        self.jitter = jitter
    }

    /// The delay after `failures` attempts that failed in a row (1 or more).
    public func delay(
        afterFailures failures: Int, using random: inout some RandomNumberGenerator
    ) -> Duration {
        // 2^30 times any initial delay is past every sensible maximum.
        let base = Swift.min(initial * (1 << Swift.min(Swift.max(failures, 1) - 1, 30)), self.max)
        return base * Double.random(in: (1 - jitter)...(1 + jitter), using: &random)
    }
}
