/// How many sizes lie between two powers of two.
public struct SizeHistogram: Equatable, Sendable {
    /// Sizes of 2^31 and above share the last bin.
    public static let binCount = 33

    /// Element i counts sizes of i binary digits: the size 0 for i = 0, else those from 2^(i-1) up to 2^i - 1.
    public private(set) var counts = [UInt64](repeating: 0, count: binCount)
    /// The sum of the sizes that element i of `counts` counts.
    public private(set) var sums = [UInt64](repeating: 0, count: binCount)

    public init() {}

    /// Counts a size, which is not negative. Does not allocate.
    public mutating func add(_ size: Int) {
        let bin = min(Int.bitWidth - size.leadingZeroBitCount, Self.binCount - 1)
        counts[bin] += 1
        sums[bin] &+= UInt64(size)
    }

    public mutating func merge(_ other: SizeHistogram) {
        for bin in counts.indices {
            counts[bin] += other.counts[bin]
            sums[bin] &+= other.sums[bin]
        }
    }
}
