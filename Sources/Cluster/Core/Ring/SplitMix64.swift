/// A small generator of well-mixed numbers, the same everywhere for the same seed: spreads partitions without favour.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed &>> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed &>> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed &>> 31
    }

    /// A number from 0 up to, not including, `bound`; the bias is below `bound` in 2^64.
    public mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Puts `values` into a random order (Fisher and Yates).
    public mutating func shuffle<Value>(_ values: inout [Value]) {
        for index in values.indices.dropFirst() { values.swapAt(index, next(below: index + 1)) }
    }
}
