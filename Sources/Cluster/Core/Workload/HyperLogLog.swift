/// Keeps what tells about how many different hashes there were, in a kilobyte: Flajolet, Fusy, Gandouet and Meunier,
/// "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm" (AofA 2007).
///
/// The estimate is for whoever has gathered the registers of all nodes: it takes logarithms, and the registers of a union are
/// the greater ones of both. Its standard error is 1.04 / sqrt(1024), or 3.25%.
public struct HyperLogLog: Equatable, Sendable {
    /// The first bits of a hash choose its register.
    private static let indexBits = 10
    /// Of a hash whose other bits are all zero.
    private static let maxRank = UInt8(64 - indexBits + 1)

    /// Each has the most zeros that the rest of a hash of its own began with, and one; 0 if there was no hash.
    public private(set) var registers = [UInt8](repeating: 0, count: 1 << indexBits)

    public init() {}

    /// Does not allocate.
    public mutating func add(_ hash: UInt64) {
        let index = Int(hash >> UInt64(64 - Self.indexBits))
        let zeros = UInt8(truncatingIfNeeded: (hash << UInt64(Self.indexBits)).leadingZeroBitCount)
        registers[index] = max(registers[index], min(zeros + 1, Self.maxRank))
    }

    public mutating func merge(_ other: HyperLogLog) {
        for index in registers.indices { registers[index] = max(registers[index], other.registers[index]) }
    }
}
