/// Lets so many traces begin in each second, and no more.
public struct TraceBudget: Sendable {
    private let maxPerSecond: Int
    /// The present one, by the clock of `now`.
    private var second: UInt64 = 0
    private var begun = 0

    public init(maxPerSecond: Int) { self.maxPerSecond = maxPerSecond }

    /// Whether one may begin; if so, it has.
    ///
    /// - Parameter now: Nanoseconds, by a clock that does not go back.
    public mutating func take(now: UInt64) -> Bool {
        let second = now / 1_000_000_000
        if second != self.second {
            self.second = second
            begun = 0
        }
        guard begun < maxPerSecond else { return false }
        begun += 1
        return true
    }
}
