/// What a node keeps of one key for a replica that could not take it.
///
/// It is the key's state at the writing node, not the write: handing it back is a merge like any other, so it may come
/// late, twice, or after newer states.
public struct Hint: Equatable, Sendable {
    public var key: StorageKey
    /// When the oldest of the writes in it came: milliseconds since 1970 by the clock of the run that took it (`HintAge`).
    public var createdMillis: UInt64
    /// How the key's bucket merges.
    public var policy: Versions.Policy
    public var versions: Versions

    public init(key: StorageKey, createdMillis: UInt64, policy: Versions.Policy, versions: Versions) {
        self.key = key
        self.createdMillis = createdMillis
        self.policy = policy
        self.versions = versions
    }

    /// About what it takes in memory and on the wire.
    public var byteCount: Int { key.bytes.count + 10 + VersionsCodec.estimatedSize(versions) }
}

/// Where a hint is stored in the keyspace `hints`.
///
/// A storage key may fill an engine's key by itself, so its hash stands for it. The hints for one target are one
/// contiguous range.
public struct HintKey: Hashable, Comparable, Sendable {
    /// The node that the hint is for.
    public let target: NodeID
    private let hash: UInt64

    public static let byteCount = 16

    public init(target: NodeID, key: StorageKey) {
        self.target = target
        hash = hash64(key.bytes)
    }

    /// - Returns: Nil unless there are just as many bytes as such a key has.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        func word(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        target = NodeID(rawValue: word(bytes[..<8]))
        hash = word(bytes[8...])
    }

    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.u64(target.rawValue)
        writer.u64(hash)
        return writer.bytes
    }

    /// What the keys of all hints for `target` begin with.
    public static func prefix(ofTarget target: NodeID) -> [UInt8] {
        var writer = ByteWriter(capacity: 8)
        writer.u64(target.rawValue)
        return writer.bytes
    }

    public static func < (a: HintKey, b: HintKey) -> Bool { (a.target, a.hash) < (b.target, b.hash) }
}

/// The value under a `HintKey`: a hint for each storage key with that hash, which is one unless hashes collide.
public struct HintRecord: Equatable, Sendable {
    /// By ascending key, each key once.
    public private(set) var hints: [Hint]

    public init() { hints = [] }

    /// - Returns: Nil unless the keys ascend.
    init?(sorted hints: [Hint]) {
        for (a, b) in zip(hints, hints.dropFirst()) where !(a.key < b.key) { return nil }
        self.hints = hints
    }

    public var isEmpty: Bool { hints.isEmpty }

    /// When the oldest of them came; nil if there is none.
    public var oldestMillis: UInt64? { hints.map(\.createdMillis).min() }

    public subscript(key: StorageKey) -> Hint? { hints.first { $0.key == key } }

    /// Joins a hint with what is kept of its key, which keeps the time of the older.
    public mutating func add(_ hint: Hint) {
        guard let index = hints.firstIndex(where: { !($0.key < hint.key) }) else { return hints.append(hint) }
        guard hints[index].key == hint.key else { return hints.insert(hint, at: index) }
        hints[index].versions.merge(hint.versions, policy: hint.policy)
        hints[index].policy = hint.policy
        hints[index].createdMillis = min(hints[index].createdMillis, hint.createdMillis)
    }

    /// Removes a hint if it is still what it was when it was read: one that has grown holds what its target was not
    /// sent.
    ///
    /// - Returns: Whether it was removed.
    public mutating func remove(_ hint: Hint) -> Bool {
        guard let index = hints.firstIndex(where: { $0.key == hint.key }),
            hints[index].versions == hint.versions
        else { return false }
        hints.remove(at: index)
        return true
    }
}

extension StorageKey {
    fileprivate static func < (a: StorageKey, b: StorageKey) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}
