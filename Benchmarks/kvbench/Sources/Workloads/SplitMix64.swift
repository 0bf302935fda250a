/// A seeded source of random numbers: SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014, section 4). What is drawn follows from the seed alone, on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A source whose numbers follow from `seed`.
    public init(seed: UInt64) { state = seed }

    /// One of many sources that share a seed.
    ///
    /// - Parameter stream: Which of them it is.
    public init(seed: UInt64, stream: Int) {
        // All sources walk the same cycle of 2^64 states. Mixing sets them down far apart, where neighbouring numbers
        // would run one into the other.
        state = Self.mix(seed &+ Self.mix(UInt64(bitPattern: Int64(stream)) &+ 1))
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// A number from 0 up to, not including, `bound`, which is above 0. The bias is below `bound` in 2^64.
    public mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number from 0 up to, not including, 1, in steps of 2^-53.
    public mutating func nextUnit() -> Double { Double(next() &>> 11) * 0x1p-53 }

    /// Another number for each number, with no likeness left between them.
    static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ mixed &>> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed &>> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed &>> 31
    }
}
