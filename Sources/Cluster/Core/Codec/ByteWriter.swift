/// Appends the primitives of kvnode's wire and disk formats (docs/formats.md) to a buffer.
///
/// Fixed-width integers are big-endian, so that encoded keys sort as their numbers do; varints are LEB128.
public struct ByteWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8]

    /// - Parameter capacity: Bytes to reserve at once, where the caller can estimate them.
    public init(capacity: Int = 0) {
        bytes = []
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    public var count: Int { bytes.count }
    public var isEmpty: Bool { bytes.isEmpty }

    /// Starts anew; `keepingCapacity` suits a writer that is reused for batch after batch.
    public mutating func removeAll(keepingCapacity: Bool = false) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
    }

    /// Makes room for `additional` bytes, growing geometrically so that repeated calls stay linear.
    public mutating func reserve(_ additional: Int) {
        let needed = bytes.count + additional
        if needed > bytes.capacity { bytes.reserveCapacity(max(needed, 2 * bytes.capacity)) }
    }

    public mutating func u8(_ value: UInt8) { bytes.append(value) }
    public mutating func u16(_ value: UInt16) { fixed(value) }
    public mutating func u32(_ value: UInt32) { fixed(value) }
    public mutating func u64(_ value: UInt64) { fixed(value) }

    private mutating func fixed(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// 7 bits a byte, least significant first, the high bit set on all but the last: 1 to 10 bytes.
    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Any `Int` as the varint of its two's complement: short for what is small and not negative.
    public mutating func int(_ value: Int) { varint(UInt64(bitPattern: Int64(value))) }

    /// One byte, 0 or 1.
    public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// A varint of the length, then the bytes.
    public mutating func bytes(_ value: [UInt8]) {
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Like `bytes`, of the UTF-8.
    public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 {
            varint(UInt64($0.count))
            bytes.append(contentsOf: $0)
        }
    }

    /// The bytes alone, for what ends with its container or has its own length.
    public mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }

    /// Leaves room for a `u32` that counts the bytes up to the matching `endBlock`.
    ///
    /// - Returns: The mark for `endBlock`.
    public mutating func beginBlock() -> Int {
        let mark = bytes.count
        u32(0)
        return mark
    }

    /// Fills in the length of the block begun at `mark`.
    ///
    /// - Precondition: The block is shorter than 4 GiB; values and batches have far lower limits.
    public mutating func endBlock(_ mark: Int) {
        let length = UInt32(bytes.count - mark - 4)
        for index in 0..<4 {
            bytes[mark + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index)))
        }
    }
}
