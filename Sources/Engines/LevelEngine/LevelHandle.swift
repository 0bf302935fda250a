#if LevelDB
import CLevelDB
import Engine

/// One open database: the library's handles, released by ``shut()``.
final class LevelHandle: GatedHandle {
    let database: OpaquePointer
    let path: String
    private let options: LevelOptions
    /// The writing thread's batch and room for a key, reused.
    private var batch: OpaquePointer = leveldb_writebatch_create()
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: LevelKey.maxCount, alignment: 1)

    init(path: String, options given: EngineOptions, _ recovery: LogRecovery) throws(EngineError) {
        let options = LevelOptions(given)
        do {
            database = try Self.open(path, options, recovery)
        } catch {
            leveldb_writebatch_destroy(batch)
            room.deallocate()
            throw error
        }
        self.options = options
        self.path = path
    }

    /// For reads of the moment.
    var read: OpaquePointer { options.read }

    /// Paranoid checks make compactions verify what they read, so they are always on for a database in use. They also
    /// refuse a log with a damaged record, as power loss may leave it. So, where that is to be dropped, the database is
    /// opened once without them, which replays the log and moves it into a table, and then again with them: damage
    /// elsewhere is refused still.
    ///
    /// What the library cannot tell: a record whose length reaches behind the log's end is to it one that the process
    /// did not finish, whatever follows. A flipped bit of such a length in the log's last 32 KiB ends the replay there.
    private static func open(
        _ path: String, _ options: LevelOptions, _ recovery: LogRecovery
    ) throws(EngineError) -> OpaquePointer {
        if recovery == .dropDamage { leveldb_close(try openOnce(path, options, paranoid: false)) }
        return try openOnce(path, options, paranoid: true)
    }

    private static func openOnce(
        _ path: String, _ options: LevelOptions, paranoid: Bool
    ) throws(EngineError) -> OpaquePointer {
        leveldb_options_set_paranoid_checks(options.base, paranoid ? 1 : 0)
        var failure: UnsafeMutablePointer<CChar>?
        let database = leveldb_open(options.base, path, &failure)
        if let error = take(failure, path) { throw error }
        return database!
    }

    func shut() {
        leveldb_close(database)
        leveldb_writebatch_destroy(batch)
        room.deallocate()
    }

    // MARK: Writes

    func write(_ operations: WriteBatch, durability: Durability) throws(EngineError) {
        defer { clearBatch(operations.byteCount) }
        try operations.forEach { (keyspace, key, value) throws(EngineError) in
            try EngineLimits.check(keyCount: key.byteCount)
            let key = key.withUnsafeBytes { LevelKey.write(keyspace, $0, to: room) }
            guard let value else {
                leveldb_writebatch_delete(batch, key.chars, key.count)
                return
            }
            try EngineLimits.check(valueCount: value.byteCount)
            value.withUnsafeBytes {
                leveldb_writebatch_put(batch, key.chars, key.count, $0.chars, $0.count)
            }
        }
        try commitBatch(durability)
    }

    /// Makes every earlier write survive power loss.
    ///
    /// A synced write flushes the log of the moment. Earlier writes may lie in the log before it, which the library
    /// neither syncs nor drops until its table is written; compacting a range without keys writes out the buffers.
    func sync() throws(EngineError) {
        let marker = LevelKey.marker
        marker.span.bytes.withUnsafeBytes {
            leveldb_compact_range(database, $0.chars, $0.count, $0.chars, $0.count)
        }
        defer { clearBatch(marker.count) }
        marker.span.bytes.withUnsafeBytes { leveldb_writebatch_delete(batch, $0.chars, $0.count) }
        // Reports a failure of the compaction, too.
        try commitBatch(.synced)
    }

    private func commitBatch(_ durability: Durability) throws(EngineError) {
        let write = durability == .synced ? options.writeSynced : options.writeBuffered
        var failure: UnsafeMutablePointer<CChar>?
        leveldb_write(database, write, batch, &failure)
        if let error = take(failure, path) { throw error }
    }

    private func clearBatch(_ byteCount: Int) {
        if byteCount <= 4 << 20 {
            leveldb_writebatch_clear(batch)
        } else {
            // Clearing would keep a huge batch's memory for ever.
            leveldb_writebatch_destroy(batch)
            batch = leveldb_writebatch_create()
        }
    }
}

/// The library's error message as an error; frees it. Nil if there is none.
func take(_ message: UnsafeMutablePointer<CChar>?, _ path: String) -> EngineError? {
    guard let message else { return nil }
    defer { leveldb_free(message) }
    let text = String(cString: message)
    return EngineError(Files.code(ofStatus: text), text, path: path)
}
#endif
