/// Appends fields in protobuf's wire format. As proto3 has it, a field with its default value is left out.
///
/// Embedded messages start with their size, so each comes with a function that computes it beforehand;
/// `ProtoSize` holds the sizes of the fields here.
struct ProtoWriter {
    private(set) var bytes: [UInt8] = []

    mutating func reserve(_ additional: Int) { bytes.reserveCapacity(bytes.count + additional) }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func uint(_ field: UInt64, _ value: UInt64) {
        if value == 0 { return }
        member(field, value)
    }

    /// One of a oneof, which is written even if it's 0.
    mutating func member(_ field: UInt64, _ value: UInt64) {
        varint(field << 3)
        varint(value)
    }

    mutating func fixed64(_ field: UInt64, _ value: UInt64) {
        if value == 0 { return }
        varint(field << 3 | UInt64(WireType.fixed64.rawValue))
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func byteArray(_ field: UInt64, _ value: [UInt8]) {
        if value.isEmpty { return }
        element(field, value)
    }

    /// One of a repeated field's values, which is written even if it's empty.
    mutating func element(_ field: UInt64, _ value: [UInt8]) {
        header(field, size: value.count)
        bytes.append(contentsOf: value)
    }

    mutating func string(_ field: UInt64, _ value: String) {
        if value.isEmpty { return }
        header(field, size: value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    /// What precedes an embedded message of `size` bytes.
    mutating func header(_ field: UInt64, size: Int) {
        varint(field << 3 | UInt64(WireType.lengthDelimited.rawValue))
        varint(UInt64(size))
    }
}

/// How many bytes `ProtoWriter` takes for a field with a number below 16.
enum ProtoSize {
    static func varint(_ value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }
    static func uint(_ value: UInt64) -> Int { value == 0 ? 0 : member(value) }
    static func member(_ value: UInt64) -> Int { 1 + varint(value) }
    static func fixed64(_ value: UInt64) -> Int { value == 0 ? 0 : 9 }
    static func byteArray(_ count: Int) -> Int { count == 0 ? 0 : message(count) }
    static func message(_ size: Int) -> Int { 1 + varint(UInt64(size)) + size }
}
