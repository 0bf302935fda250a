/// Intervals from the values alone, without an assumption of how they are distributed: percentiles of what the same
/// statistic says of resamples (B. Efron, Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 7, 1979).
struct Bootstrap {
    static let resamples = 2_000
    /// Of fewer values no interval is told.
    static let leastCount = 3

    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// As many of them, each drawn from all.
    mutating func resample(_ values: [Double]) -> [Double] {
        values.map { _ in values[Int.random(in: values.indices, using: &random)] }
    }

    /// The middle 95% of what `statistic` says of `resamples` resamples that it draws.
    mutating func interval(_ statistic: (inout Bootstrap) -> Double) -> ClosedRange<Double> {
        var outcomes: [Double] = []
        for _ in 0..<Self.resamples { outcomes.append(statistic(&self)) }
        outcomes.sort()
        let tail = Self.resamples / 40
        return outcomes[tail - 1]...outcomes[outcomes.count - tail]
    }
}

/// Says the same for the same seed (G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators, 2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
