#if RocksDB
import CRocksDB
import Engine

/// Properties that each keyspace has of its own: summed.
private let summed = [
    "estimate-num-keys", "estimate-live-data-size", "total-sst-files-size", "live-sst-files-size",
    "cur-size-all-mem-tables", "num-immutable-mem-table", "estimate-table-readers-mem",
    "estimate-pending-compaction-bytes", "compaction-pending", "mem-table-flush-pending",
]
/// Properties of the whole database.
private let shared = [
    "block-cache-capacity", "block-cache-usage", "block-cache-pinned-usage", "num-running-compactions",
    "num-running-flushes", "num-snapshots", "is-write-stopped", "actual-delayed-write-rate",
    "background-errors",
]

/// The library's figures, `rocksdb.block-cache-usage` as `block_cache_usage`.
///
/// With the option `statistics`, its counters too: their only way out of the C API is a text of lines such as
/// `rocksdb.block.cache.hit COUNT : 17`.
func rocksStatistics(_ handle: RocksHandle) -> [String: Double] {
    var figures: [String: Double] = [:]
    func add(_ property: String, of keyspace: Keyspace) {
        var figure: UInt64 = 0
        let name = "rocksdb." + property
        guard rocksdb_property_int_cf(handle.database, handle.family(keyspace), name, &figure) == 0 else {
            return
        }
        figures[snakeCase(property), default: 0] += Double(figure)
    }
    for property in summed {
        for keyspace in Keyspace.allCases { add(property, of: keyspace) }
    }
    for property in shared { add(property, of: .data) }
    if handle.options.keepsStatistics, let text = rocksdb_options_statistics_get_string(handle.options.base) {
        defer { rocksdb_free(text) }
        for line in String(cString: text).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 4, words[1] == "COUNT", words[2] == ":", let count = Double(words[3]) {
                figures["counter_" + snakeCase(words[0].trimmingPrefix("rocksdb."))] = count
            }
        }
    }
    return figures
}

private func snakeCase(_ name: some StringProtocol) -> String {
    String(name.map { $0 == "." || $0 == "-" ? "_" : $0 })
}
#endif
