/// Changes and what they have done, as one node forwards them to another; docs/formats.md has them byte by byte.
enum DataChangeCodec {
    private enum Kind {
        static let add: UInt8 = 1
        static let addMembers: UInt8 = 2
        static let removeMembers: UInt8 = 3
        static let setFields: UInt8 = 4
        static let setFieldIfAbsent: UInt8 = 5
        static let removeFields: UInt8 = 6
        static let addToField: UInt8 = 7
        static let expire: UInt8 = 8
    }

    static func append(_ change: DataChange, to writer: inout ByteWriter) {
        switch change {
        case .add(let kind, let amount):
            writer.u8(Kind.add)
            writer.u8(kind.rawValue)
            DataPartCodec.append(amount, to: &writer)
        case .addMembers(let members):
            writer.u8(Kind.addMembers)
            append(members, to: &writer)
        case .removeMembers(let members):
            writer.u8(Kind.removeMembers)
            append(members, to: &writer)
        case .setFields(let fields):
            writer.u8(Kind.setFields)
            writer.varint(UInt64(fields.count))
            for field in fields { append(field, to: &writer) }
        case .setFieldIfAbsent(let field):
            writer.u8(Kind.setFieldIfAbsent)
            append(field, to: &writer)
        case .removeFields(let names):
            writer.u8(Kind.removeFields)
            append(names, to: &writer)
        case .addToField(let name, let kind, let amount):
            writer.u8(Kind.addToField)
            writer.bytes(name)
            writer.u8(kind.rawValue)
            DataPartCodec.append(amount, to: &writer)
        case .expire(let expiry, let condition):
            writer.u8(Kind.expire)
            RequestCodec.append(expiry, to: &writer)
            append(condition, to: &writer)
        }
    }

    private static func append(_ names: [[UInt8]], to writer: inout ByteWriter) {
        writer.varint(UInt64(names.count))
        for name in names { writer.bytes(name) }
    }

    private static func append(_ field: DataField, to writer: inout ByteWriter) {
        writer.bytes(field.name)
        writer.bytes(field.value)
    }

    private static func append(_ condition: ExpiryCondition, to writer: inout ByteWriter) {
        switch condition {
        case .always: writer.u8(0)
        case .ifExpiring: writer.u8(1)
        case .ifLasting: writer.u8(2)
        case .ifSooner(let time):
            writer.u8(3)
            writer.u64(time)
        case .ifLater(let time):
            writer.u8(4)
            writer.u64(time)
        case .ifExpiringLater(let time):
            writer.u8(5)
            writer.u64(time)
        }
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> DataChange {
        switch try reader.u8() {
        case Kind.add:
            let kind = try decodeNumberKind(&reader)
            return .add(kind, try DataPartCodec.decodeAmount(&reader))
        case Kind.addMembers: return .addMembers(try decodeNames(&reader))
        case Kind.removeMembers: return .removeMembers(try decodeNames(&reader))
        case Kind.setFields:
            let count = try reader.count(minimumSize: 2)
            var fields: [DataField] = []
            fields.reserveCapacity(count)
            for _ in 0..<count { fields.append(try decodeField(&reader)) }
            return .setFields(fields)
        case Kind.setFieldIfAbsent: return .setFieldIfAbsent(try decodeField(&reader))
        case Kind.removeFields: return .removeFields(try decodeNames(&reader))
        case Kind.addToField:
            let name = try reader.bytes()
            let kind = try decodeNumberKind(&reader)
            return .addToField(name, kind, try DataPartCodec.decodeAmount(&reader))
        case Kind.expire:
            let expiry = try RequestCodec.decodeExpiry(&reader)
            return .expire(expiry, try decodeCondition(&reader))
        case let kind: throw CodecError(.malformed, "a change of kind \(kind)")
        }
    }

    private static func decodeNumberKind(
        _ reader: inout ByteReader
    ) throws(CodecError) -> DataChange.NumberKind {
        let raw = try reader.u8()
        guard let kind = DataChange.NumberKind(rawValue: raw) else {
            throw CodecError(.malformed, "a number of kind \(raw)")
        }
        return kind
    }

    private static func decodeNames(_ reader: inout ByteReader) throws(CodecError) -> [[UInt8]] {
        let count = try reader.count(minimumSize: 1)
        var names: [[UInt8]] = []
        names.reserveCapacity(count)
        for _ in 0..<count { names.append(try reader.bytes()) }
        return names
    }

    private static func decodeField(_ reader: inout ByteReader) throws(CodecError) -> DataField {
        let name = try reader.bytes()
        return DataField(name, try reader.bytes())
    }

    private static func decodeCondition(_ reader: inout ByteReader) throws(CodecError) -> ExpiryCondition {
        switch try reader.u8() {
        case 0: .always
        case 1: .ifExpiring
        case 2: .ifLasting
        case 3: .ifSooner(than: try reader.u64())
        case 4: .ifLater(than: try reader.u64())
        case 5: .ifExpiringLater(than: try reader.u64())
        case let kind: throw CodecError(.malformed, "a condition of kind \(kind)")
        }
    }

    // MARK: What they have done

    static func append(_ outcome: DataOutcome, to writer: inout ByteWriter) {
        switch outcome {
        case .count(let count):
            writer.u8(0)
            writer.int(count)
        case .number(let number):
            writer.u8(1)
            DataPartCodec.append(number, to: &writer)
        }
    }

    static func decodeOutcome(_ reader: inout ByteReader) throws(CodecError) -> DataOutcome {
        switch try reader.u8() {
        case 0: .count(try reader.int())
        case 1: .number(try DataPartCodec.decodeAmount(&reader))
        case let kind: throw CodecError(.malformed, "an outcome of kind \(kind)")
        }
    }
}
