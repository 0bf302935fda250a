import ClusterCore
import ProtoWire
import TextAPI

extension ProtoWriter {
    /// A GetDataResponse.
    mutating func data(_ reading: Reading) {
        if let kind = reading.siblings.first?.content.kind {
            header(kind.field, size: ProtoSize.parts(reading))
            for sibling in reading.siblings { part(sibling.content) }
        }
        uint(4, reading.latest?.expiresAt ?? 0)
        byteArray(5, reading.context)
    }

    /// An element of the one field of a Values, a Members or a Fields.
    private mutating func part(_ content: Sibling.Content) {
        switch content {
        case .value(let value, _): element(1, value)
        case .part(.member(let member)): element(1, member)
        case .part(.field(let name, let value)):
            header(1, size: ProtoSize.field(name, value))
            byteArray(1, name)
            byteArray(2, value)
        case .tombstone, .part: break
        }
    }
}

extension ProtoSize {
    static func data(_ reading: Reading) -> Int {
        (reading.siblings.isEmpty ? 0 : message(parts(reading))) + uint(reading.latest?.expiresAt ?? 0)
            + byteArray(reading.context.count)
    }

    fileprivate static func parts(_ reading: Reading) -> Int {
        reading.siblings.reduce(0) { $0 + part($1.content) }
    }

    private static func part(_ content: Sibling.Content) -> Int {
        switch content {
        case .value(let value, _): message(value.count)
        case .part(.member(let member)): message(member.count)
        case .part(.field(let name, let value)): message(field(name, value))
        case .tombstone, .part: 0
        }
    }

    fileprivate static func field(_ name: [UInt8], _ value: [UInt8]) -> Int {
        byteArray(name.count) + byteArray(value.count)
    }
}

extension DataKind {
    /// Of GetDataResponse.data.
    fileprivate var field: UInt64 {
        switch self {
        case .string: 1
        case .set: 2
        case .map: 3
        }
    }
}
