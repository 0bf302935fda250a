import Synchronization

/// The asynchronous face of a ``StorageEngine``: one writer thread with group commit, a few reader threads, bounded queues.
///
/// A hop to a thread costs as much as a read, so hop once for a batch, never for a key. Every call but ``shutdown()`` may
/// be made on any thread and does not wait; with an engine whose writes are in memory, ``submit(_:)`` may do the work. Call ``shutdown()`` before the last reference goes: the threads do not stop
/// by themselves.
public final class EngineExecutor: Sendable {
    /// Bounds, every one of them configuration.
    public struct Limits: Sendable {
        public var readerThreads = 2
        /// Write jobs accepted and not yet finished; one more is refused as `overloaded`.
        public var maxQueuedWrites = 4096
        /// Bytes of write jobs accepted and not yet finished, as the jobs tell them; a job that would exceed this is
        /// refused as `overloaded`. One that is larger by itself is taken when no other has bytes.
        public var maxQueuedBytes = 256 << 20
        /// Read jobs that wait for a thread; one more is refused as `overloaded`.
        public var maxQueuedReads = 4096
        /// A group is committed when it has this many operations, or jobs, or bytes of keys and values. The job that
        /// exceeds the limit is still part of it.
        public var maxGroupOperations = 4096
        public var maxGroupJobs = 4096
        public var maxGroupBytes = 8 << 20
        /// How long a group whose commit flushes waits for more jobs, once there are ``commitSiblings``: the flush costs
        /// them all as much as one.
        public var commitDelay = Duration.zero
        /// Jobs that must be there for others to be worth waiting for: a lone writer would wait for nobody.
        public var commitSiblings = 5

        public init() {}
    }

    /// What the executor has done since it started, and what waits.
    public struct Statistics: Equatable, Sendable {
        public var committedGroups = 0
        /// Jobs in committed groups.
        public var committedJobs = 0
        /// Puts and deletes in committed groups.
        public var committedOperations = 0
        /// Jobs that threw, or whose group could not be committed.
        public var failedJobs = 0
        /// Time spent in the engine's writes, failed ones included.
        public var commitNanoseconds: UInt64 = 0
        /// Nanoseconds of each of these: of those that were asked to flush to disk, and of those that were not.
        public var syncedCommits = Distribution(.commitDurations)
        public var bufferedCommits = Distribution(.commitDurations)
        /// Operations of each commit that has not failed.
        public var commitSizes = Distribution(.commitSizes)
        public var finishedReads = 0
        /// Jobs that a full queue has refused.
        public var refusedWrites = 0
        public var refusedReads = 0
        public var queuedWrites = 0
        /// Bytes of the write jobs that wait or are at work, as the jobs tell them.
        public var queuedBytes = 0
        public var queuedReads = 0

        /// - Parameter nanoseconds: Of the engine's write, without the staging before it.
        mutating func add(_ commit: GroupCommit, nanoseconds: UInt64) {
            commitNanoseconds += nanoseconds
            switch commit.durability {
            case .synced: syncedCommits.add(Int(nanoseconds))
            case .buffered: bufferedCommits.add(Int(nanoseconds))
            }
            if commit.error == nil {
                committedGroups += 1
                committedJobs += commit.jobs
                committedOperations += commit.operations
                commitSizes.add(commit.operations)
            } else {
                failedJobs += commit.jobs
            }
        }
    }

    /// For what needs no thread of the executor: ``EngineReader/withResidentValue(_:_:_:)`` on event loops.
    public let engine: any StorageEngine

    /// What the engine's calls have shown of its files, as far as it is told.
    public let watch: EngineWatch

    private let writer: EngineWriter
    private let readers: EngineReaders
    private let threads: [WorkerThread]
    private let isShutDown = Mutex(false)

    static let shutDown = EngineError(.closed, "the engine's executor has been shut down")

    /// Starts the threads. The executor owns the engine from here on: ``shutdown()`` closes it.
    ///
    /// - Parameter watch: Of this engine (``WatchedEngine``); told besides of what is read and cannot be decoded.
    public init(
        engine: any StorageEngine, limits: Limits = Limits(), watch: EngineWatch = EngineWatch()
    ) throws(EngineError) {
        precondition(
            limits.readerThreads > 0 && limits.maxQueuedWrites > 0 && limits.maxQueuedReads > 0
                && limits.maxQueuedBytes > 0,
            "an executor needs a reader thread and room in its queues")
        self.engine = engine
        self.watch = watch
        let writer = EngineWriter(engine: engine, limits: limits)
        let readers = EngineReaders(engine: engine, maxQueued: limits.maxQueuedReads)
        var threads: [WorkerThread] = []
        do throws(EngineError) {
            threads.append(try WorkerThread(name: "engine-writer") { writer.run() })
            for number in 0..<limits.readerThreads {
                threads.append(try WorkerThread(name: "engine-read-\(number)") { readers.run() })
            }
        } catch {
            writer.stop()
            readers.stop()
            for thread in threads { thread.join() }
            throw error
        }
        self.writer = writer
        self.readers = readers
        self.threads = threads
    }

