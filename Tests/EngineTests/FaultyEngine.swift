import Engine

/// The memory engine, with writes and scans that fail, or that are lost, as a test says. For one thread.
final class FaultyEngine: StorageEngine, @unchecked Sendable {
    // Sendable: the tests that use it have one thread.
    let base: any StorageEngine
    /// The bytes of each batch.
    private(set) var writtenBytes: [Int] = []
    var failure: (after: Int, error: EngineError)?
    /// The number of a write that returns and does nothing.
    var dropsWrite: Int?
    var scanFailure: EngineError?

    init(_ base: any StorageEngine) { self.base = base }

    /// Those of the engine within, but as one whose writes wait: for the test.
    var capabilities: EngineCapabilities {
        var capabilities = base.capabilities
        capabilities.writesInMemory = false
        return capabilities
    }
    var hasLostWrites: Bool { base.hasLostWrites }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        if let failure, writtenBytes.count >= failure.after { throw failure.error }
        writtenBytes.append(batch.byteCount)
        if writtenBytes.count == dropsWrite { return }
        try base.write(batch, durability: durability)
    }

    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        try base.deleteRange(keyspace, range)
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try base.withValue(keyspace, key, body)
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try base.withResidentValue(keyspace, key, body)
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        if let scanFailure { throw scanFailure }
        return try base.scan(keyspace, range, reverse: reverse, limit: limit, body)
    }

    func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try base.read(body)
    }

    func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 {
        try base.approximateSize(keyspace, range)
    }

    func checkpoint(to path: String) throws(EngineError) { try base.checkpoint(to: path) }
    func compact(_ keyspace: Keyspace) throws(EngineError) { try base.compact(keyspace) }
    func sync() throws(EngineError) { try base.sync() }
    func statistics() throws(EngineError) -> [String: Double] { try base.statistics() }
    func close() throws(EngineError) { try base.close() }
}
