/// A piece of a counter, a set or a map. Each is a sibling with a dot of its own, so that what was written concurrently is
/// kept side by side, and what a write replaces or removes is just what its coordinator had seen.
///
/// Sets and maps are observed-remove ones, counters are sums with one entry an actor (Shapiro, Preguiça, Baquero, Zawirski:
/// "A comprehensive study of Convergent and Commutative Replicated Data Types", INRIA RR-7506, 2011), in the form that
/// needs no tombstones since the key's context tells what was seen (Bieniusa et al.: "An optimized conflict-free replicated
/// set", INRIA RR-8083, 2012).
public enum DataPart: Equatable, Sendable {
    /// What one actor has added to a counter; it replaces that actor's amount before it. The counter is the sum of its
    /// amounts, and of the number that was put, if any.
    case amount(Amount)
    case member([UInt8])
    case field([UInt8], value: [UInt8])
    /// What one actor has added to a field of a map.
    case fieldAmount([UInt8], Amount)
    /// From when the whole key counts as deleted: the sibling's `expiresAt`; 0 for never.
    case deadline
    /// Parts were removed. It stands for nothing but its dot: no replica may have a new state of a key without a new dot.
    case removal
}

/// What a key holds.
public enum DataKind: Equatable, Sendable {
    /// Values that clients put, and counters.
    case string
    case set
    case map
}

extension Sibling.Content {
    /// Nil for what no reader finds.
    public var kind: DataKind? {
        switch self {
        case .value, .part(.amount): .string
        case .part(.member): .set
        case .part(.field), .part(.fieldAmount): .map
        case .tombstone, .part(.deadline), .part(.removal): nil
        }
    }

    var isDeadline: Bool { if case .part(.deadline) = self { true } else { false } }

    public var isPart: Bool { if case .part = self { true } else { false } }

    var amount: Amount? { if case .part(.amount(let amount)) = self { amount } else { nil } }

    public var member: [UInt8]? { if case .part(.member(let member)) = self { member } else { nil } }

    /// The name of the field that it is a part of.
    var fieldName: [UInt8]? {
        switch self {
        case .part(.field(let name, _)), .part(.fieldAmount(let name, _)): name
        default: nil
        }
    }
}

extension Sibling.Content {
    /// About what it holds in memory.
    public var byteCount: Int {
        switch self {
        case .value(let bytes, let contentType): bytes.count + contentType.utf8.count
        case .part(.member(let member)): member.count
        case .part(.field(let name, let value)): name.count + value.count
        case .part(.fieldAmount(let name, _)): name.count + MemoryLayout<Amount>.size
        case .part(.amount): MemoryLayout<Amount>.size
        case .tombstone, .part(.deadline), .part(.removal): 0
        }
    }

    /// Takes away all but its kind.
    mutating func empty() {
        switch self {
        case .value: self = .value([], contentType: "")
        case .part(.member): self = .part(.member([]))
        case .part(.field): self = .part(.field([], value: []))
        case .part(.fieldAmount): self = .part(.fieldAmount([], .zero))
        case .tombstone, .part(.amount), .part(.deadline), .part(.removal): break
        }
    }
}
