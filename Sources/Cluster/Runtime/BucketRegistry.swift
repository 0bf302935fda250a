import ClusterCore
import Engine
import Synchronization

/// The properties of all buckets, as far as this node knows: kept in memory for every shard, and in the engine.
final class BucketRegistry: Sendable {
    private let table: Mutex<BucketTable>
    private let executor: EngineExecutor
    private let tieBreak: NodeID

    init(_ table: BucketTable, executor: EngineExecutor, tieBreak: NodeID) {
        self.table = Mutex(table)
        self.executor = executor
        self.tieBreak = tieBreak
    }

    var current: BucketTable { table.withLock { $0 } }

    /// Sets a bucket's properties, in memory.
    func set(_ properties: BucketProperties, of bucket: String, at timestamp: Timestamp) throws(RequestError)
    {
        try table.withLock { (table) throws(RequestError) in
            try table.set(properties, of: bucket, timestamp: timestamp, node: tieBreak)
        }
    }

    /// Takes in what another node knows; answers whether that changed anything.
    func merge(_ other: BucketTable) -> Bool { table.withLock { $0.merge(other) } }

    /// Makes what is in memory when the writer thread, or one that stands for it, comes to it survive power loss, then calls
    /// `whenDone` there.
    func persist(whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void) {
        let job = PersistJob(registry: self, whenDone: whenDone)
        do throws(EngineError) {
            try executor.submit(job)
        } catch {
            whenDone(.failure(error))
        }
    }

    private final class PersistJob: EngineWriteJob {
        let durability = Durability.synced
        let registry: BucketRegistry
        let whenDone: @Sendable (Result<Void, EngineError>) -> Void

        init(registry: BucketRegistry, whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void) {
            self.registry = registry
            self.whenDone = whenDone
        }

        func stage(_ stage: inout WriteStage) throws(EngineError) {
            var writer = ByteWriter()
            registry.current.encode(into: &writer)
            try stage.put(.meta, NodeState.Key.buckets, writer.bytes)
        }

        func finished(_ result: Result<Void, EngineError>) { whenDone(result) }
    }
}
