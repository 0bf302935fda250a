#if RocksDB
import CRocksDB
import Engine
import Synchronization

/// ``StorageEngine`` on RocksDB's C API: see ``RocksEngineFactory``.
final class RocksEngine: StorageEngine {
    private let gate: HandleGate<RocksHandle>
    private let path: String
    /// One checkpoint at a time: the library clears what it finds at its staging path, another call's work included.
    private let checkpointing = Mutex(())

    let capabilities = EngineCapabilities(
        zeroCopyReads: true, residentReads: true, nativeDeleteRange: true, nativeCheckpoint: true,
        nativeMultiGet: true, persistent: true)

    var hasLostWrites: Bool { gate.hasLostWrites }

    init(path: String, options: EngineOptions) throws(EngineError) {
        self.path = path
        try Files.makeDirectory(path)
        // Recovery flushes what the logs hold, at most the write buffers, to tables.
        let buffers = UInt64(options.int("write_buffer_bytes"))
        gate = try HandleGate(
            path: path, spareBytes: min(buffers, 64 << 20) + 1 << 20,
            dropsLogDamage: options.choice("log_damage") == "drop"
        ) { (recovery) throws(EngineError) in
            try RocksHandle(path: path, options: options, recovery)
        }
    }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in try handle.write(batch, durability: durability) }
        gate.settleLoss(by: batch, durability)
    }

    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in
            if !range.isEmpty { try handle.deleteRange(keyspace, range) }
        }
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try gate.read { (handle) throws(EngineError) in
            try RocksReader(handle).withValue(keyspace, key, body)
        }
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try gate.tryRead { (handle) throws(EngineError) in
            try RocksReader(handle).withResidentValue(keyspace, key, body)
        }
    }

    func multiGet(
        _ keyspace: Keyspace, _ keys: [[UInt8]], _ body: (Int, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError) {
        try gate.read { (handle) throws(EngineError) in
            try RocksReader(handle).multiGet(keyspace, keys, body)
        }
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        try gate.read { (handle) throws(EngineError) in
            try RocksReader(handle).scan(keyspace, range, reverse: reverse, limit: limit, body)
        }
    }

    func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try gate.read { (handle) throws(EngineError) in
            let snapshot = rocksdb_create_snapshot(handle.database)!
            let options = handle.options.makeReadOptions(snapshot: snapshot)
            defer {
                rocksdb_readoptions_destroy(options)
                rocksdb_release_snapshot(handle.database, snapshot)
            }
            return try body(RocksReader(handle, snapshot: snapshot, options: options))
        }
    }

    /// Only what has been flushed to tables counts.
    func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 {
        try gate.read { (handle) throws(EngineError) in
            if range.isEmpty { return 0 }
            let upper = range.upper ?? KeyRange.aboveEveryKey
            var size: UInt64 = 0
            try range.lower.span.bytes.withUnsafeBytes { (lower) throws(EngineError) in
                try upper.span.bytes.withUnsafeBytes { (upper) throws(EngineError) in
                    try handle.check {
                        rocksdb_approximate_sizes_cf(
                            handle.database, handle.family(keyspace), 1, [lower.chars], [lower.count],
                            [upper.chars], [upper.count], &size, $0)
                    }
                }
            }
            return size
        }
    }

    func checkpoint(to path: String) throws(EngineError) {
        try checkpointing.withLock { (_) throws(EngineError) in
            try gate.read { (handle) throws(EngineError) in
                try Files.checkAbsent(path)
                let checkpoint = try handle.check { rocksdb_checkpoint_object_create(handle.database, $0) }
                defer { rocksdb_checkpoint_object_destroy(checkpoint) }
                // 0: always flush, so that the copy needs no log of ours.
                try handle.check { rocksdb_checkpoint_create(checkpoint, path, 0, $0) }
                try Files.synchronize(Files.parent(of: path))
            }
        }
    }

    /// The library's C call reports no error; a failed compaction shows in the next write.
    func compact(_ keyspace: Keyspace) throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in
            rocksdb_compact_range_cf(handle.database, handle.family(keyspace), nil, 0, nil, 0)
        }
    }

    func sync() throws(EngineError) {
        try gate.write { (handle) throws(EngineError) in
            try handle.check { rocksdb_flush_wal(handle.database, 1, $0) }
        }
    }

    func statistics() throws(EngineError) -> [String: Double] {
        try gate.read { (handle) throws(EngineError) in rocksStatistics(handle) }
    }

    func close() throws(EngineError) { try gate.close() }
}
#endif
