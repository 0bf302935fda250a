import Engine
import Glibc
import Synchronization
import Testing

@Suite struct ExecutorTests {
    /// Submits a job and waits until its commit is at work, so that what follows queues up behind it.
    private func occupyWriter(_ executor: EngineExecutor, _ engine: BlockingEngine) throws -> TestJob {
        let job = TestJob(put: [0], [0])
        try executor.submit(job)
        engine.awaitWrite()
        return job
    }

    @Test func `what queues up shares one commit of the strongest durability`() throws {
        try withExecutor { executor, engine in
            let first = try occupyWriter(executor, engine)
            let jobs = (1...10).map { TestJob(put: [$0], [$0], $0 == 5 ? .synced : .buffered) }
            for job in jobs { try executor.submit(job) }
            engine.allow(2)
            #expect(([first] + jobs).allSatisfy { $0.await() == nil })
            #expect(
                engine.writes == [
                    .init(operations: 1, durability: .buffered), .init(operations: 10, durability: .synced),
                ])
            #expect(try engine.get(.data, [7]) == [7])
            let statistics = executor.statistics
            #expect(statistics.committedGroups == 2 && statistics.committedJobs == 11)
            #expect(statistics.committedOperations == 11 && statistics.queuedWrites == 0)
            #expect(
                statistics.commitSizes.sum == 11
                    && statistics.commitSizes.counts.prefix(5) == [1, 0, 0, 0, 1])
            let (synced, buffered) = (statistics.syncedCommits, statistics.bufferedCommits)
            #expect(synced.counts.reduce(0, +) == 1 && buffered.counts.reduce(0, +) == 1)
            #expect(synced.sum + buffered.sum == Int(statistics.commitNanoseconds))
        }
    }

    @Test(arguments: ["operations", "jobs", "bytes"])
    func `a group ends at each limit`(_ kind: String) throws {
        var limits = EngineExecutor.Limits()
        switch kind {
        case "operations": limits.maxGroupOperations = 4
        case "jobs": limits.maxGroupJobs = 4
        default: limits.maxGroupBytes = 8
        }
        try withExecutor(limits) { executor, engine in
            _ = try occupyWriter(executor, engine)
            let jobs = (1...10).map { TestJob(put: [$0], [$0]) }
            for job in jobs { try executor.submit(job) }
            engine.allow(4)
            #expect(jobs.allSatisfy { $0.await() == nil })
            #expect(engine.writes.map(\.operations) == [1, 4, 4, 2])
        }
    }

    /// The delay is longer than the test may take, so that what is committed was not waited for to its end.
    private static let gathering: EngineExecutor.Limits = {
        var limits = EngineExecutor.Limits()
        (limits.commitDelay, limits.commitSiblings, limits.maxGroupJobs) = (.seconds(3_600), 2, 4)
        return limits
    }()

    @Test(arguments: [(Durability.synced, false), (.buffered, true)])
    func `writes whose commit flushes wait for more of them, until the group is full`(
        _ durability: Durability, flushes: Bool
    ) throws {
        try withExecutor(Self.gathering, flushes: flushes) { executor, engine in
            let first = try occupyWriter(executor, engine)
            var jobs = (1...2).map { TestJob(put: [$0], [$0], durability) }
            for job in jobs { try executor.submit(job) }
            engine.allow(1)
            // The writer comes to the two now, and would commit them.
            #expect(first.await() == nil)
            jobs += (3...4).map { TestJob(put: [$0], [$0]) }
            for job in jobs[2...] { try executor.submit(job) }
            engine.allow(1)
            #expect(jobs.allSatisfy { $0.await() == nil })
            #expect(engine.writes.map(\.operations) == [1, 4])
        }
    }

    @Test func `writes without a flush, and fewer than siblings are, wait for nobody`() throws {
        try withExecutor(Self.gathering) { executor, engine in
            let first = try occupyWriter(executor, engine)
            let buffered = (1...2).map { TestJob(put: [$0], [$0]) }
            for job in buffered { try executor.submit(job) }
            engine.allow(3)
            #expect(([first] + buffered).allSatisfy { $0.await() == nil })
            let alone = TestJob(put: [3], [3], .synced)
            try executor.submit(alone)
            #expect(alone.await() == nil)
            #expect(engine.writes.map(\.operations) == [1, 2, 1])
        }
    }

    @Test func `shutdown ends the wait for more`() throws {
        try withExecutor(Self.gathering) { executor, engine in
            let first = try occupyWriter(executor, engine)
            let jobs = (1...2).map { TestJob(put: [$0], [$0], .synced) }
            for job in jobs { try executor.submit(job) }
            engine.allow(2)
            #expect(first.await() == nil)
            try executor.shutdown()
            #expect(jobs.allSatisfy { $0.outcomes == [nil] })
        }
    }

    @Test func `a full queue refuses and recovers`() throws {
        var limits = EngineExecutor.Limits()
        limits.maxQueuedWrites = 3
        try withExecutor(limits) { executor, engine in
            let first = try occupyWriter(executor, engine)
            let jobs = (1...2).map { TestJob(put: [$0], [$0]) }
            for job in jobs { try executor.submit(job) }
            let refused = TestJob(put: [9], [9])
            let error = #expect(throws: EngineError.self) { try executor.submit(refused) }
            #expect(error?.code == .overloaded)
            #expect(executor.statistics.queuedWrites == 3 && executor.statistics.refusedWrites == 1)
            engine.allow(2)
            #expect(([first] + jobs).allSatisfy { $0.await() == nil })
            #expect(refused.outcomes.isEmpty)
            let later = TestJob(put: [9], [9])
            try executor.submit(later)
            engine.allow(1)
            #expect(later.await() == nil)
        }
    }

    @Test func `queued bytes are bounded`() throws {
        var limits = EngineExecutor.Limits()
        limits.maxQueuedBytes = 100
        try withExecutor(limits) { executor, engine in
            // Larger than the limit by itself, but there is no other.
            let huge = TestJob(put: [1], [1], byteCount: 1000)
            try executor.submit(huge)
            engine.awaitWrite()
            let light = TestJob(put: [2], [2])
            try executor.submit(light)
            let refused = TestJob(put: [3], [3], byteCount: 1)
            #expect(throws: EngineError.self) { try executor.submit(refused) }
            engine.allow(2)
            #expect([huge, light].allSatisfy { $0.await() == nil })
            #expect(executor.statistics.queuedBytes == 0)

            let first = TestJob(put: [4], [4], byteCount: 60)
            try executor.submit(first)
            engine.awaitWrite()
            let failing = TestJob(put: [], [5], byteCount: 40)
            try executor.submit(failing)
            #expect(executor.statistics.queuedBytes == 100)
            let error = #expect(throws: EngineError.self) { try executor.submit(refused) }
            #expect(error?.code == .overloaded)
            engine.allow(1)
            // One that fails gives its bytes back, too.
            #expect(first.await() == nil && failing.await() == .keyEmpty)
            #expect(executor.statistics.queuedBytes == 0)
            #expect(refused.outcomes.isEmpty)
        }
    }

    @Test func `a job sees what earlier jobs of its group staged`() throws {
        try withExecutor { executor, engine in
            _ = try occupyWriter(executor, engine)
            // Each reads a counter and writes the next; the third deletes it on the way.
            let jobs = (1...5).map { number in
                TestJob { (stage) throws(EngineError) in
                    let old = try stage.withValue(.data, [42]) { (span) throws(EngineError) in
                        if let span { span.unsafeLoad(as: UInt8.self) } else { UInt8(0) }
                    }
                    if number == 3 {
                        try stage.delete(.data, [42])
                    } else {
                        try stage.put(.data, [42], [old + 1])
                    }
                    // Another keyspace has a key of the same name.
                    try stage.withValue(.meta, [42]) { (span) throws(EngineError) in
                        if span != nil { throw EngineError(.corruption, "the keyspaces are mixed up") }
                    }
                }
            }
            for job in jobs { try executor.submit(job) }
            engine.allow(2)
            #expect(jobs.allSatisfy { $0.await() == nil })
            #expect(engine.writes.map(\.operations) == [1, 5])
            #expect(try engine.get(.data, [42]) == [2])
        }
    }

    @Test func `a job that throws is taken back alone`() throws {
        try withExecutor { executor, engine in
            _ = try occupyWriter(executor, engine)
            let before = TestJob(put: [1], [1])
            let failing = TestJob { (stage) throws(EngineError) in
                try stage.put(.data, [1], [66])
                try stage.put(.data, [1], [67])
                try stage.delete(.data, [2])
                try stage.put(.data, [3], [66])
                try stage.put(.data, [], [66])
            }
            let after = TestJob { (stage) throws(EngineError) in
                let seen = try stage.withValue(.data, [1]) { (span) throws(EngineError) in
                    if let span { [UInt8](copying: span) } else { [UInt8]() }
                }
                try stage.put(.data, [2], seen)
            }
            for job in [before, failing, after] { try executor.submit(job) }
            engine.allow(2)
            #expect(failing.await() == .keyEmpty)
            #expect(before.await() == nil && after.await() == nil)
            #expect(engine.writes.map(\.operations) == [1, 2])
            #expect(try engine.get(.data, [1]) == [1])
            #expect(try engine.get(.data, [2]) == [1])
            #expect(try engine.get(.data, [3]) == nil)
            #expect(executor.statistics.failedJobs == 1)
        }
    }

    @Test func `a failed commit fails its whole group and no other`() throws {
        try withExecutor { executor, engine in
            let first = try occupyWriter(executor, engine)
            let jobs = (2...4).map { TestJob(put: [$0], [$0]) }
            for job in jobs { try executor.submit(job) }
            engine.allow(1)
            engine.awaitWrite()
            #expect(first.await() == nil)
            engine.failWrites(with: EngineError(.noSpace, "full"))
            engine.allow(1)
            #expect(jobs.allSatisfy { $0.await() == .noSpace })
            engine.failWrites(with: nil)
            let later = TestJob(put: [5], [5])
            try executor.submit(later)
            engine.allow(1)
            #expect(later.await() == nil)
            #expect(try engine.get(.data, [3]) == nil)
            #expect(try engine.get(.data, [5]) == [5])
            #expect(jobs.allSatisfy { $0.outcomes.count == 1 })
        }
    }

    @Test func `shutdown finishes what was accepted and refuses the rest`() throws {
        try withExecutor { executor, engine in
            let first = try occupyWriter(executor, engine)
            let jobs = (1...5).map { TestJob(put: [$0], [$0]) }
            for job in jobs { try executor.submit(job) }
            let reads = Mutex(0)
            for _ in 0..<10 { try executor.submitRead { _ in reads.withLock { $0 += 1 } } }
            engine.allow(2)
            try executor.shutdown()
            #expect(([first] + jobs).allSatisfy { $0.outcomes == [nil] })
            #expect(reads.withLock(\.self) == 10)
            #expect(throws: EngineError.self) { try executor.submit(TestJob(put: [1], [1])) }
            let error = #expect(throws: EngineError.self) { try executor.submitRead { _ in } }
            #expect(error?.code == .closed)
            // The engine is closed with it; a second call has nothing to do.
            let refusal = #expect(throws: EngineError.self) { try engine.get(.data, [1]) }
            #expect(refusal?.code == .closed)
            try executor.shutdown()
        }
    }

    @Test func `a full read queue refuses`() throws {
        var limits = EngineExecutor.Limits()
        limits.readerThreads = 1
        limits.maxQueuedReads = 2
        try withExecutor(limits) { executor, _ in
            let started = Semaphore()
            let release = Semaphore()
            try executor.submitRead { _ in
                started.signal()
                release.wait()
            }
            started.wait()
            let done = Semaphore()
            for _ in 0..<2 { try executor.submitRead { _ in done.signal() } }
            let error = #expect(throws: EngineError.self) { try executor.submitRead { _ in } }
            #expect(error?.code == .overloaded)
            #expect(executor.statistics.queuedReads == 2)
            release.signal()
            for _ in 0..<2 { done.wait() }
        }
    }

    @Test func `maintenance runs between commits on the writer thread`() async throws {
        let (executor, engine) = try open()
        engine.allow(1000)
        var batch = WriteBatch()
        for number in UInt8(0)..<10 { batch.put(.data, [number], [number]) }
        try await executor.write(batch, durability: .synced)
        let writer = Mutex<pthread_t?>(nil)
        let job = TestJob { (stage) throws(EngineError) in
            writer.withLock { $0 = pthread_self() }
            try stage.put(.data, [99], [])
        }
        try executor.submit(job)
        #expect(job.await() == nil)
        let thread = try await executor.maintain { (engine) throws(EngineError) in
            try engine.deleteRange(.data, KeyRange(lower: [3], upper: [7]))
            return UInt(pthread_self())
        }
        #expect(writer.withLock { UInt($0!) } == thread)
        let keys = try await executor.read { (engine) throws(EngineError) in
            try engine.scan(.data, .all).rows.map { $0.key[0] }
        }
        #expect(keys == [0, 1, 2, 7, 8, 9, 99])
        await #expect(throws: EngineError.self) {
            try await executor.maintain { (_) throws(EngineError) in throw EngineError(.io, "as asked") }
        }
        try executor.shutdown()
        await #expect(throws: EngineError.self) {
            try await executor.write(WriteBatch(), durability: .buffered)
        }
    }

    @Test func `many writers count to the right sum`() async throws {
        let (executor, engine) = try open()
        engine.allow(100_000)
        let perTask = 200
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<perTask {
                        try await withCheckedThrowingContinuation {
                            (done: CheckedContinuation<Void, any Error>) in
                            let job = CountingJob { done.resume(with: $0) }
                            do { try executor.submit(job) } catch { done.resume(throwing: error) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let sum = try await executor.read { (engine) throws(EngineError) in try engine.get(.data, [1])!.count
        }
        #expect(sum == 8 * perTask)
        let statistics = executor.statistics
        #expect(statistics.committedJobs == 8 * perTask && statistics.committedGroups <= 8 * perTask)
        try executor.shutdown()
    }

    private func open() throws -> (EngineExecutor, BlockingEngine) {
        var template = Array("/tmp/kvnode-executor-XXXXXX".utf8CString)
        let path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
        let engine = BlockingEngine(try MemoryEngineFactory.open(at: path, options: EngineOptions([])))
        rmdir(path)
        return (try EngineExecutor(engine: engine), engine)
    }
}

/// Makes one value a byte longer: a read-modify-write that loses counts if groups do not see themselves.
private final class CountingJob: EngineWriteJob {
    let durability = Durability.buffered
    private let done: @Sendable (Result<Void, any Error>) -> Void

    init(_ done: @escaping @Sendable (Result<Void, any Error>) -> Void) { self.done = done }

    func stage(_ stage: inout WriteStage) throws(EngineError) {
        let count = try stage.withValue(.data, [1]) { (span) throws(EngineError) in
            if let span { span.byteCount } else { 0 }
        }
        try stage.put(.data, [1], [UInt8](repeating: 0, count: count + 1))
    }

    func finished(_ result: Result<Void, EngineError>) { done(result.mapError { $0 }) }
}
