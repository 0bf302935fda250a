import Engine

/// The memory engine, with writes and scans that fail, or that are lost, as a test says. For one thread.
final class FaultyEngine: WrappedEngine, @unchecked Sendable {
    // Sendable: the tests that use it have one thread.
    let base: any StorageEngine
    /// The bytes of each batch.
    private(set) var writtenBytes: [Int] = []
    var failure: (after: Int, error: EngineError)?
    /// The number of a write that returns and does nothing.
    var dropsWrite: Int?
    var scanFailure: EngineError?

    init(_ base: any StorageEngine) { self.base = base }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        if let failure, writtenBytes.count >= failure.after { throw failure.error }
        writtenBytes.append(batch.byteCount)
        if writtenBytes.count == dropsWrite { return }
        try base.write(batch, durability: durability)
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        if let scanFailure { throw scanFailure }
        return try base.scan(keyspace, range, reverse: reverse, limit: limit, body)
    }
}
