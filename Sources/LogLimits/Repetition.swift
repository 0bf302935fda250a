/// How often what repeats itself is told: so many times in an interval. What is left out is counted, so that it can be told.
///
/// A value; time comes in with each call, in nanoseconds of a clock that never goes back.
public struct Repetition: Sendable {
    private let interval: UInt64
    private let most: Int
    /// When the present interval began; nil before the first.
    private var start: UInt64?
    private var told = 0
    /// What was left out and not told of yet.
    public private(set) var leftOut = 0

    /// - Parameters:
    ///   - interval: In nanoseconds; one begins with what is told after the last has passed.
    ///   - most: What is told in one interval.
    public init(every interval: UInt64, most: Int = 1) {
        self.interval = interval
        self.most = most
    }

    /// When the present interval is over, in nanoseconds.
    public var due: UInt64 { (start ?? 0) + interval }

    private func isOver(_ now: UInt64) -> Bool { start == nil || now >= due }

    /// It has happened once more.
    ///
    /// - Returns: How many were left out before it, if it is to be told; nil if it is left out as well.
    public mutating func occurred(at now: UInt64) -> Int? {
        if isOver(now) {
            start = now
            told = 0
        }
        guard told < most else {
            leftOut += 1
            return nil
        }
        told += 1
        defer { leftOut = 0 }
        return leftOut
    }

    /// Takes the count of what was left out in an interval that is over; to be told of now, which begins the next one.
    public mutating func takeLeftOut(at now: UInt64) -> Int {
        guard leftOut > 0, isOver(now) else { return 0 }
        start = now
        told = 1
        defer { leftOut = 0 }
        return leftOut
    }

    /// It is over: if it comes back, that is told at once.
    ///
    /// - Returns: How many were left out and not told of.
    public mutating func end() -> Int {
        defer { self = Repetition(every: interval, most: most) }
        return leftOut
    }
}
