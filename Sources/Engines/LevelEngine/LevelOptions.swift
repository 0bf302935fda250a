#if LevelDB
import CLevelDB
import Engine

/// The library's option objects of one open database, which borrows the cache and the filter from here.
final class LevelOptions {
    let base = leveldb_options_create()!
    let read = leveldb_readoptions_create()!
    let writeBuffered = leveldb_writeoptions_create()!
    let writeSynced = leveldb_writeoptions_create()!
    private let cache: OpaquePointer
    private let filter: OpaquePointer?

    init(_ options: EngineOptions) {
        cache = leveldb_cache_create_lru(options.int("block_cache_bytes"))
        let bloomBits = options.int("bloom_bits")
        filter = bloomBits > 0 ? leveldb_filterpolicy_create_bloom(Int32(bloomBits)) : nil
        leveldb_options_set_create_if_missing(base, 1)
        leveldb_options_set_cache(base, cache)
        if let filter { leveldb_options_set_filter_policy(base, filter) }
        leveldb_options_set_write_buffer_size(base, options.int("write_buffer_bytes"))
        leveldb_options_set_max_open_files(base, Int32(options.int("max_open_files")))
        leveldb_options_set_block_size(base, options.int("block_size"))
        let compresses = options.choice("compression") == "snappy"
        leveldb_options_set_compression(
            base, Int32(compresses ? leveldb_snappy_compression : leveldb_no_compression))
        leveldb_readoptions_set_verify_checksums(read, 1)
        leveldb_writeoptions_set_sync(writeSynced, 1)
    }

    deinit {
        leveldb_writeoptions_destroy(writeSynced)
        leveldb_writeoptions_destroy(writeBuffered)
        leveldb_readoptions_destroy(read)
        leveldb_options_destroy(base)
        if let filter { leveldb_filterpolicy_destroy(filter) }
        leveldb_cache_destroy(cache)
    }
}
#endif
