/// A token bucket: lets bytes pass at a steady rate, and after a pause a burst of them.
///
/// It keeps the time at which the bucket is full again instead of a level (the virtual scheduling form of the generic
/// cell rate algorithm, ITU-T I.371): one number, and no rounding that adds up. What passes may leave a debt, so that
/// even what is larger than the burst passes.
struct Throttle: Sendable {
    private let bytesPerSecond: UInt64
    /// For how many nanoseconds tokens are saved up.
    private let burst: UInt64
    /// Nanoseconds, by the clock of `now`, up to which what has passed has used the rate.
    private var usedUntil: UInt64 = 0

    init(bytesPerSecond: Int, burstMillis: UInt64 = 50) {
        precondition(bytesPerSecond > 0, "a rate of nothing")
        self.bytesPerSecond = UInt64(bytesPerSecond)
        burst = burstMillis * 1_000_000
    }

    /// Whether something may pass at `now` (milliseconds); if so, it has.
    mutating func pass(_ bytes: Int, now: UInt64) -> Bool {
        guard usedUntil <= now * 1_000_000 else { return false }
        spend(bytes, now: now)
        return true
    }

    /// Something has passed, whether it might or not: how large it is was not known before.
    mutating func spend(_ bytes: Int, now: UInt64) {
        let now = now * 1_000_000
        usedUntil = max(usedUntil, now - min(now, burst)) + UInt64(bytes) * 1_000_000_000 / bytesPerSecond
    }

    /// When the next may pass, in milliseconds.
    var opensAt: UInt64 { (usedUntil + 999_999) / 1_000_000 }
}
