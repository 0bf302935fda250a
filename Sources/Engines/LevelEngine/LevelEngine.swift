#if LevelDB
import CLevelDB
import Engine

/// ``StorageEngine`` on LevelDB's C API: see ``LevelEngineFactory``.
///
/// The library has no range delete, no checkpoint, no sync and no multi-get: the first three are emulated here.
final class LevelEngine: StorageEngine {
    private let gate: HandleGate<LevelHandle>
    private let path: String
    private let options: EngineOptions

    let capabilities = EngineCapabilities(
        zeroCopyReads: false, residentReads: false, nativeDeleteRange: false, nativeCheckpoint: false,
        nativeMultiGet: false, persistent: true)

    var hasLostWrites: Bool { gate.hasLostWrites }

    init(path: String, options: EngineOptions) throws(EngineError) {
        self.path = path
        self.options = options
        try Files.makeDirectory(path)
        // Recovery writes what the logs hold, at most two write buffers, to tables.
        let buffers = 2 * UInt64(options.int("write_buffer_bytes"))
        gate = try HandleGate(
            path: path, spareBytes: min(buffers, 64 << 20) + 1 << 20,
            dropsLogDamage: options.choice("log_damage") == "drop"
        ) { (recovery) throws(EngineError) in
            try LevelHandle(path: path, options: options, recovery)
        }
    }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in try handle.write(batch, durability: durability) }
        gate.settleLoss(by: batch, durability)
    }

    /// Deletes a bounded batch of keys at a time.
    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in
            let reader = LevelReader(handle: handle, options: handle.read)
            var rest: KeyRange? = range
            while let part = rest {
                var batch = WriteBatch()
                rest = try reader.scan(keyspace, part, reverse: false, limit: ScanLimit(rows: 1000)) {
                    (key, _) throws(EngineError) in
                    batch.delete(keyspace, [UInt8](copying: key))
                    return .next
                }
                if !batch.isEmpty { try handle.write(batch, durability: .buffered) }
            }
        }
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try gate.read { (handle) throws(EngineError) in
            try LevelReader(handle: handle, options: handle.read).withValue(keyspace, key, body)
        }
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try gate.tryRead { (handle) throws(EngineError) in
            try LevelReader(handle: handle, options: handle.read).withResidentValue(keyspace, key, body)
        }
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        try gate.read { (handle) throws(EngineError) in
            try LevelReader(handle: handle, options: handle.read)
                .scan(keyspace, range, reverse: reverse, limit: limit, body)
        }
    }

    func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try gate.read { (handle) throws(EngineError) in
            let snapshot = leveldb_create_snapshot(handle.database)
            let options = leveldb_readoptions_create()!
            leveldb_readoptions_set_verify_checksums(options, 1)
            leveldb_readoptions_set_snapshot(options, snapshot)
            defer {
                leveldb_readoptions_destroy(options)
                leveldb_release_snapshot(handle.database, snapshot)
            }
            return try body(LevelReader(handle: handle, options: options))
        }
    }

    /// Only what has been written to tables counts.
    func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 {
        try gate.read { (handle) throws(EngineError) in
            if range.isEmpty { return 0 }
            let (lower, upper) = LevelKey.bounds(keyspace, range)
            var size: UInt64 = 0
            lower.span.bytes.withUnsafeBytes { lower in
                upper.span.bytes.withUnsafeBytes { upper in
                    leveldb_approximate_sizes(
                        handle.database, 1, [lower.chars], [lower.count], [upper.chars], [upper.count], &size)
                }
            }
            return size
        }
    }

    /// Copies a snapshot, row by row, into a new database.
    func checkpoint(to path: String) throws(EngineError) {
        try gate.read { (_) throws(EngineError) in }
        try Files.makeCheckpoint(path) { () throws(EngineError) in
            let copy = try LevelHandle(path: path, options: options, .strict)
            defer { copy.shut() }
            try read { (snapshot) throws(EngineError) in
                for keyspace in Keyspace.allCases { try Self.copy(keyspace, of: snapshot, to: copy) }
            }
            try copy.sync()
        }
    }

    private static func copy(
        _ keyspace: Keyspace, of snapshot: any EngineReader, to copy: LevelHandle
    ) throws(EngineError) {
        var rest: KeyRange? = .all
        while let range = rest {
            var batch = WriteBatch()
            let limit = ScanLimit(bytes: 4 << 20)
            rest = try snapshot.scan(keyspace, range, reverse: false, limit: limit) {
                (key, value) throws(EngineError) in
                batch.put(keyspace, [UInt8](copying: key), [UInt8](copying: value))
                return .next
            }
            try copy.write(batch, durability: .buffered)
        }
    }

    /// The library's C call reports no error; a failed compaction shows in the next write.
    func compact(_ keyspace: Keyspace) throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in
            let (lower, upper) = LevelKey.bounds(keyspace, .all)
            lower.span.bytes.withUnsafeBytes { lower in
                upper.span.bytes.withUnsafeBytes { upper in
                    leveldb_compact_range(
                        handle.database, lower.chars, lower.count, upper.chars, upper.count)
                }
            }
        }
    }

    func sync() throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in try handle.sync() }
    }

    /// `memory_usage_bytes`, and of each level `files_level_0` and so on.
    func statistics() throws(EngineError) -> [String: Double] {
        try gate.read { (handle) throws(EngineError) in
            var names = ["memory_usage_bytes": "leveldb.approximate-memory-usage"]
            for level in 0..<7 { names["files_level_\(level)"] = "leveldb.num-files-at-level\(level)" }
            return names.compactMapValues { name in
                guard let text = leveldb_property_value(handle.database, name) else { return nil }
                defer { leveldb_free(text) }
                return Double(String(cString: text))
            }
        }
    }

    func close() throws(EngineError) { try gate.close() }
}
#endif
