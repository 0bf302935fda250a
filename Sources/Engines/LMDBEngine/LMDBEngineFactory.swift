#if LMDB
public import Engine

/// LMDB, a copy-on-write B+ tree in one memory-mapped file: a named database for each keyspace.
///
/// # Durability
/// Every commit flushes the data pages before it writes the meta page that makes them current, so that whatever a power
/// loss leaves, one of the last two metas describes a whole tree: the file always opens. `.buffered` then leaves the
/// meta page to the system's write-back (`MDB_NOMETASYNC`: one flush, and power loss may undo the last commits, though
/// never tear one); `.synced` flushes the meta page too. `MDB_NOSYNC` would make `.buffered` cheaper, but lets the
/// system write a meta page before its tree, and such a file is lost.
///
/// # Damage
/// LMDB's pages carry no checksums, and the library follows what they say: a wrong page number makes it read outside
/// of the map, or abort. So before it gets the file, opening checks what it will follow: both meta pages, the file's
/// length, and the structure of every reachable page (bounds, kinds, order of keys, no page twice, rows that fit their
/// checksums), as many as `check_pages` says, breadth first, and then the number of rows. Damage there is `corruption`.
/// Each row carries a checksum (``LMDBRow``), which every read checks; a row that does not fit it is `corruption` too.
public enum LMDBEngineFactory: EngineFactory {
    public static let name = "lmdb"

    public static let options: [EngineOption] = [
        .init(
            "map_size_bytes", .int(1 << 20...1 << 46), default: "17179869184",
            help: "The most that the file may grow to; reserves address space, not disk."),
        .init(
            "max_readers", .int(8...65_536), default: "512",
            help: "Reads and snapshots at the same time."),
        .init(
            "check_pages", .int(0...1 << 40), default: "1048576",
            help: "Pages of 4 KiB that opening checks for damage, reading them; 0 for the meta pages only."),
        .init(
            "read_ahead", .bool, default: "false",
            help: "Let the system read ahead: faster scans, but slower reads of data beyond memory."),
    ]

    public static func open(
        at path: String, options: EngineOptions
    ) throws(EngineError) -> any StorageEngine {
        try LMDBEngine(path: path, options: options)
    }
}
#endif
