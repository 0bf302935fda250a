/// The writer thread's side of the executor: the queue of jobs, and the loop that commits them in groups.
///
/// Where a write never waits for a disk, a thread that submits a job while nobody is at work does what is queued itself, since
/// waking another costs more than the work: those that come meanwhile leave theirs to it (Hendler et al., "Flat combining and the
/// synchronization-parallelism tradeoff", SPAA 2010). Maintenance, which may wait, is left to the writer thread.
///
/// Group commit as in DeWitt et al., "Implementation techniques for main memory database systems" (SIGMOD 1984): what
/// queues up during one commit shares the next, so that the flushes per write fall as the load rises. Those that a flush has
/// just set free come back a little late for the next: a timer, if one is set, holds it for them.
final class EngineWriter: Sendable {
    enum Entry {
        case job(any EngineWriteJob)
        /// Runs between commits, on the writer thread.
        case maintenance(@Sendable (any StorageEngine) -> Void)

        var isJob: Bool { if case .job = self { true } else { false } }
    }

    /// An entry, and the bytes that count for it while it is pending.
    private struct Pending {
        var entry: Entry
        var bytes: Int
    }

    /// The jobs of one commit.
    private struct Group {
        var jobs: [any EngineWriteJob] = []
        var bytes = 0
        /// When its first job was staged.
        var begun: UInt64 = 0
    }

    private struct State {
        var queue: [Pending] = []
        /// Accepted and not yet finished, in the queue or in the group at work; and their bytes.
        var pending = 0
        var pendingBytes = 0
        /// Whether some thread does what was queued.
        var isAtWork = false
        /// Whether whoever is at work waits for more to do.
        var isGathering = false
        var isStopping = false
        var statistics = EngineExecutor.Statistics()

        /// - Parameter flushes: Whether each commit does, whatever it is asked for.
        func isWorthDelaying(_ limits: EngineExecutor.Limits, flushes: Bool) -> Bool {
            guard queue.count >= limits.commitSiblings, queue.count < limits.maxGroupJobs else {
                return false
            }
            return flushes
                || queue.contains {
                    if case .job(let job) = $0.entry { job.durability == .synced } else { false }
                }
        }
    }

    private let engine: any StorageEngine
    private let limits: EngineExecutor.Limits
    private let monitor = Monitor(State())

    /// Told when the queue is no longer empty, where no thread waits for it.
    private let wake: (@Sendable () -> Void)?
    /// Whether a thread that submits does the work.
    private let combines: Bool

    init(engine: any StorageEngine, limits: EngineExecutor.Limits, wake: (@Sendable () -> Void)? = nil) {
        self.engine = engine
        self.limits = limits
        self.wake = wake
        combines = wake == nil && engine.capabilities.writesInMemory
    }

    func submit(_ entry: Entry) throws(EngineError) {
        let bytes =
            switch entry {
            case .job(let job): max(0, job.byteCount)
            case .maintenance: 0
            }
        let next = try monitor.withLock { (state) throws(EngineError) -> Next in
            if state.isStopping { throw EngineExecutor.shutDown }
            if state.pending >= limits.maxQueuedWrites {
                state.statistics.refusedWrites += 1
                throw EngineError(.overloaded, "\(state.pending) writes are queued already")
            }
            // Written so that no sum can overflow.
            if bytes > limits.maxQueuedBytes - state.pendingBytes, bytes > 0, state.pendingBytes > 0 {
                state.statistics.refusedWrites += 1
                throw EngineError(.overloaded, "\(state.pendingBytes) bytes of writes are queued already")
            }
            state.pending += 1
            state.pendingBytes += bytes
            state.queue.append(Pending(entry: entry, bytes: bytes))
            if state.isGathering, state.queue.count == limits.maxGroupJobs { return .wake }
            if state.queue.count > 1 || state.isAtWork { return .nothing }
            guard combines, case .job = entry else { return .wake }
            state.isAtWork = true
            return .work
        }
        switch next {
        case .nothing: break
        case .wake: if let wake { wake() } else { monitor.wakeOne() }
        case .work: combine()
        }
    }

    /// What becomes of a job that was queued.
    private enum Next {
        /// Whoever is at work, or was woken, comes to it.
        case nothing
        case wake
        /// This thread does it.
        case work
    }

    /// How often a thread that has submitted a job looks for those of others, before it leaves them to the writer thread: it
    /// may be an event loop, which has more to do.
    private static let maxPasses = 2

