/// Appends fields in protobuf's wire format. As proto3 has it, a field with its default value is left out.
///
/// Embedded messages start with their size. Either that is known beforehand (`header`), for which `ProtoSize` holds the sizes of
/// fields; or it is put in afterwards (`message`), which takes less code, and moves what is longer than 127 bytes once more.
public struct ProtoWriter {
    @usableFromInline var storage: [UInt8] = []

    @inlinable
    public init() {}

    @inlinable
    public var bytes: [UInt8] { storage }

    @inlinable
    public mutating func reserve(_ additional: Int) { storage.reserveCapacity(storage.count + additional) }

    @inlinable
    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            storage.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        storage.append(UInt8(truncatingIfNeeded: rest))
    }

    @inlinable
    public mutating func uint(_ field: UInt64, _ value: UInt64) {
        if value == 0 { return }
        member(field, value)
    }

    /// One of a oneof, which is written even if it's 0.
    @inlinable
    public mutating func member(_ field: UInt64, _ value: UInt64) {
        varint(field << 3)
        varint(value)
    }

    @inlinable
    public mutating func fixed64(_ field: UInt64, _ value: UInt64) {
        if value == 0 { return }
        fixed64Member(field, value)
    }

    /// One of a oneof, which is written even if it's 0.
    @inlinable
    public mutating func fixed64Member(_ field: UInt64, _ value: UInt64) {
        varint(field << 3 | UInt64(WireType.fixed64.rawValue))
        withUnsafeBytes(of: value.littleEndian) { storage.append(contentsOf: $0) }
    }

    @inlinable
    public mutating func fixed32(_ field: UInt64, _ value: UInt32) {
        if value == 0 { return }
        varint(field << 3 | UInt64(WireType.fixed32.rawValue))
        withUnsafeBytes(of: value.littleEndian) { storage.append(contentsOf: $0) }
    }

    @inlinable
    public mutating func byteArray(_ field: UInt64, _ value: [UInt8]) {
        if value.isEmpty { return }
        element(field, value)
    }

    /// One of a repeated field's values, which is written even if it's empty.
    @inlinable
    public mutating func element(_ field: UInt64, _ value: [UInt8]) {
        header(field, size: value.count)
        storage.append(contentsOf: value)
    }

    @inlinable
    public mutating func string(_ field: UInt64, _ value: String) {
        if value.isEmpty { return }
        stringMember(field, value)
    }

    /// One of a oneof, which is written even if it's empty.
    @inlinable
    public mutating func stringMember(_ field: UInt64, _ value: String) {
        header(field, size: value.utf8.count)
        storage.append(contentsOf: value.utf8)
    }

    /// Eight bytes of a value of bytes, whose `header` has been written.
    @inlinable
    public mutating func bigEndian(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { storage.append(contentsOf: $0) }
    }

    /// What precedes an embedded message, or bytes, of `size` bytes.
    @inlinable
    public mutating func header(_ field: UInt64, size: Int) {
        varint(field << 3 | UInt64(WireType.lengthDelimited.rawValue))
        varint(UInt64(size))
    }

    /// An embedded message of the fields that `body` appends, be it none.
    @inlinable
    public mutating func message(_ field: UInt64, _ body: (inout ProtoWriter) -> Void) {
        // As most are short, room is left for a size of one byte.
        header(field, size: 0)
        let start = storage.count
        body(&self)
        let size = UInt64(storage.count - start)
        storage[start - 1] = UInt8(truncatingIfNeeded: size & 0x7f)
        guard size > 0x7f else { return }
        storage[start - 1] |= 0x80
        var rest = ProtoWriter()
        rest.varint(size >> 7)
        storage.insert(contentsOf: rest.storage, at: start)
    }
}

/// How many bytes `ProtoWriter` takes for a field with a number below 16.
public enum ProtoSize {
    @inlinable
    public static func varint(_ value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }

    @inlinable
    public static func uint(_ value: UInt64) -> Int { value == 0 ? 0 : member(value) }

    @inlinable
    public static func member(_ value: UInt64) -> Int { 1 + varint(value) }

    @inlinable
    public static func fixed64(_ value: UInt64) -> Int { value == 0 ? 0 : 9 }

    @inlinable
    public static func byteArray(_ count: Int) -> Int { count == 0 ? 0 : message(count) }

    @inlinable
    public static func message(_ size: Int) -> Int { 1 + varint(UInt64(size)) + size }
}
