#if RocksDB
import CRocksDB
import Engine

/// The library's option objects of one open database.
///
/// They are kept as long as the database: it shares the block cache, and the statistics are read through `base`.
final class RocksOptions {
    let base: OpaquePointer
    let writeBuffered = rocksdb_writeoptions_create()!
    let writeSynced = rocksdb_writeoptions_create()!
    let read = rocksdb_readoptions_create()!
    /// Answers from memory, or with the status "incomplete".
    let readResident = rocksdb_readoptions_create()!
    let cache: OpaquePointer
    let verifiesChecksums: Bool
    let keepsStatistics: Bool

    /// `InfoLogLevel::HEADER_LEVEL`, for which the C interface has no name.
    private static let headersOnly: Int32 = 5

    init(_ options: EngineOptions, _ recovery: LogRecovery) {
        base = Self.makeBase(filtersMemtables: options.int("bloom_bits") > 0)
        cache = rocksdb_cache_create_lru(options.int("block_cache_bytes"))
        verifiesChecksums = options.bool("verify_checksums")
        keepsStatistics = options.bool("statistics")
        rocksdb_options_set_create_if_missing(base, 1)
        rocksdb_options_set_create_missing_column_families(base, 1)
        rocksdb_options_set_write_buffer_size(base, options.int("write_buffer_bytes"))
        rocksdb_options_set_max_write_buffer_number(base, Int32(options.int("max_write_buffers")))
        // A log stays as long as any keyspace has rows in it that are in no table yet. Without a limit, one that is written to
        // now and then kept gigabytes of logs, to be replayed at the next start.
        rocksdb_options_set_max_total_wal_size(base, UInt64(options.int("max_log_bytes")))
        rocksdb_options_set_compression(base, Self.compression(options.choice("compression")))
        rocksdb_options_set_max_open_files(base, Int32(options.int("max_open_files")))
        rocksdb_options_increase_parallelism(base, Int32(options.int("compaction_threads")))
        if options.choice("compaction_priority") == "low" { Self.lowerCompactions() }
        rocksdb_options_set_allow_mmap_reads(base, options.bool("allow_mmap_reads") ? 1 : 0)
        if keepsStatistics { rocksdb_options_enable_statistics(base) }
        // The library's own text log, which nobody asked to grow. Only the headers that opening writes: built with its
        // assertions, as Debian's is, the library aborts the process when it logs a second time to a full disk.
        rocksdb_options_set_info_log_level(base, Self.headersOnly)
        rocksdb_options_set_max_log_file_size(base, 16 << 20)
        rocksdb_options_set_keep_log_file_num(base, 4)
        // The strict mode takes an incomplete last record, as the death of the process leaves it, and refuses any other
        // damage. It cannot tell a flipped bit of a record's length from such an end where the length reaches behind
        // the log's, which it may in the log's last 32 KiB; nor one that `RocksLog` looks for. Point-in-time recovery replays up to the first damage.
        let mode =
            recovery == .strict
            ? rocksdb_tolerate_corrupted_tail_records_recovery : rocksdb_point_in_time_recovery
        rocksdb_options_set_wal_recovery_mode(base, Int32(mode))
        setTableOptions(bloomBits: options.int("bloom_bits"))
        rocksdb_writeoptions_set_sync(writeSynced, 1)
        for option in [read, readResident] {
            rocksdb_readoptions_set_verify_checksums(option, verifiesChecksums ? 1 : 0)
        }
        rocksdb_readoptions_set_read_tier(readResident, 1)
    }

    deinit {
        rocksdb_readoptions_destroy(readResident)
        rocksdb_readoptions_destroy(read)
        rocksdb_writeoptions_destroy(writeSynced)
        rocksdb_writeoptions_destroy(writeBuffered)
        rocksdb_options_destroy(base)
        rocksdb_cache_destroy(cache)
    }

    /// Lets requests go before compactions where both want a processor, which the event loops would otherwise have a fraction of
    /// for seconds. Flushes, which writes may wait for, are of another pool of threads. All databases of the process share both.
    private static func lowerCompactions() {
        let environment = rocksdb_create_default_env()!
        defer { rocksdb_env_destroy(environment) }
        rocksdb_env_lower_thread_pool_cpu_priority(environment)
    }

    /// Options for an iterator or a snapshot's reads, which the caller destroys.
    func makeReadOptions(snapshot: OpaquePointer?) -> OpaquePointer {
        let options = rocksdb_readoptions_create()!
        rocksdb_readoptions_set_verify_checksums(options, verifiesChecksums ? 1 : 0)
        if let snapshot { rocksdb_readoptions_set_snapshot(options, snapshot) }
        return options
    }

    /// - Parameter filtersMemtables: With a Bloom filter of whole keys, a hundredth of the memtable's size. Each put reads its
    ///   key first, and to find that a new one is nowhere cost as much as to insert it.
    private static func makeBase(filtersMemtables: Bool) -> OpaquePointer {
        let base = rocksdb_options_create()!
        guard filtersMemtables else { return base }
        defer { rocksdb_options_destroy(base) }
        let options = rocksdb_options_create()!
        var error: UnsafeMutablePointer<CChar>?
        // The C interface has no function for the second of them.
        rocksdb_get_options_from_string(
            base, "memtable_prefix_bloom_size_ratio=0.01;memtable_whole_key_filtering=true", options, &error)
        precondition(error == nil, "the library knows these options")
        return options
    }

    private func setTableOptions(bloomBits: Int) {
        let table = rocksdb_block_based_options_create()!
        rocksdb_block_based_options_set_block_cache(table, cache)
        if bloomBits > 0 {
            // The table options own the policy from here on.
            rocksdb_block_based_options_set_filter_policy(
                table, rocksdb_filterpolicy_create_bloom_full(Double(bloomBits)))
        }
        rocksdb_options_set_block_based_table_factory(base, table)
        rocksdb_block_based_options_destroy(table)
    }

    private static func compression(_ name: String) -> Int32 {
        let kind =
            switch name {
            case "snappy": rocksdb_snappy_compression
            case "zlib": rocksdb_zlib_compression
            case "lz4": rocksdb_lz4_compression
            case "zstd": rocksdb_zstd_compression
            default: rocksdb_no_compression
            }
        return Int32(kind)
    }
}
#endif
