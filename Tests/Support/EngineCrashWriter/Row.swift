/// Rows whose value tells whether it is right: the same rule stands in the contract suite.
enum Row {
    static func key(_ number: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    static func number(_ key: [UInt8]) -> Int? {
        key.count == 8 ? key.reduce(0) { $0 << 8 | Int($1) } : nil
    }

    /// Up to 12,000 bytes that do not compress.
    static func value(_ number: Int) -> [UInt8] {
        let count = number % 100 == 0 ? 12_000 : number % 7 == 0 ? 0 : 100 + number % 400
        var state = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15 | 1
        return [UInt8](unsafeUninitializedCapacity: count + 8) { bytes, initialized in
            // Eight bytes at a time: this runs unoptimised, and often.
            for offset in stride(from: 0, to: count, by: 8) {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                UnsafeMutableRawBufferPointer(bytes).storeBytes(
                    of: state, toByteOffset: offset, as: UInt64.self)
            }
            initialized = count
        }
    }
}
