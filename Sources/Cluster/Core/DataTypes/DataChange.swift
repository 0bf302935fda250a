/// A change of a counter, a set or a map, or of when a key expires.
public enum DataChange: Equatable, Sendable {
    /// Adds to the number that the key has; without a value that is 0.
    case add(NumberKind, Amount)
    case addMembers([[UInt8]])
    case removeMembers([[UInt8]])
    case setFields([DataField])
    /// If the map has no such field.
    case setFieldIfAbsent(DataField)
    case removeFields([[UInt8]])
    /// Adds to the number that the field has.
    case addToField([UInt8], NumberKind, Amount)
    /// Says anew until when the key is there, if it is there and the condition holds. A time that has come deletes it.
    case expire(Expiry, ExpiryCondition)

    /// What kind of number there must be.
    public enum NumberKind: UInt8, Sendable {
        /// A whole one, within `Int`, and written as such.
        case integer = 0
        case decimal = 1
    }

    /// What the key must hold, if it holds anything; nil: it does not matter.
    var kind: DataKind? {
        switch self {
        case .add: .string
        case .addMembers, .removeMembers: .set
        case .setFields, .setFieldIfAbsent, .removeFields, .addToField: .map
        case .expire: nil
        }
    }
}

extension DataChange {
    /// Of an array of bytes, besides them.
    private static let arrayBytes = 32

    /// About what it holds in memory.
    public var byteCount: Int {
        switch self {
        case .add, .expire: 0
        case .addMembers(let names), .removeMembers(let names), .removeFields(let names):
            names.reduce(0) { $0 + $1.count + Self.arrayBytes }
        case .setFields(let fields):
            fields.reduce(0) { $0 + $1.name.count + $1.value.count + 2 * Self.arrayBytes }
        case .setFieldIfAbsent(let field): field.name.count + field.value.count
        case .addToField(let name, _, _): name.count
        }
    }
}

/// A field of a map.
public struct DataField: Equatable, Sendable {
    public var name: [UInt8]
    public var value: [UInt8]

    public init(_ name: [UInt8], _ value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// Which end a key must have for it to get another.
public enum ExpiryCondition: Equatable, Sendable {
    case always
    /// It expires.
    case ifExpiring
    /// It does not.
    case ifLasting
    /// It expires, before this time (`than`, in milliseconds since 1970).
    case ifSooner(than: UInt64)
    /// It expires after this time or never.
    case ifLater(than: UInt64)
    /// It expires, after this time.
    case ifExpiringLater(than: UInt64)

    /// - Parameter end: Milliseconds since 1970; 0 for never.
    func holds(forEnd end: UInt64) -> Bool {
        switch self {
        case .always: true
        case .ifExpiring: end != 0
        case .ifLasting: end == 0
        case .ifSooner(let time): end != 0 && end < time
        case .ifLater(let time): end == 0 || end > time
        case .ifExpiringLater(let time): end > time
        }
    }
}

/// What a change has done.
public enum DataOutcome: Equatable, Sendable {
    /// How many members or fields were added or removed that were not there or were, or whether the key was changed.
    case count(Int)
    /// What the number is now.
    case number(Amount)
}

/// Why a change cannot be made. The key is as it was.
public enum DataError: Error, Equatable, Sendable {
    /// The key holds something of another kind.
    case wrongType
    /// What is there is no number, or none of the kind.
    case notANumber
    /// The sum is out of range.
    case outOfRange
}
