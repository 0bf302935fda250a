import Engine

/// An engine that hands on to another what it does not do itself.
protocol WrappedEngine: StorageEngine {
    var base: any StorageEngine { get }
}

extension WrappedEngine {
    /// Those of the engine within, but as one whose writes wait: for the test.
    var capabilities: EngineCapabilities {
        var capabilities = base.capabilities
        capabilities.writesInMemory = false
        return capabilities
    }

    var hasLostWrites: Bool { base.hasLostWrites }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
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
        try base.scan(keyspace, range, reverse: reverse, limit: limit, body)
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
