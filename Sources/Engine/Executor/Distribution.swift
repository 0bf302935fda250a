/// How many values lie below each of some bounds: what there is of them without keeping each.
public struct Distribution: Equatable, Sendable {
    /// Ascending; each bound is part of what lies below it.
    public struct Bounds: Equatable, Sendable {
        public let values: [Int]

        /// Of nanoseconds: from 10 µs, a write to memory, to 1 s, a disk that hangs.
        public static let commitDurations = Bounds(values: [
            10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
            25_000_000, 50_000_000, 100_000_000, 250_000_000, 1_000_000_000,
        ])

        /// Of operations: powers of two.
        public static let commitSizes = Bounds(values: (0...12).map { 1 << $0 })
    }

    public let bounds: Bounds
    /// By bound, of the values up to it and beyond the one before; the last is of those beyond all.
    public private(set) var counts: [UInt64]
    public private(set) var sum = 0

    public init(_ bounds: Bounds) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.values.count + 1)
    }

    public mutating func add(_ value: Int) {
        counts[bounds.values.firstIndex { value <= $0 } ?? bounds.values.count] += 1
        sum += value
    }
}
