/// Reads what `ByteWriter` wrote, from bytes that nobody vouches for.
///
/// Every length is held against what is left before anything is allocated, so garbage throws `CodecError`; it never
/// traps, and never takes more memory than a small multiple of its own size. A reader that threw is of no further use.
public struct ByteReader: Sendable {
    private let storage: ArraySlice<UInt8>
    private var position: Int
    private let end: Int

    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    /// Reads the part without copying it.
    public init(_ bytes: ArraySlice<UInt8>) {
        storage = bytes
        position = bytes.startIndex
        end = bytes.endIndex
    }

    /// How many bytes are left.
    public var remaining: Int { end - position }
    public var isAtEnd: Bool { position == end }

    /// Throws `malformed` unless everything was read.
    public func expectEnd() throws(CodecError) {
        guard isAtEnd else { throw CodecError(.malformed, "\(remaining) bytes after the end") }
    }

    public mutating func u8() throws(CodecError) -> UInt8 {
        guard position < end else { throw CodecError(.truncated, "a byte") }
        defer { position += 1 }
        return storage[position]
    }

    public mutating func u16() throws(CodecError) -> UInt16 { try fixed(UInt16.self) }
    public mutating func u32() throws(CodecError) -> UInt32 { try fixed(UInt32.self) }
    public mutating func u64() throws(CodecError) -> UInt64 { try fixed(UInt64.self) }

    private mutating func fixed<Value: FixedWidthInteger>(
        _: Value.Type
    ) throws(CodecError) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw CodecError(.truncated, "an integer of \(size) bytes") }
        defer { position += size }
        let offset = position - storage.startIndex
        // In bounds by the guard above.
        return storage.withUnsafeBytes { bytes in
            var value: Value = 0
            withUnsafeMutableBytes(of: &value) {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]))
            }
            return Value(bigEndian: value)
        }
    }

    /// Refuses more bytes than the value needs, so that every value has one encoding.
    public mutating func varint() throws(CodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < end else { throw CodecError(.truncated, "a varint") }
            let byte = storage[position]
            position += 1
            guard shift < 63 || byte <= 1 else {
                throw CodecError(.malformed, "a varint of more than 64 bits")
            }
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else { throw CodecError(.malformed, "a varint with padding") }
                return value
            }
            shift += 7
        }
    }

    /// See `ByteWriter.int`.
    public mutating func int() throws(CodecError) -> Int { Int(truncatingIfNeeded: try varint()) }

    public mutating func bool() throws(CodecError) -> Bool {
        switch try u8() {
        case 0: return false
        case 1: return true
        case let other: throw CodecError(.malformed, "\(other) where 0 or 1 should be")
        }
    }

    /// A varint that counts elements of at least `minimumSize` bytes each: what can't fit into the rest is refused, so
    /// that the result is safe to reserve.
    public mutating func count(minimumSize: Int) throws(CodecError) -> Int {
        let count = try varint()
        guard count <= UInt64(remaining / minimumSize) else {
            throw CodecError(.truncated, "\(count) elements in \(remaining) bytes")
        }
        return Int(count)
    }

    public mutating func bytes() throws(CodecError) -> [UInt8] { try raw(count: count(minimumSize: 1)) }

    public mutating func string() throws(CodecError) -> String {
        let count = try count(minimumSize: 1)
        if count == 0 { return "" }
        let part = try slice(count: count)
        guard let string = String(validating: part, as: UTF8.self) else {
            throw CodecError(.malformed, "text that isn't UTF-8")
        }
        return string
    }

    /// Exactly `count` bytes.
    public mutating func raw(count: Int) throws(CodecError) -> [UInt8] { Array(try slice(count: count)) }

    /// A reader of the block that `ByteWriter.beginBlock` and `endBlock` enclose; this one goes on after it.
    public mutating func block() throws(CodecError) -> ByteReader {
        let length = try u32()
        guard length <= remaining else {
            throw CodecError(.truncated, "a block of \(length) bytes, \(remaining) are left")
        }
        return ByteReader(try slice(count: Int(length)))
    }

    private mutating func slice(count: Int) throws(CodecError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else {
            throw CodecError(.truncated, "\(count) bytes, \(remaining) are left")
        }
        defer { position += count }
        return storage[position..<position + count]
    }
}
