public import ClusterCore

/// Reads protobuf's wire format in place, without an intermediate object or `Data` per field.
///
/// A view of memory that its owner keeps alive: made and used inside one `withUnsafeBytes`, never stored.
/// Every read is held against the end of its message first, so garbage throws `ProtoError` and never reads
/// beyond.
public struct ProtoReader {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    @usableFromInline var position = 0

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// A field's number and how its value is written.
    public struct Tag {
        public var field: UInt64
        public var wire: WireType

        @usableFromInline
        init(field: UInt64, wire: WireType) {
            self.field = field
            self.wire = wire
        }
    }

    /// The next field of the message; nil at its end.
    @inlinable
    public mutating func nextTag() throws(ProtoError) -> Tag? {
        if position == bytes.count { return nil }
        let raw = try varint()
        guard let wire = WireType(rawValue: UInt8(raw & 7)), raw >> 3 > 0 else { throw .malformed }
        return Tag(field: raw >> 3, wire: wire)
    }

    @inlinable
    public mutating func varint() throws(ProtoError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            guard position < bytes.count else { throw .truncated }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformed
    }

    /// A `uint32`, which as protobuf has it is the lower half of whatever was sent.
    @inlinable
    public mutating func uint32() throws(ProtoError) -> UInt32 { UInt32(truncatingIfNeeded: try varint()) }

    /// A `sint64`, whose sign is its lowest bit.
    @inlinable
    public mutating func zigzag() throws(ProtoError) -> Int {
        let raw = try varint()
        return Int(truncatingIfNeeded: raw >> 1) ^ -Int(truncatingIfNeeded: raw & 1)
    }

    @inlinable
    public mutating func byteArray() throws(ProtoError) -> [UInt8] { Array(try lengthDelimited()) }

    @inlinable
    public mutating func string() throws(ProtoError) -> String {
        let part = try lengthDelimited()
        guard let string = String(validating: part, as: UTF8.self) else { throw .notUTF8 }
        return string
    }

    /// A reader of the embedded message that comes next.
    @inlinable
    public mutating func message() throws(ProtoError) -> ProtoReader { ProtoReader(try lengthDelimited()) }

    /// Passes over the value of a field that this version doesn't know.
    @inlinable
    public mutating func skip(_ wire: WireType) throws(ProtoError) {
        switch wire {
        case .varint: _ = try varint()
        case .fixed64: try advance(8)
        case .lengthDelimited: _ = try lengthDelimited()
        case .fixed32: try advance(4)
        }
    }

    @inlinable
    mutating func lengthDelimited() throws(ProtoError) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(bytes.count - position) else { throw .truncated }
        let start = position
        position += Int(length)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    }

    @inlinable
    mutating func advance(_ count: Int) throws(ProtoError) {
        guard count <= bytes.count - position else { throw .truncated }
        position += count
    }
}

/// How a protobuf value is written. Groups, which proto3 doesn't have, are refused.
@frozen public enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
}

/// Why nothing can be made of a message.
public enum ProtoError: Error {
    // Bytes that are no protobuf message of the expected kind.
    case truncated
    case malformed
    case notUTF8
    /// More entries or operations in one message than the limit.
    case tooMany(limit: Int)
    /// The message is sound, but nothing that can be asked for.
    case refused(RequestError)
}