    /// Does what is queued on the thread that has submitted it, up to what is not for it.
    private func combine() {
        var stage = WriteStage(engine: engine)
        var entries: [Pending] = []
        for pass in 0... {
            let isLeft = monitor.withLock { state in
                let jobs = state.queue.firstIndex { !$0.entry.isJob } ?? state.queue.count
                let count = pass < Self.maxPasses ? jobs : 0
                entries = Array(state.queue[..<count])
                state.queue.removeFirst(count)
                if count == 0 { state.isAtWork = false }
                return !state.queue.isEmpty || state.isStopping
            }
            if entries.isEmpty {
                if isLeft { monitor.wakeOne() }
                return
            }
            perform(entries, &stage)
        }
    }

    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.wakeAll()
    }

    var statistics: EngineExecutor.Statistics {
        monitor.withLock {
            var statistics = $0.statistics
            statistics.queuedWrites = $0.pending
            statistics.queuedBytes = $0.pendingBytes
            return statistics
        }
    }

    /// The writer thread: returns when stopped and all that was accepted is done.
    func run() {
        var stage = WriteStage(engine: engine)
        var entries: [Pending] = []
        while true {
            let isDone = monitor.wait { state -> Bool? in
                if state.isAtWork { return nil }
                if state.queue.isEmpty { return state.isStopping ? true : nil }
                state.isAtWork = true
                return false
            }
            if isDone { return }
            awaitSiblings()
            monitor.withLock {
                $0.isGathering = false
                swap(&$0.queue, &entries)
            }
            perform(entries, &stage)
            entries.removeAll(keepingCapacity: true)
            monitor.withLock { $0.isAtWork = false }
        }
    }

    /// Lets jobs gather whose flush this group's can be.
    private func awaitSiblings() {
        guard limits.commitDelay > .zero else { return }
        let flushes = engine.capabilities.flushesBufferedWrites
        monitor.wait(atMost: limits.commitDelay) { [limits] state in
            state.isGathering = !state.isStopping && state.isWorthDelaying(limits, flushes: flushes)
            return state.isGathering ? nil : ()
        }
    }

    /// Does what is queued at the call, without a thread of its own.
    func step() {
        var stage = WriteStage(engine: engine)
        var entries: [Pending] = []
        monitor.withLock { swap(&$0.queue, &entries) }
        perform(entries, &stage)
    }

    private func perform(_ entries: [Pending], _ stage: inout WriteStage) {
        var group = Group()
        for pending in entries {
            switch pending.entry {
            case .job(let job):
                add(job, pending.bytes, to: &stage, &group)
            case .maintenance(let body):
                commit(&stage, &group)
                body(engine)
                monitor.withLock { $0.pending -= 1 }
            }
            if stage.batch.count >= limits.maxGroupOperations
                || stage.batch.byteCount >= limits.maxGroupBytes
                || group.jobs.count >= limits.maxGroupJobs
            {
                commit(&stage, &group)
            }
        }
        commit(&stage, &group)
    }

    private func add(
        _ job: any EngineWriteJob, _ bytes: Int, to stage: inout WriteStage, _ group: inout Group
    ) {
        if group.jobs.isEmpty { group.begun = MonotonicClock.now }
        stage.beginJob()
        do throws(EngineError) {
            try job.stage(&stage)
            group.jobs.append(job)
            group.bytes += bytes
        } catch {
            stage.rollBackJob()
            monitor.withLock {
                $0.pending -= 1
                $0.pendingBytes -= bytes
                $0.statistics.failedJobs += 1
            }
            job.finished(.failure(error))
        }
    }

    private func commit(_ stage: inout WriteStage, _ group: inout Group) {
        if group.jobs.isEmpty { return }
        let durability = group.jobs.reduce(Durability.buffered) { max($0, $1.durability) }
        let start = MonotonicClock.now
        let result = write(stage.batch, durability)
        var commit = GroupCommit(
            begun: group.begun, ended: MonotonicClock.now, jobs: group.jobs.count,
            operations: stage.batch.count, durability: durability)
        if case .failure(let error) = result { commit.error = error }
        monitor.withLock {
            $0.pending -= group.jobs.count
            $0.pendingBytes -= group.bytes
            $0.statistics.add(commit, nanoseconds: commit.ended - start)
        }
        stage.reset()
        for job in group.jobs {
            job.ended(commit)
            job.finished(result)
        }
        group.jobs.removeAll(keepingCapacity: true)
        group.bytes = 0
    }

    /// Jobs that only read need no commit of their own, but those behind a failed commit may have seen what it lost.
    private func write(_ batch: WriteBatch, _ durability: Durability) -> Result<Void, EngineError> {
        if batch.isEmpty { return .success(()) }
        do throws(EngineError) {
            try engine.write(batch, durability: durability)
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}
