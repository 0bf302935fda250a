/// One write of one replica: the actor that coordinated it, and that actor's counter. Never issued twice.
public struct Dot: Hashable, Comparable, Sendable {
    /// The identity under which a replica coordinates; it takes a new one when its state may have gone backwards.
    public var actor: UInt64
    /// From 1 up, over all keys of the node: increasing, but with gaps at any one key.
    public var counter: UInt64

    public init(actor: UInt64, counter: UInt64) {
        self.actor = actor
        self.counter = counter
    }

    public static func < (a: Dot, b: Dot) -> Bool {
        (a.actor, a.counter) < (b.actor, b.counter)
    }
}

/// One of the concurrent values of a key, or a tombstone, or a part of a value that converges by itself.
public struct Sibling: Equatable, Sendable {
    public var dot: Dot
    /// When its coordinator took it, by the hybrid logical clock.
    public var timestamp: Timestamp
    /// Milliseconds since 1970 from which it counts as deleted, if nothing later says otherwise (`Lifetimes`); 0 for never.
    public var expiresAt: UInt64
    public var content: Content

    public enum Content: Equatable, Sendable {
        case value([UInt8], contentType: String)
        case tombstone
        case part(DataPart)
    }

    public init(dot: Dot, timestamp: Timestamp, expiresAt: UInt64 = 0, content: Content) {
        self.dot = dot
        self.timestamp = timestamp
        self.expiresAt = expiresAt
        self.content = content
    }

    /// Whether `lastWriteWins` prefers this one: the later, or of two equally late the one with the greater dot.
    func wins(over other: Sibling) -> Bool {
        (timestamp, dot) > (other.timestamp, other.dot)
    }
}
