/// Picks the requests that are recorded, of those whose clients say nothing of it: each by itself, by chance.
public struct TraceSampler: Sendable {
    /// A random number has so many bits, as many as a double tells apart.
    private static let bits: UInt64 = 53

    private var random: SplitMix64
    /// Numbers below it pick.
    private let threshold: UInt64

    /// - Parameters:
    ///   - ratio: The part that is picked, from 0, none, to 1, all.
    ///   - seed: The same one picks the same.
    public init(ratio: Double, seed: UInt64) {
        precondition((0...1).contains(ratio), "a part is between 0 and 1")
        threshold = UInt64(ratio * Double(1 << Self.bits))
        random = SplitMix64(seed: seed)
    }

    /// Whether the next is picked.
    public mutating func pick() -> Bool { random.next() >> (64 - Self.bits) < threshold }
}
