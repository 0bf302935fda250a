/// Any engine, with a bounded cache of rows before the point reads of ``Keyspace/data``: a *row cache*.
///
/// An engine that has to search for a row, through a write buffer and files, takes microseconds where a hash table takes a
/// fraction of one; and an engine that cannot tell whether a read would wait for a disk can answer an event loop what is
/// here. Scans, snapshots and the other keyspaces are the engine's alone. Keys that are not there are not kept.
///
/// The contract is the engine's own: ``RowCache`` says why no read gets what the engine would not have answered.
public final class CachedEngine: StorageEngine {
    /// What a node takes if it is not told otherwise.
    public static let defaultMaxBytes = 64 << 20

    private let engine: any StorageEngine
    private let cache: RowCache

    /// - Parameter maxBytes: Bytes of the rows that are kept, keys included, and 112 for each.
    public convenience init(_ engine: any StorageEngine, maxBytes: Int) {
        self.init(engine, RowCache(maxBytes: maxBytes))
    }

    init(_ engine: any StorageEngine, _ cache: RowCache) {
        self.engine = engine
        self.cache = cache
    }

    /// `engine` with a cache of `maxBytes`; `engine` itself if that is 0, or if its reads need none.
    public static func before(_ engine: any StorageEngine, maxBytes: Int) -> any StorageEngine {
        if maxBytes == 0 || engine.capabilities.readsInMemory { return engine }
        return CachedEngine(engine, maxBytes: maxBytes)
    }

    public var capabilities: EngineCapabilities {
        var capabilities = engine.capabilities
        capabilities.residentReads = true
        return capabilities
    }

    public var hasLostWrites: Bool { engine.hasLostWrites }

    // MARK: Changes

    public func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        var hashes: [(operation: Int, hash: UInt64)] = []
        hashes.reserveCapacity(batch.count)
        for operation in 0..<batch.count {
            batch.withOperation(operation) { keyspace, key, _ in
                if keyspace == .data { hashes.append((operation, cache.beginWrite(key))) }
            }
        }
        // If this throws, the keys stay hidden and their shards take nothing until they are written.
        try engine.write(batch, durability: durability)
        for (operation, hash) in hashes.reversed() {
            batch.withOperation(operation) { _, key, value in cache.endWrite(hash, key, value) }
        }
    }

    public func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        guard keyspace == .data else { return try engine.deleteRange(keyspace, range) }
        cache.pause(dropping: range)
        // If this throws, part of the range may be gone: each shard takes rows again once it is written.
        try engine.deleteRange(keyspace, range)
        cache.resume()
    }

    // MARK: Reads

    public func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        guard keyspace == .data else { return try engine.withValue(keyspace, key, body) }
        switch cache.find(key) {
        case .row(let row): return try body(row.span.bytes.extracting(key.count..<row.count))
        case .unknown(let ticket):
            return try engine.withValue(keyspace, key) { (value) throws(EngineError) in
                if let value { cache.insert(key, value, ticket) }
                return try body(value)
            }
        }
    }

    public func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        guard keyspace == .data else { return try engine.withResidentValue(keyspace, key, body) }
        switch cache.find(key) {
        case .row(let row): return try body(row.span.bytes.extracting(key.count..<row.count))
        case .unknown(let ticket):
            return try engine.withResidentValue(keyspace, key) { (value) throws(EngineError) in
                if let value { cache.insert(key, value, ticket) }
                return try body(value)
            }
        }
    }

    public func multiGet(
        _ keyspace: Keyspace, _ keys: [[UInt8]], _ body: (Int, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError) {
        guard keyspace == .data else { return try engine.multiGet(keyspace, keys, body) }
        var unknown: [(index: Int, ticket: RowCache.Ticket)] = []
        for (index, key) in keys.enumerated() {
            switch cache.find(key) {
            case .row(let row): try body(index, row.span.bytes.extracting(key.count..<row.count))
            case .unknown(let ticket): unknown.append((index, ticket))
            }
        }
        if unknown.isEmpty { return }
        try engine.multiGet(keyspace, unknown.map { keys[$0.index] }) {
            (position, value) throws(EngineError) in
            let (index, ticket) = unknown[position]
            if let value { cache.insert(keys[index], value, ticket) }
            try body(index, value)
        }
    }

    public func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        try engine.scan(keyspace, range, reverse: reverse, limit: limit, body)
    }

    public func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try engine.read(body)
    }

    // MARK: Upkeep

    public func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 {
        try engine.approximateSize(keyspace, range)
    }

    public func compact(_ keyspace: Keyspace) throws(EngineError) { try engine.compact(keyspace) }

    public func sync() throws(EngineError) { try engine.sync() }

    public func checkpoint(to path: String) throws(EngineError) { try engine.checkpoint(to: path) }

    /// The engine's figures, and `row_cache_hits`, `_misses`, `_entries`, `_bytes`, `_evictions`.
    public func statistics() throws(EngineError) -> [String: Double] {
        try engine.statistics().merging(cache.statistics) { _, own in own }
    }

    public func close() throws(EngineError) {
        cache.pause(dropping: .all)
        try engine.close()
    }
}
