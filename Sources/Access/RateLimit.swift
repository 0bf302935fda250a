import Synchronization

/// How many operations a user may have served.
public struct RateLimit: Sendable, Equatable {
    public static let maximum = 1_000_000_000

    /// In the long run, 1 to `maximum`.
    public var operationsPerSecond: Int
    /// At once, after a pause; 1 to `maximum`.
    public var burst: Int

    public init(operationsPerSecond: Int, burst: Int) {
        self.operationsPerSecond = operationsPerSecond
        self.burst = burst
    }
}

/// Holds a user's operations on all connections to a limit: the generic cell rate algorithm (ITU-T I.371), whose only state
/// is the time at which the bucket will be full again. Any thread, without a lock.
final class RateLimiter: Sendable {
    let limit: RateLimit
    /// Nanoseconds that one operation takes of the rate.
    private let interval: UInt64
    /// How far the user may be ahead of the rate when an operation begins.
    private let tolerance: UInt64
    /// When what was admitted is paid for.
    private let paidAt = Atomic<UInt64>(0)

    init(_ limit: RateLimit) {
        self.limit = limit
        interval = max(1, 1_000_000_000 / UInt64(limit.operationsPerSecond))
        tolerance = interval * UInt64(limit.burst - 1)
    }

    /// Admits all `count` operations or none. More of them than a burst are admitted after a pause, and paid for after them:
    /// else a batch that is longer could never begin.
    ///
    /// - Parameter now: Nanoseconds of a clock that never goes back.
    func admit(_ count: Int, now: UInt64) -> Bool {
        var before = paidAt.load(ordering: .relaxed)
        while true {
            guard before <= now || before - now <= tolerance else { return false }
            let after = max(before, now) &+ interval &* UInt64(count)
            let (exchanged, original) = paidAt.weakCompareExchange(
                expected: before, desired: after, ordering: .relaxed)
            if exchanged { return true }
            before = original
        }
    }
}
