/// Protobuf's wire format, written and read without the code under test.
enum Proto {
    enum Value: Equatable {
        case number(UInt64)
        case bytes([UInt8])
    }

    struct Field: Equatable {
        var id: Int
        var value: Value
    }

    static func number(_ value: UInt64, field: UInt8) -> [UInt8] { [field << 3] + varint(value) }

    static func bytes(_ bytes: [UInt8], field: UInt8) -> [UInt8] {
        [field << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }

    static func text(_ text: String, field: UInt8) -> [UInt8] { bytes(Array(text.utf8), field: field) }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
    }

    static func parse(_ message: [UInt8]) throws -> [Field] {
        var (fields, rest) = ([Field](), message[...])
        func varint() throws -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while true {
                guard let byte = rest.popFirst() else { throw Malformed() }
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
        }
        while !rest.isEmpty {
            let tag = try varint()
            let id = Int(tag >> 3)
            switch tag & 7 {
            case 0: fields.append(Field(id: id, value: .number(try varint())))
            case 2:
                let length = Int(try varint())
                guard length <= rest.count else { throw Malformed() }
                fields.append(Field(id: id, value: .bytes(Array(rest.prefix(length)))))
                rest = rest.dropFirst(length)
            default: throw Malformed()
            }
        }
        return fields
    }

    /// The message in the only field of a message.
    static func only(_ id: Int, of message: [UInt8]) throws -> [UInt8] {
        let fields = try parse(message)
        guard fields.count == 1, fields[0].id == id, case .bytes(let bytes) = fields[0].value else {
            throw Malformed()
        }
        return bytes
    }

    struct Malformed: Error {}
}

/// A `GetResponse` of kvnode.
func found(_ values: [String], context: [UInt8]) -> [UInt8] {
    Proto.number(values.isEmpty ? 0 : 1, field: 1)
        + values.flatMap { Proto.bytes(Proto.text($0, field: 1) + Proto.number(7, field: 3), field: 2) }
        + (context.isEmpty ? [] : Proto.bytes(context, field: 3))
}
