import Glibc

/// How many different keys there are by a HyperLogLog sketch: Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog: the analysis of
/// a near-optimal cardinality estimation algorithm" (AofA 2007), figure 3, less the correction for hashes of 32 bits.
enum KeyEstimate {
    static let registers = 1_024

    static func keys(_ registers: [UInt8]) -> Int {
        let m = Double(registers.count)
        let raw = 0.7213 / (1 + 1.079 / m) * m * m / registers.reduce(0) { $0 + exp2(-Double($1)) }
        let empty = Double(registers.count { $0 == 0 })
        // Of few keys, the registers without any tell better.
        return Int((raw <= 2.5 * m && empty > 0 ? m * log(m / empty) : raw).rounded())
    }
}
