import ClusterCore

/// A change of one key by a client that passes no context.
struct StringWrite {
    enum Change: Equatable {
        case set([UInt8])
        /// The value becomes longer by this; that of a key without one is empty.
        case append([UInt8])
        /// The value stays as it is, and only its end is another.
        case keep
        case delete
    }

    enum Condition: Equatable {
        case always
        /// The key has no value.
        case ifAbsent
        /// It has one.
        case ifPresent
        /// It has one that expires.
        case ifExpiring
        /// It has one that does not.
        case ifLasting
        /// It has one, which expires before this time (`than`, in milliseconds since 1970).
        case ifSooner(than: UInt64)
        /// It has one, which expires after this time or never.
        case ifLater(than: UInt64)
        /// It has one, which expires after this time.
        case ifExpiringLater(than: UInt64)

        /// - Parameter previous: What the key has.
        func holds(for previous: Sibling?) -> Bool {
            let expiresAt = previous?.expiresAt ?? 0
            return switch self {
            case .always: true
            case .ifAbsent: previous == nil
            case .ifPresent: previous != nil
            case .ifExpiring: expiresAt != 0
            case .ifLasting: previous != nil && expiresAt == 0
            case .ifSooner(let time): expiresAt != 0 && expiresAt < time
            case .ifLater(let time): previous != nil && (expiresAt == 0 || expiresAt > time)
            case .ifExpiringLater(let time): expiresAt > time
            }
        }
    }

    var key: [UInt8]
    var change: Change
    /// Nil keeps the end that the value before had.
    var expiry: Expiry? = .byBucket
    var condition = Condition.always

    /// Whether it needs nothing of what the key has, as far as the value goes.
    var isBlind: Bool {
        guard case .set = change else { return false }
        return expiry != nil
    }

    /// What is written in place of `previous`.
    func content(after previous: Sibling?) -> Sibling.Content {
        switch change {
        case .set(let value): .value(value, contentType: "")
        case .append(let more):
            .value((previous?.bytes ?? []) + more, contentType: previous?.content.parts.contentType ?? "")
        case .keep: previous?.content ?? .tombstone
        case .delete: .tombstone
        }
    }

    func expiry(after previous: Sibling?) -> Expiry {
        if let expiry { return expiry }
        guard let previous else { return .byBucket }
        return previous.expiresAt == 0 ? .never : .at(milliseconds: previous.expiresAt)
    }
}