    /// An executor without threads, for a simulator: what is queued is done when ``step(_:)`` is called, in the caller's
    /// own time and thread.
    ///
    /// - Parameter wake: Called from ``submit(_:)`` or ``submitRead(_:)`` when there is work of a kind and was none
    ///   before; it is to see to it that ``step(_:)`` is called later, not at once.
    public init(
        engine: any StorageEngine, limits: Limits = Limits(), wake: @escaping @Sendable (Work) -> Void
    ) {
        self.engine = engine
        watch = EngineWatch()
        writer = EngineWriter(engine: engine, limits: limits, wake: { wake(.writes) })
        readers = EngineReaders(
            engine: engine, maxQueued: limits.maxQueuedReads, wake: { wake(.reads) })
        threads = []
    }

    /// Which queue of an executor without threads has work.
    public enum Work: Sendable {
        case writes
        case reads
    }

    /// Does what is queued: the writes, in as few commits as the limits of a group allow, or the reads.
    public func step(_ work: Work) {
        precondition(threads.isEmpty, "the executor's threads do its work")
        switch work {
        case .writes: writer.step()
        case .reads: readers.step()
        }
    }

    /// Queues a write job. Throws `overloaded` when the queue is full, `closed` after ``shutdown()``.
    public func submit(_ job: any EngineWriteJob) throws(EngineError) {
        try writer.submit(.job(job))
    }

    /// Queues `job` for a reader thread, which hands it the engine. Throws as ``submit(_:)`` does.
    public func submitRead(_ job: @escaping @Sendable (any StorageEngine) -> Void) throws(EngineError) {
        try readers.submit(job)
    }

    /// Refuses new jobs, finishes those accepted, ends the threads, closes the engine; blocks until that is done.
    ///
    /// A further call does nothing. Not to be called by a job: it would wait for itself.
    public func shutdown() throws(EngineError) {
        precondition(!threads.contains { $0.isCurrent }, "shutdown was called by a job of the executor")
        // Held to the end, so that a second caller returns only when all is done.
        try isShutDown.withLock { (isShutDown) throws(EngineError) in
            if isShutDown { return }
            isShutDown = true
            writer.stop()
            readers.stop()
            if threads.isEmpty {
                writer.step()
                readers.step()
            }
            for thread in threads { thread.join() }
            try engine.close()
        }
    }

    public var statistics: Statistics {
        var statistics = writer.statistics
        readers.count(in: &statistics)
        return statistics
    }
}

// MARK: For control paths and tests

extension EngineExecutor {
    /// Writes `batch` in some group commit that survives at least what `durability` names.
    public func write(_ batch: WriteBatch, durability: Durability) async throws(EngineError) {
        try await result { (resume) throws(EngineError) in
            try submit(BatchJob(batch, durability, resume))
        }
    }

    /// Runs `body` on a reader thread.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any StorageEngine) throws(EngineError) -> R
    ) async throws(EngineError) -> R {
        try await result { (resume) throws(EngineError) in
            try submitRead { engine in resume(Self.outcome(of: body, engine)) }
        }
    }

    /// Runs `body` on the writer thread between two commits: for `deleteRange`, `compact`, `sync` and the like.
    ///
    /// What was queued before is committed before; nothing else is written meanwhile.
    public func maintain<R: Sendable>(
        _ body: @escaping @Sendable (any StorageEngine) throws(EngineError) -> R
    ) async throws(EngineError) -> R {
        try await result { (resume) throws(EngineError) in
            try writer.submit(.maintenance { engine in resume(Self.outcome(of: body, engine)) })
        }
    }

    /// As above; calls `whenDone` once, on the writer thread, or on the caller's if the queue is full or closed.
    public func maintain<R: Sendable>(
        _ body: @escaping @Sendable (any StorageEngine) throws(EngineError) -> R,
        whenDone: @escaping @Sendable (Result<R, EngineError>) -> Void
    ) {
        do throws(EngineError) {
            try writer.submit(.maintenance { engine in whenDone(Self.outcome(of: body, engine)) })
        } catch {
            whenDone(.failure(error))
        }
    }

    private static func outcome<R>(
        of body: (any StorageEngine) throws(EngineError) -> R, _ engine: any StorageEngine
    ) -> Result<R, EngineError> {
        do throws(EngineError) { return .success(try body(engine)) } catch { return .failure(error) }
    }

    /// Awaits what the job that `start` queues hands to its argument.
    private func result<R: Sendable>(
        _ start: (@escaping @Sendable (Result<R, EngineError>) -> Void) throws(EngineError) -> Void
    ) async throws(EngineError) -> R {
        let result = await withCheckedContinuation { continuation in
            do throws(EngineError) {
                try start { continuation.resume(returning: $0) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }
}

/// A ready batch as a job.
private final class BatchJob: EngineWriteJob {
    let durability: Durability
    var byteCount: Int { batch.byteCount }
    private let batch: WriteBatch
    private let resume: @Sendable (Result<Void, EngineError>) -> Void

    init(
        _ batch: WriteBatch, _ durability: Durability,
        _ resume: @escaping @Sendable (Result<Void, EngineError>) -> Void
    ) {
        self.batch = batch
        self.durability = durability
        self.resume = resume
    }

    func stage(_ stage: inout WriteStage) throws(EngineError) {
        try batch.forEach { (keyspace, key, value) throws(EngineError) in
            if let value {
                try stage.put(keyspace, [UInt8](copying: key), [UInt8](copying: value))
            } else {
                try stage.delete(keyspace, [UInt8](copying: key))
            }
        }
    }

    func finished(_ result: Result<Void, EngineError>) { resume(result) }
}
