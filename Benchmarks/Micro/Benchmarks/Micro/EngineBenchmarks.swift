import Benchmark
import Engine
import Foundation

/// The memory engine: the cost of the protocol between the cluster layer and an engine, and of the ordered map.
func registerEngine() {
    let subject = EngineSubject()
    let value = [UInt8](repeating: 0x76, count: 128)
    let batchSize = 16

    measure("engine.get", teardown: subject.close) {
        let key = subject.nextKey()
        let found = try? subject.engine.get(.data, key)
        precondition(found?.count == value.count)
    }

    // Values that are there already are overwritten. The batch is kept, as the writer's is.
    var batch = WriteBatch()
    measure("engine.put-16", teardown: subject.close) {
        batch.removeAll(keepingCapacity: true)
        for _ in 0..<batchSize { batch.put(.data, subject.nextKey(), value) }
        guard (try? subject.engine.write(batch, durability: .buffered)) != nil else {
            fatalError("not written")
        }
    }
}

/// An engine with a thousand keys, from its first use until it's closed.
private final class EngineSubject {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent(
        "kvnode-micro-\(ProcessInfo.processInfo.processIdentifier)")
    private let keys = (0..<1_000).map { Array("key:\(1_000_000_000_000 + $0)".utf8) }
    private var next = 0

    private(set) lazy var engine: any StorageEngine = {
        do { return try open() } catch { fatalError("not opened: \(error)") }
    }()

    /// All keys in turn, in steps that don't follow their order.
    func nextKey() -> [UInt8] {
        next = (next + 389) % keys.count
        return keys[next]
    }

    private func open() throws -> any StorageEngine {
        let engine = try MemoryEngineFactory.open(at: path.path, options: EngineOptions([]))
        var batch = WriteBatch()
        for key in keys { batch.put(.data, key, Array(repeating: 0x76, count: 128)) }
        try engine.write(batch, durability: .buffered)
        return engine
    }

    func close() throws {
        try engine.close()
        try FileManager.default.removeItem(at: path)
    }
}
