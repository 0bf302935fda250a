/// Parts as the content of a sibling; docs/formats.md has them byte by byte.
enum DataPartCodec {
    /// They go on from those of contents that are no parts.
    private enum Kind {
        static let amount: UInt8 = 2
        static let member: UInt8 = 3
        static let field: UInt8 = 4
        static let fieldAmount: UInt8 = 5
        static let deadline: UInt8 = 6
        static let removal: UInt8 = 7
    }

    static func append(_ part: DataPart, to writer: inout ByteWriter) {
        switch part {
        case .amount(let amount):
            writer.u8(Kind.amount)
            append(amount, to: &writer)
        case .member(let member):
            writer.u8(Kind.member)
            writer.bytes(member)
        case .field(let name, let value):
            writer.u8(Kind.field)
            writer.bytes(name)
            writer.bytes(value)
        case .fieldAmount(let name, let amount):
            writer.u8(Kind.fieldAmount)
            writer.bytes(name)
            append(amount, to: &writer)
        case .deadline: writer.u8(Kind.deadline)
        case .removal: writer.u8(Kind.removal)
        }
    }

    static func decode(_ kind: UInt8, _ reader: inout ByteReader) throws(CodecError) -> DataPart {
        switch kind {
        case Kind.amount: return .amount(try decodeAmount(&reader))
        case Kind.member: return .member(try reader.bytes())
        case Kind.field:
            let name = try reader.bytes()
            return .field(name, value: try reader.bytes())
        case Kind.fieldAmount:
            let name = try reader.bytes()
            return .fieldAmount(name, try decodeAmount(&reader))
        case Kind.deadline: return .deadline
        case Kind.removal: return .removal
        default: throw CodecError(.malformed, "content of kind \(kind)")
        }
    }

    /// A whole number in its few bytes, any other in 16.
    static func append(_ amount: Amount, to writer: inout ByteWriter) {
        writer.bool(amount.integer == nil)
        if let integer = amount.integer {
            writer.int(integer)
        } else {
            writer.u64(UInt64(truncatingIfNeeded: amount.units >> 64))
            writer.u64(UInt64(truncatingIfNeeded: amount.units))
        }
    }

    static func decodeAmount(_ reader: inout ByteReader) throws(CodecError) -> Amount {
        guard try reader.bool() else { return Amount(try reader.int()) }
        let high = Int64(bitPattern: try reader.u64())
        let amount = Amount(units: Int128(high) << 64 | Int128(try reader.u64()))
        guard amount.integer == nil else { throw CodecError(.malformed, "a whole number in the long form") }
        return amount
    }
}
