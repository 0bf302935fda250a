#if RocksDB
public import Engine

/// RocksDB, a log-structured merge tree: a column family for each keyspace in one database.
public enum RocksEngineFactory: EngineFactory {
    public static let name = "rocksdb"

    public static let options: [EngineOption] = [
        .init(
            "block_cache_bytes", .int(1 << 20...1 << 44), default: "134217728",
            help: "Memory for uncompressed blocks of tables, shared by all keyspaces."),
        .init(
            "write_buffer_bytes", .int(1 << 16...4 << 30), default: "67108864",
            help: "Memory of one write buffer; a keyspace whose buffer is full is flushed to a table."),
        .init(
            "max_write_buffers", .int(2...64), default: "3",
            help: "Write buffers of a keyspace, in use or being flushed, before writes wait."),
        .init(
            "max_log_bytes", .int(1 << 16...1 << 40), default: "268435456",
            help: "Write-ahead log kept, before keyspaces that write little are flushed to let it go."),
        .init(
            "compression", .choice(["none", "snappy", "zlib", "lz4", "zstd"]), default: "lz4",
            help: "How blocks of tables are compressed, as far as the installed library can."),
        .init(
            "bloom_bits", .int(0...32), default: "10",
            help: "Bits a key of the tables' Bloom filters; 0 for none."),
        .init(
            "max_open_files", .int(32...1_000_000), default: "4096",
            help: "Table files kept open."),
        .init(
            "compaction_threads", .int(1...128), default: "2",
            help: "Threads that flush and compact in the background."),
        .init(
            "compaction_priority", .choice(["low", "normal"]), default: "low",
            help: "Whether compactions let requests go first where both want a processor."),
        .init(
            "allow_mmap_reads", .bool, default: "false",
            help: "Read tables through memory maps: less CPU, but reads bypass the block cache."),
        .init(
            "verify_checksums", .bool, default: "true",
            help: "Check the checksum of each block read from a table."),
        .init(
            "log_damage", .choice(["drop", "refuse"]), default: "drop",
            help: "A damaged record in the write-ahead log: drop it and what follows, or refuse to open."),
        .init(
            "statistics", .bool, default: "false",
            help: "Keep the library's own counters (costs some percent of CPU)."),
    ]

    public static func open(
        at path: String, options: EngineOptions
    ) throws(EngineError) -> any StorageEngine {
        // Opening writes headers to the library's text log, which must not meet a full disk: see `RocksOptions`.
        if let free = Files.freeBytes(atOrAbove: path), free < Self.roomToOpen {
            throw EngineError(
                .noSpace, "the disk has \(free) bytes left, opening takes \(Self.roomToOpen)", path: path)
        }
        try checkManifest(path)
        return try RocksEngine(path: path, options: options)
    }

    private static let roomToOpen: UInt64 = 1 << 20
}
#endif
