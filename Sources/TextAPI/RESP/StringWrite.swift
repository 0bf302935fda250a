import ClusterCore

/// A change of one key by a client that passes no context.
struct StringWrite {
    enum Change: Equatable {
        case set([UInt8])
        /// The value becomes longer by this; that of a key without one is empty.
        case append([UInt8])
        /// The value stays, and only its end is another.
        case keep
        case delete
    }

    enum Condition: Equatable {
        case always
        /// The key has no value.
        case ifAbsent
        /// It has one.
        case ifPresent

        /// - Parameter previous: What the key has.
        func holds(for previous: Sibling?) -> Bool {
            switch self {
            case .always: true
            case .ifAbsent: previous == nil
            case .ifPresent: previous != nil
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

    /// Whether a value is needed that is a string, if there is one.
    var needsString: Bool { change == .keep || isAppending }

    private var isAppending: Bool { if case .append = change { true } else { false } }

    /// What is written in place of `previous`; nil if that stays.
    func content(after previous: Sibling?) -> Sibling.Content? {
        switch change {
        case .set(let value): .value(value, contentType: "")
        case .append(let more):
            .value((previous?.bytes ?? []) + more, contentType: previous?.content.parts.contentType ?? "")
        case .keep: nil
        case .delete: .tombstone
        }
    }

    func expiry(after previous: Sibling?) -> Expiry {
        if let expiry { return expiry }
        guard let previous else { return .byBucket }
        return previous.expiresAt == 0 ? .never : .at(milliseconds: previous.expiresAt)
    }
}
