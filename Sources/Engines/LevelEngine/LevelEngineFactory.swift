#if LevelDB
public import Engine

/// LevelDB, a small log-structured merge tree: all keyspaces in one ordered map, told apart by the keys' first byte.
public enum LevelEngineFactory: EngineFactory {
    public static let name = "leveldb"

    public static let options: [EngineOption] = [
        .init(
            "block_cache_bytes", .int(1 << 20...1 << 44), default: "134217728",
            help: "Memory for uncompressed blocks of tables."),
        .init(
            "write_buffer_bytes", .int(1 << 16...1 << 30), default: "67108864",
            help: "Memory of the write buffer; a full one is written to a table (two exist at times)."),
        .init(
            "compression", .choice(["none", "snappy"]), default: "snappy",
            help: "How blocks of tables are compressed."),
        .init(
            "bloom_bits", .int(0...32), default: "10",
            help: "Bits a key of the tables' Bloom filters; 0 for none."),
        .init(
            "max_open_files", .int(74...50_000), default: "4096",
            help: "Files that the library may have open."),
        .init(
            "block_size", .int(1 << 10...4 << 20), default: "4096",
            help: "Bytes of uncompressed data in a table's block."),
        .init(
            "log_damage", .choice(["drop", "refuse"]), default: "drop",
            help: "A damaged record in the write-ahead log: drop it, or refuse to open."),
    ]

    public static func open(
        at path: String, options: EngineOptions
    ) throws(EngineError) -> any StorageEngine {
        try checkManifest(path)
        return try LevelEngine(path: path, options: options)
    }
}
#endif
