import ClusterCore
import Engine

/// For a stopped node whose files were damaged: what was saved of them is to be its data again.
extension NodeState {
    /// Whether a row that was read from damaged files is one that a node can use.
    public static func accepts(_ keyspace: Keyspace, _ key: [UInt8], _ value: [UInt8]) -> Bool {
        switch keyspace {
        case .data: StorageKey(bytes: key) != nil && isWhole { _ = try VersionsCodec.decode(value) }
        case .hints: HintKey(bytes: key) != nil && isWhole { _ = try HintRecordCodec.decode(value) }
        case .meta: isWhole { try decodeMeta(key, value) }
        }
    }

    private static func isWhole(_ decode: () throws -> Void) -> Bool { (try? decode()) != nil }

    /// What else there is in `meta`, `disown` removes.
    private static func decodeMeta(_ key: [UInt8], _ value: [UInt8]) throws {
        var reader = ByteReader(value)
        switch key {
        case Key.identity: _ = try NodeIdentity(value)
        case Key.session: _ = try NodeSession(value)
        case Key.counter: _ = try reader.u64()
        case Key.buckets: _ = try BucketTable.decode(&reader)
        case Key.layout: _ = try LayoutHistory.decode(value)
        case Key.standing: _ = try Standing.decode(&reader)
        default: break
        }
    }

    /// Has data that lacks rows, nobody knows which, vouch for nothing: the node that begins on it takes a new actor, claims
    /// to have seen nothing of any partition, and declares itself lost, so that it copies what it lacks from its peers and
    /// is not read from before.
    ///
    /// Key by key that could not be made good. Of a row that is gone, its node had said that it has all of its own writes:
    /// what a peer sends in its place need not have them, and the node's next write would then be taken to follow upon
    /// them (docs/architecture.md, Rules on dots).
    ///
    /// Blocks on the disk; the engine's writing thread. Throws `EngineError`.
    ///
    /// - Parameter configuration: Whose data it is, should that be among what was lost.
    public static func disown(
        _ engine: any StorageEngine, of configuration: ClusterConfiguration
    ) throws(EngineError) {
        try StoredClocks.forget(in: engine)
        try StoredTrees.remove(from: engine)
        var batch = WriteBatch()
        // Without a session, whoever begins takes the data for a copy, whose actor is another's.
        for key in [Key.session, Key.fill] { batch.delete(.meta, key) }
        batch.put(.meta, Key.standing, Standing.doubtful.encoded)
        if try engine.get(.meta, Key.identity) == nil {
            // Nobody's: it is replaced at the start.
            batch.put(.meta, Key.identity, NodeIdentity(configuration, actor: 0).encoded())
        }
        try engine.write(batch, durability: .synced)
    }
}
