import ClusterCore

/// What a command comes to.
enum RESPPlan {
    /// An answer that needs nothing of the store.
    case reply(RESPReply)
    /// This answer, in that version of the protocol, which is the connection's from then on.
    case speak(RESPWriter.Version, RESPReply)
    /// This answer, after which the connection ends.
    case end(RESPReply)
    /// Reads keys, each by itself.
    case read([[UInt8]], ReadFormat)
    /// Changes keys, each by itself and no key twice.
    case write([StringWrite], WriteFormat)
    /// Puts with a context of the client's own; answers with the context after it.
    case put(PutRequest)

    /// How what was read becomes a reply.
    enum ReadFormat {
        /// The value.
        case value
        /// An array of the values.
        case values
        /// How many keys have one.
        case count
        /// The value's length.
        case length
        /// What kind of value it is.
        case type
        /// When it expires, counted from now or from 1970.
        case expiry(fromNow: Bool, unitMillis: Int)
        /// The context and all siblings.
        case siblings
    }

    /// How what was done becomes a reply.
    enum WriteFormat {
        case ok
        /// OK, or null if it was not done.
        case okOrNull
        /// The value before, or null if there was none.
        case previous
        /// How many keys it was done to.
        case count
        /// How long the value is now.
        case length
    }

    /// The keys that it uses, of the connection's bucket; none if it does not matter what happens to them meanwhile.
    var keys: (read: [[UInt8]], written: [[UInt8]]) {
        switch self {
        case .reply, .speak, .end: ([], [])
        case .read(let keys, _): (keys, [])
        case .write(let writes, _): ([], writes.map(\.key))
        case .put(let put): ([], [put.key])
        }
    }
}

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

extension Sibling {
    /// The value.
    var bytes: [UInt8] { content.parts.value }
}

extension Reading {
    /// What a client gets who can take one value only: of several the last one written, as `lastWriteWins` has it.
    var latest: Sibling? {
        if siblings.count <= 1 { return siblings.first }
        return siblings.max { ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot) }
    }
}
