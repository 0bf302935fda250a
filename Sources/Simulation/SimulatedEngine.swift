import Engine

/// The engine of a simulated node, on its disk. Reads sometimes can't be answered from memory, as with a real one.
final class SimulatedEngine: StorageEngine, @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    private let disk: SimulatedDisk
    private let scheduler: Scheduler
    /// Sees every batch that the disk has taken, and what it held before.
    private let written: (WriteBatch, _ before: MemoryImage) -> Void

    let capabilities = EngineCapabilities(
        zeroCopyReads: true, residentReads: true, nativeDeleteRange: true, nativeCheckpoint: false,
        nativeMultiGet: false, persistent: true)
    let hasLostWrites = false

    init(
        _ disk: SimulatedDisk, _ scheduler: Scheduler,
        written: @escaping (WriteBatch, _ before: MemoryImage) -> Void
    ) {
        self.disk = disk
        self.scheduler = scheduler
        self.written = written
    }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        if disk.isFull, scheduler.happens(0.3) { try disk.keepRefused(batch) }
        let before = disk.image
        try disk.write(batch, durability: durability)
        written(batch, before)
    }

    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        try disk.remove(keyspace, range)
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try disk.image.withValue(keyspace, key, body)
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        scheduler.happens(0.5) ? try disk.image.withValue(keyspace, key, body) : nil
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        try disk.image.scan(keyspace, range, reverse: reverse, limit: limit, body)
    }

    func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try body(disk.image)
    }

    func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 { 0 }

    func checkpoint(to path: String) throws(EngineError) {
        throw EngineError(.invalidArgument, "a simulated disk has no paths")
    }

    func compact(_ keyspace: Keyspace) throws(EngineError) {}

    func sync() throws(EngineError) { disk.flush() }

    func statistics() throws(EngineError) -> [String: Double] { [:] }

    func close() throws(EngineError) {}
}
