/// What a client has seen of a key: which writes, and how late the latest of the values that it was given.
///
/// The vector alone doesn't carry causality under `lastWriteWins`, where timestamps decide: a replica that missed the
/// value which the client read doesn't know its timestamp, and a clock that is behind would stamp the client's write
/// before that value.
public struct CausalContext: Equatable, Sendable {
    /// The writes seen.
    public var vector: VersionVector
    /// No write that `vector` covers is later, since a write is stamped after all that it replaces.
    public var latest: Timestamp

    public init(vector: VersionVector, latest: Timestamp) {
        self.vector = vector
        self.latest = latest
    }

    /// Nothing seen.
    public init() {
        self.init(vector: VersionVector(), latest: Timestamp())
    }

    /// Whether nothing was seen.
    public var isEmpty: Bool { vector.isEmpty }

    /// Adds all that `other` has seen.
    public mutating func join(_ other: CausalContext) {
        vector.join(other.vector)
        latest = max(latest, other.latest)
    }
}

extension Versions {
    /// What a client has seen that was given these.
    public var causalContext: CausalContext {
        CausalContext(vector: context, latest: siblings.lazy.map(\.timestamp).max() ?? Timestamp())
    }
}
