/// An ordered map in memory, for tests, for benchmarks of the layers above, and as the model of the contract.
///
/// Nothing survives ``close()`` but checkpoints: opening a directory that holds one loads it.
public enum MemoryEngineFactory: EngineFactory {
    public static let name = "memory"
    public static let options: [EngineOption] = []

    public static func open(
        at path: String, options: EngineOptions
    ) throws(EngineError) -> any StorageEngine {
        try MemoryEngine(path: path)
    }
}

final class MemoryEngine: StorageEngine, @unchecked Sendable {
    // Sendable: `image` changes only with `lock` held for writing and is read, or copied, with it held. The rest never
    // changes.
    private let lock = ReadWriteLock()
    /// Nil when closed.
    private var image: MemoryImage?
    private let path: String
    private let claim: PathClaim

    let capabilities = EngineCapabilities(
        zeroCopyReads: true, residentReads: true, nativeDeleteRange: false, nativeCheckpoint: false,
        nativeMultiGet: false, persistent: false, writesInMemory: true, readsInMemory: true)

    /// There is no log.
    let hasLostWrites = false

    init(path: String) throws(EngineError) {
        try Files.makeDirectory(path)
        self.path = path
        claim = try PathClaim(path)
        do throws(EngineError) {
            image = MemoryImage(maps: try MemoryFile.load(directory: path))
        } catch {
            claim.release()
            throw error
        }
    }

    private func current() throws(EngineError) -> MemoryImage {
        lock.lockForReading()
        defer { lock.unlock() }
        guard let image else { throw EngineError.closed(path) }
        return image
    }

    private func change(_ body: (inout MemoryImage) throws(EngineError) -> Void) throws(EngineError) {
        lock.lockForWriting()
        defer { lock.unlock() }
        // Unwrapping makes a second owner, for which every node would be copied.
        guard image != nil else { throw EngineError.closed(path) }
        try body(&image!)
    }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        try change { (image) throws(EngineError) in try image.apply(batch) }
    }

    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        try change { $0.remove(keyspace, range) }
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try EngineLimits.check(keyCount: key.count)
        return try MemoryImage.lend(try value(keyspace, key), body)
    }

    /// Looks up under the lock: that costs less than the copies that writes would make for a snapshot.
    private func value(_ keyspace: Keyspace, _ key: [UInt8]) throws(EngineError) -> [UInt8]? {
        lock.lockForReading()
        defer { lock.unlock() }
        guard image != nil else { throw EngineError.closed(path) }
        return image!.maps[Int(keyspace.rawValue)][key]
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try withValue(keyspace, key, body)
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        try current().scan(keyspace, range, reverse: reverse, limit: limit, body)
    }

    func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try body(try current())
    }

    /// Nothing is on a disk.
    func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 {
        _ = try current()
        return 0
    }

    func checkpoint(to path: String) throws(EngineError) {
        let image = try current()
        try Files.makeCheckpoint(path) { () throws(EngineError) in
            try MemoryFile.save(image.maps, directory: path)
        }
    }

    /// Nothing to do: memory is given back at once.
    func compact(_ keyspace: Keyspace) throws(EngineError) { _ = try current() }

    /// Nothing to do: there is no disk.
    func sync() throws(EngineError) { _ = try current() }

    func statistics() throws(EngineError) -> [String: Double] {
        let maps = try current().maps
        return [
            "entries": Double(maps.reduce(0) { $0 + $1.count }),
            "bytes": Double(maps.reduce(0) { $0 + $1.byteCount }),
        ]
    }

    func close() throws(EngineError) {
        lock.lockForWriting()
        defer { lock.unlock() }
        guard image != nil else { throw EngineError.closed(path) }
        image = nil
        claim.release()
    }
}
