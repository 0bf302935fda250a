/// Makes the values that are written: parts of a block of random bytes, which all copies of the source share.
///
/// YCSB's values are random text, and its paper does not say how far they can be compressed. These can't, so that an
/// engine that compresses has nothing to gain but the work, and engines write as many bytes as they were given. The
/// block is large, so that two values in one page of an engine seldom have a part in common.
public struct ValueSource: Sendable {
    /// Bytes of the block.
    static let blockSize = 4 << 20
    private let block: [UInt8]

    /// The block is the same in all runs.
    public init() {
        var random = SplitMix64(seed: 1)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.blockSize)
        while bytes.count < Self.blockSize {
            withUnsafeBytes(of: random.next().littleEndian) { bytes.append(contentsOf: $0) }
        }
        block = bytes
    }

    /// Appends the value of a record: the same bytes for the same numbers. They are copied once.
    ///
    /// - Parameters:
    ///   - size: Bytes. A value larger than 4 MiB goes through the block more than once.
    ///   - record: The record's number.
    ///   - version: Which of its values it is.
    public func append(size: Int, record: Int, version: Int, to output: inout [UInt8]) {
        let spread = SplitMix64.mix(UInt64(bitPattern: Int64(record)))
        let point = SplitMix64.mix(spread &+ UInt64(bitPattern: Int64(version)))
        var offset = Int(point % UInt64(Self.blockSize))
        var rest = size
        while rest > 0 {
            let length = min(rest, Self.blockSize - offset)
            output.append(contentsOf: block[offset..<offset + length])
            rest -= length
            offset = 0
        }
    }
}
