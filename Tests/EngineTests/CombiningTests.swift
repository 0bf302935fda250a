import Foundation
import Synchronization
import Testing

@testable import Engine

/// An engine whose writes never wait has them done by the threads that submit them.
@Suite("Executor: writes in memory")
struct CombiningTests {
    /// Puts a row, and notes on which thread that was done.
    private final class Job: EngineWriteJob {
        let durability = Durability.buffered
        let number: UInt8
        let threads = Mutex<[pthread_t]>([])
        let whenDone: @Sendable () -> Void

        init(_ number: UInt8, whenDone: @escaping @Sendable () -> Void = {}) {
            self.number = number
            self.whenDone = whenDone
        }

        func stage(_ stage: inout WriteStage) throws(EngineError) {
            threads.withLock { $0.append(pthread_self()) }
            try stage.put(.data, [number], [number])
        }

        func finished(_ result: Result<Void, EngineError>) {
            if case .failure(let error) = result { Issue.record("\(error)") }
            threads.withLock { $0.append(pthread_self()) }
            whenDone()
        }
    }

    private func withExecutor(_ body: (EngineExecutor) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "combining-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let executor = try EngineExecutor(
            engine: try MemoryEngineFactory.open(at: path, options: EngineOptions([])))
        do {
            try await body(executor)
        } catch {
            try executor.shutdown()
            throw error
        }
        try executor.shutdown()
    }

    @Test("a job is done when submit returns, by the thread that submits it")
    func atOnce() async throws {
        try await withExecutor { executor in
            let job = Job(1)
            try executor.submit(job)
            #expect(job.threads.withLock { $0 } == [pthread_self(), pthread_self()])
            let value = try executor.engine.get(.data, [1])
            #expect(value == [1])
            #expect(executor.statistics.committedJobs == 1 && executor.statistics.queuedWrites == 0)
        }
    }

    @Test("what is submitted by a job that ends is done after it, without end")
    func nested() async throws {
        try await withExecutor { executor in
            let order = Mutex<[UInt8]>([])
            let inner = Job(2) { order.withLock { $0.append(2) } }
            let outer = Job(1) {
                do throws(EngineError) { try executor.submit(inner) } catch { Issue.record("\(error)") }
                order.withLock { $0.append(1) }
            }
            try executor.submit(outer)
            #expect(order.withLock { $0 } == [1, 2])
        }
    }

    @Test("a thread doesn't do the work of others for long: the writer thread takes over")
    func bounded() async throws {
        try await withExecutor { executor in
            // Each brings the next one when it ends, so that there is always more.
            let jobs = Mutex<[Job]>([])
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                var next: Job?
                for number in (UInt8(0)..<6).reversed() {
                    let following = next
                    let job = Job(number) {
                        guard let following else { return done.resume() }
                        do throws(EngineError) { try executor.submit(following) } catch {
                            Issue.record("\(error)")
                        }
                    }
                    jobs.withLock { $0.insert(job, at: 0) }
                    next = job
                }
                do throws(EngineError) { try executor.submit(next!) } catch { Issue.record("\(error)") }
            }
            let threads = jobs.withLock { $0.map { $0.threads.withLock { $0[0] } } }
            #expect(threads[0] == threads[1] && threads[0] != threads[5])
            #expect(executor.statistics.committedJobs == 6)
        }
    }

    @Test("maintenance, and what comes behind it, is left to the writer thread")
    func maintenance() async throws {
        try await withExecutor { executor in
            let here = pthread_self()
            let begun = DispatchSemaphore(value: 0)
            let mayEnd = DispatchSemaphore(value: 0)
            async let there = executor.maintain { (_) throws(EngineError) in
                begun.signal()
                mayEnd.wait()
                return pthread_self()
            }
            await withCheckedContinuation { done in
                Thread.detachNewThread {
                    begun.wait()
                    done.resume()
                }
            }
            let job = Job(1)
            try executor.submit(job)
            #expect(job.threads.withLock { $0.isEmpty })
            mayEnd.signal()
            let thread = try await there
            #expect(thread != here)
            // Behind the job, so that it is done by then.
            _ = try await executor.maintain { (_) throws(EngineError) in }
            #expect(job.threads.withLock { $0 } == [thread, thread])
        }
    }

    @Test("threads that submit at the same time lose nothing")
    func many() async throws {
        try await withExecutor { executor in
            await withTaskGroup(of: Void.self) { group in
                for number in UInt8(0)..<100 {
                    group.addTask {
                        await withCheckedContinuation { done in
                            let job = Job(number) { done.resume() }
                            do throws(EngineError) {
                                try executor.submit(job)
                            } catch {
                                Issue.record("\(error)")
                                done.resume()
                            }
                        }
                    }
                }
            }
            #expect(executor.statistics.committedJobs == 100)
            for number in UInt8(0)..<100 {
                let value = try executor.engine.get(.data, [number])
                #expect(value == [number])
            }
        }
    }
}
