/// A reading of a hybrid logical clock: milliseconds since 1970 in the upper 48 bits, a logical counter in the lower 16.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    public init(rawValue: UInt64 = 0) { self.rawValue = rawValue }

    /// - Parameter milliseconds: Since 1970; past 48 bits (the year 10889) it stays at the greatest.
    public init(milliseconds: UInt64) {
        rawValue = min(milliseconds, (1 << 48) - 1) << 16
    }

    /// Milliseconds since 1970.
    public var milliseconds: UInt64 { rawValue >> 16 }

    /// The least timestamp after this one. The greatest of all is its own successor.
    public var successor: Timestamp { Timestamp(rawValue: rawValue == .max ? .max : rawValue + 1) }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.rawValue < b.rawValue }
}
