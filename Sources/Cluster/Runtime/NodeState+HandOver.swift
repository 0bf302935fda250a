import ClusterCore
import Engine

/// For moving a stopped node's data to another place, such as another engine.
extension NodeState {
    /// Refuses data of another node, another cluster or another first layout than `configuration`'s, as `begin` does.
    ///
    /// - Returns: Whether the data says whose it is.
    /// - Throws: `StartError`, `CodecError`, `EngineError`.
    @discardableResult
    public static func check(
        _ engine: any StorageEngine, against configuration: ClusterConfiguration
    ) throws -> Bool {
        guard let bytes = try engine.get(.meta, Key.identity) else { return false }
        try NodeIdentity(bytes).check(against: configuration)
        return true
    }

    /// Has `copy`, which holds every row of `original`, count for as much as `original` does: the node that begins on it
    /// keeps its actor, its standing and its hash trees if it would have kept them on the original, and only then.
    ///
    /// The session says in which place the data was, and `begin` takes data that lies in another for a copy. So the
    /// place alone is written anew: how the last run ended, and in which boot, stays as it is. Where the original would
    /// not be taken for what its node left there (it is a copy itself, or its engine dropped writes), nothing is
    /// written, and `begin` finds a copy.
    ///
    /// The original must not be opened by a node afterwards: take its place away in the step that makes the copy the
    /// node's. Blocks on the disk; the writing thread of `copy`.
    ///
    /// - Parameters:
    ///   - place: Where the original lies (`Environment.dataID`).
    ///   - newPlace: Where the copy lies.
    /// - Returns: Whether the copy counts as the original would. True for data that no node has begun on.
    /// - Throws: `CodecError` for a session of another release; `EngineError`.
    public static func handOver(
        from original: any StorageEngine, in place: String, to copy: any StorageEngine, in newPlace: String
    ) throws -> Bool {
        guard let bytes = try original.get(.meta, Key.session) else {
            return try original.get(.meta, Key.identity) == nil
        }
        var session = try NodeSession(bytes)
        guard !original.hasLostWrites, session.dataID == place else { return false }
        session.dataID = newPlace
        var batch = WriteBatch()
        batch.put(.meta, Key.session, session.encoded())
        try copy.write(batch, durability: .synced)
        return true
    }
}
