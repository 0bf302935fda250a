/// A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", OPODIS 2014): close to the wall's time, later
/// than every timestamp it has issued or observed, so that effects are stamped after their causes.
///
/// A pure value: the wall's time comes in with each call, and may stand still or go back. Where it goes back by more than
/// clocks may differ, it was wrong before, and this clock goes back with it: else all that the node stamps until its next
/// start would count as later than what others write. What a write replaces it is stamped after in any case
/// (`Versions.write`).
public struct HybridClock: Sendable {
    /// The greatest timestamp issued or observed so far.
    public private(set) var last: Timestamp
    /// By how much an observed timestamp may be ahead of the wall, in milliseconds.
    public let maxDriftMillis: UInt64

    /// - Parameters:
    ///   - maxDriftMillis: What real clocks that are kept in step never reach; what exceeds it is taken for an error.
    ///   - last: From when an earlier clock left off.
    public init(maxDriftMillis: UInt64 = 5000, last: Timestamp = Timestamp()) {
        self.maxDriftMillis = maxDriftMillis
        self.last = last
    }

    /// A timestamp later than all before it, unless the wall was set back by more than `maxDriftMillis`.
    ///
    /// - Parameter wallMillis: The wall's time, in milliseconds since 1970.
    public mutating func now(wallMillis: UInt64) -> Timestamp {
        let wall = Timestamp(milliseconds: wallMillis)
        // The successor carries from the logical part into the milliseconds, so no burst overflows it.
        last = hasWallGoneBack(to: wallMillis) ? wall : max(last.successor, wall)
        return last
    }

    /// Whether the wall, having come to `wallMillis`, has gone back by more than clocks may differ.
    private func hasWallGoneBack(to wallMillis: UInt64) -> Bool {
        let allowed = max(maxDriftMillis, Self.leastSetBackMillis)
        return last.milliseconds > wallMillis && last.milliseconds - wallMillis > allowed
    }

    /// Less than that, a burst of timestamps may be ahead by itself.
    private static let leastSetBackMillis: UInt64 = 1000

    /// Takes note of another node's timestamp, so that `now` is later from here on.
    ///
    /// - Returns: False if it is more than `maxDriftMillis` ahead of the wall: the clock stays as it was, so that one
    ///   node with a wrong clock doesn't carry the others along.
    @discardableResult
    public mutating func observe(_ timestamp: Timestamp, wallMillis: UInt64) -> Bool {
        let (limit, overflow) = wallMillis.addingReportingOverflow(maxDriftMillis)
        guard overflow || timestamp.milliseconds <= limit else { return false }
        last = max(last, timestamp)
        return true
    }
}
