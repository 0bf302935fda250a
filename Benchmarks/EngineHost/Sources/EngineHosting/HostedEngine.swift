import Engine
import HostProtocol
import LMDBEngine
import LevelEngine
import Load
import RocksEngine
import Workloads

/// An engine as a node has it, and the records that it was given.
public final class HostedEngine {
    private static let factories: [any EngineFactory.Type] = [
        RocksEngineFactory.self, LevelEngineFactory.self, LMDBEngineFactory.self, MemoryEngineFactory.self,
    ]

    /// By which they are asked for.
    public static let names = factories.map { $0.name }

    private let executor: EngineExecutor
    private let desk: EngineDesk
    private let values = ValueSource()
    private var records: [String: RecordCount] = [:]
    /// Of this thread, when it gave its last answer.
    private var answeredAt = ThreadClock.seconds

    /// Opens, and if needed creates, the engine's files in a directory whose parent exists, with the options, the row cache and the
    /// queues' bounds that a node has by default.
    ///
    /// - Parameter name: One of `names`.
    public init(_ name: String, at directory: String, isSynced: Bool) throws {
        guard let factory = Self.factories.first(where: { $0.name == name }) else {
            throw HostError("there is no engine \"\(name)\": \(Self.names.joined(separator: ", "))")
        }
        let engine = try factory.open(at: directory, options: EngineOptions(factory.options))
        executor = try EngineExecutor(
            engine: CachedEngine.before(engine, maxBytes: CachedEngine.defaultMaxBytes))
        desk = EngineDesk(executor, durability: isSynced ? .synced : .buffered)
    }

    /// Runs on the calling thread, always the same one, until it is done.
    ///
    /// - Parameter progress: Called a few times a second.
    public func carryOut(
        _ order: HostOrder, progress: (_ seconds: Double, _ operations: Int) throws -> Void = { _, _ in }
    ) throws -> HostFigures {
        let workload = try check(order)
        let records = records[order.bucket, default: RecordCount(0)]
        self.records[order.bucket] = records
        var round = EngineRound(order, workload, desk, records, values)
        let (seconds, recorder) = try round.run(progress)
        let cpu = ThreadClock.seconds
        defer { answeredAt = cpu }
        return HostFigures(
            seconds: seconds, operations: recorder.operations, errors: recorder.errors,
            absent: recorder.absent, latency: recorder.latency, kinds: recorder.latencies,
            bytesWritten: recorder.bytesWritten, records: records.held,
            callerCPUSeconds: cpu - answeredAt - round.engineCPUSeconds, timeline: recorder.timeline)
    }

    private func check(_ order: HostOrder) throws -> Workload {
        guard let workload = Workload.named(order.workload) else {
            throw HostError("there is no workload \"\(order.workload)\"")
        }
        guard (1...28).contains(order.bucket.utf8.count) else {
            throw HostError("a bucket's name has 1 to 28 bytes, not \"\(order.bucket)\"")
        }
        guard order.callers > 0, order.coordinators > 0, order.seconds > 0, order.valueSize > 0 else {
            throw HostError("callers, coordinators, seconds and bytes of a value are above 0")
        }
        let known = records[order.bucket]?.count ?? 0
        guard order.firstRecords > 0 || workload.startsEmpty, known >= order.firstRecords else {
            throw HostError(
                "\(order.bucket) has \(known) records, workload \(order.workload) was to begin with \(order.firstRecords)"
            )
        }
        return workload
    }

    /// Ends the threads and closes the engine.
    public func close() throws { try executor.shutdown() }
}

/// Why an order is not carried out.
public struct HostError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
