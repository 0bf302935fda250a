/// As much of protobuf's wire format as the messages of a session need.
enum Protobuf {
    static func append(varint value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    static func append(_ bytes: some Collection<UInt8>, field: UInt8, to output: inout [UInt8]) {
        output.append(field << 3 | 2)
        append(varint: UInt64(bytes.count), to: &output)
        output += bytes
    }

    static func append(_ value: UInt64, field: UInt8, to output: inout [UInt8]) {
        output.append(field << 3)
        append(varint: value, to: &output)
    }

    /// Calls `body` with each field's number, its number if it is a varint, and its bytes if it has a length.
    static func forEachField(
        of message: ArraySlice<UInt8>, _ body: (UInt64, UInt64, ArraySlice<UInt8>) throws(WireError) -> Void
    ) throws(WireError) {
        var rest = message
        while !rest.isEmpty {
            let tag = try varint(&rest)
            switch tag & 7 {
            case 0: try body(tag >> 3, try varint(&rest), [])
            case 1, 5:
                let length = tag & 7 == 1 ? 8 : 4
                guard rest.count >= length else { throw WireError("a number cut short") }
                rest = rest.dropFirst(length)
            case 2:
                let length = try varint(&rest)
                guard length <= rest.count else {
                    throw WireError("a field longer than its message")
                }
                try body(tag >> 3, 0, rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
            default: throw WireError("wire type \(tag & 7)")
            }
        }
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw WireError("a varint without end")
    }
}
