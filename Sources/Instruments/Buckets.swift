/// The upper bounds of a histogram's buckets, and what its values are counted in.
public struct Buckets: Sendable, Equatable {
    /// Bounds at most: so many that a histogram's counts have a fixed place within it.
    public static let maxCount = 23

    /// Ascending, each part of its bucket; whatever is greater than the last is in one more bucket.
    public let bounds: [Int]
    /// What a recorded value of 1 is in the metric's unit: 1e-9 for nanoseconds that are told as seconds.
    public let scale: Double

    public init(_ bounds: [Int], scale: Double = 1) {
        precondition((1...Self.maxCount).contains(bounds.count), "1 to \(Self.maxCount) buckets")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "bounds ascend")
        self.bounds = bounds
        self.scale = scale
    }

    /// The bounds in the metric's unit.
    public var scaledBounds: [Double] { bounds.map { scaled($0) } }

    /// A division, where the scale is the inverse of a whole number, gives the nearest number, which prints shortest.
    func scaled(_ value: Int) -> Double {
        scale < 1 ? Double(value) / (1 / scale).rounded() : Double(value) * scale
    }

    /// The bucket of `value`, from 0 to the number of bounds.
    @inline(__always)
    func index(of value: Int) -> Int {
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Of nanoseconds, told as seconds: from 100 µs, below which a request never left the node, to the 10 s that few wait for.
    public static let requestDurations = Buckets(
        [
            100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
            100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000,
            10_000_000_000,
        ], scale: 1e-9)

    /// Of milliseconds, told as seconds: work in the background, from next to nothing to a day.
    public static let roundDurations = Buckets(
        [
            10, 50, 100, 500, 1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000,
            86_400_000,
        ], scale: 1e-3)

    /// How many are done together: powers of two.
    public static let batchSizes = Buckets([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096])

    /// A few of something of which there is mostly one.
    public static let smallCounts = Buckets([0, 1, 2, 3, 5, 10])
}
