/// Any engine, with a watch that is told of each call that fails.
///
/// What a closure throws that is passed in counts as the engine's: it is about what was read.
public final class WatchedEngine: StorageEngine {
    private let engine: any StorageEngine
    private let watch: EngineWatch

    public init(_ engine: any StorageEngine, _ watch: EngineWatch) {
        self.engine = engine
        self.watch = watch
    }

    public var capabilities: EngineCapabilities { engine.capabilities }
    public var hasLostWrites: Bool { engine.hasLostWrites }

    @inline(__always)
    private func reading<R>(_ body: () throws(EngineError) -> R) throws(EngineError) -> R {
        do throws(EngineError) {
            return try body()
        } catch {
            watch.readFailed(error)
            throw error
        }
    }

    private func writing<R>(_ body: () throws(EngineError) -> R) throws(EngineError) -> R {
        do throws(EngineError) {
            let result = try body()
            watch.wrote()
            return result
        } catch {
            watch.writeFailed(error)
            throw error
        }
    }

    // MARK: Changes

    public func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        try writing { () throws(EngineError) in try engine.write(batch, durability: durability) }
    }

    public func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        try writing { () throws(EngineError) in try engine.deleteRange(keyspace, range) }
    }

    public func sync() throws(EngineError) { try writing { () throws(EngineError) in try engine.sync() } }

    // MARK: Reads

    public func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try reading { () throws(EngineError) in try engine.withValue(keyspace, key, body) }
    }

    public func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try reading { () throws(EngineError) in try engine.withResidentValue(keyspace, key, body) }
    }

    public func multiGet(
        _ keyspace: Keyspace, _ keys: [[UInt8]], _ body: (Int, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError) {
        try reading { () throws(EngineError) in try engine.multiGet(keyspace, keys, body) }
    }

    public func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        try reading { () throws(EngineError) in
            try engine.scan(keyspace, range, reverse: reverse, limit: limit, body)
        }
    }

    public func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try reading { () throws(EngineError) in try engine.read(body) }
    }

    // MARK: Upkeep

    public func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 {
        try reading { () throws(EngineError) in try engine.approximateSize(keyspace, range) }
    }

    /// Where it fails, the copy may be at fault, whose disk is another.
    public func checkpoint(to path: String) throws(EngineError) { try engine.checkpoint(to: path) }

    /// What a compaction meets shows in reads and writes.
    public func compact(_ keyspace: Keyspace) throws(EngineError) { try engine.compact(keyspace) }

    public func statistics() throws(EngineError) -> [String: Double] { try engine.statistics() }

    public func close() throws(EngineError) { try engine.close() }
}
