import Instruments

/// What the storage libraries tell of themselves (`StorageEngine.statistics`), under names that say what it is to an operator.
/// Each engine has some of these.
enum EngineFigures {
    private struct Figure {
        /// The engine's name for it.
        var key: String
        var metric: MetricDefinition

        init(
            _ key: String, _ name: String, kind: MetricDefinition.Kind = .gauge,
            unit: MetricDefinition.Unit? = nil, _ help: String
        ) {
            self.key = key
            metric = MetricDefinition(name, kind, unit: unit, help)
        }
    }

    private static let rowCache = [
        Figure(
            "row_cache_hits", "kvnode_row_cache_hits", kind: .counter,
            "Point reads that the row cache has answered."),
        Figure(
            "row_cache_misses", "kvnode_row_cache_misses", kind: .counter,
            "Point reads that went on to the engine."),
        Figure(
            "row_cache_evictions", "kvnode_row_cache_evictions", kind: .counter,
            "Rows that made room for others."),
        Figure("row_cache_entries", "kvnode_row_cache_rows", "Rows in the row cache."),
        Figure("row_cache_bytes", "kvnode_row_cache_bytes", unit: .bytes, "Memory of the row cache."),
    ]

    private static let rocksdb = [
        Figure(
            "live_sst_files_size", "kvnode_rocksdb_live_file_bytes", unit: .bytes,
            "Bytes of the tables that hold the data."),
        Figure(
            "total_sst_files_size", "kvnode_rocksdb_file_bytes", unit: .bytes,
            "Bytes of all tables, those included that only wait to be removed."),
        Figure(
            "estimate_num_keys", "kvnode_rocksdb_estimated_keys", "Rows, estimated, of all keyspaces."),
        Figure(
            "estimate_pending_compaction_bytes", "kvnode_rocksdb_pending_compaction_bytes", unit: .bytes,
            "Bytes that compactions have to rewrite before the tables are in order: the backlog."),
        Figure(
            "num_running_compactions", "kvnode_rocksdb_running_compactions", "Compactions at work."),
        Figure("num_running_flushes", "kvnode_rocksdb_running_flushes", "Flushes of write buffers at work."),
        Figure(
            "num_immutable_mem_table", "kvnode_rocksdb_waiting_write_buffers",
            "Full write buffers that wait to be flushed."),
        Figure(
            "cur_size_all_mem_tables", "kvnode_rocksdb_write_buffer_bytes", unit: .bytes,
            "Memory of the write buffers."),
        Figure(
            "is_write_stopped", "kvnode_rocksdb_writes_stopped",
            "1 while the library lets no write through, until compactions have caught up: a stall."),
        Figure(
            "actual_delayed_write_rate", "kvnode_rocksdb_delayed_write_rate",
            "Bytes a second to which the library holds writes down; 0 while it does not."),
        Figure(
            "background_errors", "kvnode_rocksdb_background_errors", kind: .counter,
            "Flushes and compactions that failed."),
        Figure(
            "block_cache_usage", "kvnode_rocksdb_block_cache_bytes", unit: .bytes,
            "Memory of the block cache that is in use."),
        Figure(
            "block_cache_capacity", "kvnode_rocksdb_block_cache_capacity_bytes", unit: .bytes,
            "Memory that the block cache may take."),
        Figure(
            "counter_block_cache_hit", "kvnode_rocksdb_block_cache_hits", kind: .counter,
            "Blocks that the block cache had; only with engine.rocksdb.statistics."),
        Figure(
            "counter_block_cache_miss", "kvnode_rocksdb_block_cache_misses", kind: .counter,
            "Blocks that were read from files; only with engine.rocksdb.statistics."),
    ]

    private static let others = [
        Figure(
            "memory_usage_bytes", "kvnode_leveldb_memory_bytes", unit: .bytes,
            "Memory of LevelDB's write buffers and block cache."),
        Figure(
            "map_size_bytes", "kvnode_lmdb_map_bytes", unit: .bytes,
            "The size to which LMDB's file may grow."),
        Figure(
            "file_used_bytes", "kvnode_lmdb_used_bytes", unit: .bytes,
            "Bytes of LMDB's file up to the last page that was ever used."),
        Figure(
            "live_page_bytes", "kvnode_lmdb_live_bytes", unit: .bytes,
            "Bytes of the pages that hold the data; the others are free to be used again."),
        Figure("readers", "kvnode_lmdb_reader_slots", "Slots of LMDB's reader table in use."),
        Figure(
            "oldest_reader_transactions", "kvnode_lmdb_oldest_reader_transactions",
            "Commits since the oldest open read began: no page that was freed since can be used again."),
        Figure("bytes", "kvnode_memory_engine_bytes", unit: .bytes, "Bytes of the memory engine's rows."),
    ]

    private static let levelCount = 7
    private static let levels = MetricDefinition(
        "kvnode_leveldb_files", .gauge, labels: ["level"], "LevelDB's tables, by level.")

    private static let all = rowCache + rocksdb + others

    static let definitions = all.map(\.metric) + [levels]

    /// The names that all engines together have for them.
    static let keys = all.map(\.key) + (0..<levelCount).map { "files_level_\($0)" }

    static func add(_ figures: [String: Double], to reading: inout MetricReading) {
        for figure in all {
            if let value = figures[figure.key] { reading.add(figure.metric, value) }
        }
        for level in 0..<levelCount {
            if let files = figures["files_level_\(level)"] { reading.add(levels, ["\(level)"], files) }
        }
    }
}
