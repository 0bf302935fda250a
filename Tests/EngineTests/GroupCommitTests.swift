import Foundation
import Synchronization
import Testing

@testable import Engine

/// What a job is told of the commit that it was part of.
@Suite("Executor: commits as jobs are told of them")
struct GroupCommitTests {
    /// Puts some rows, and keeps what it is told in the order in which that comes.
    private final class Job: EngineWriteJob {
        enum Event: Equatable {
            case ended(GroupCommit)
            case finished(EngineError?)
        }

        let durability: Durability
        private let keys: Range<UInt8>
        private let stagingError: EngineError?
        private let events = Mutex<[Event]>([])
        private let done = Semaphore()

        init(
            _ keys: Range<UInt8>, durability: Durability = .buffered, stagingError: EngineError? = nil
        ) {
            self.keys = keys
            self.durability = durability
            self.stagingError = stagingError
        }

        /// Blocks until the job is done.
        var told: [Event] {
            done.wait()
            return events.withLock(\.self)
        }

        func stage(_ stage: inout WriteStage) throws(EngineError) {
            if let stagingError { throw stagingError }
            for key in keys { try stage.put(.data, [key], [key]) }
        }

        func ended(_ commit: GroupCommit) { events.withLock { $0.append(.ended(commit)) } }

        func finished(_ result: Result<Void, EngineError>) {
            var error: EngineError?
            if case .failure(let failure) = result { error = failure }
            events.withLock { $0.append(.finished(error)) }
            done.signal()
        }
    }

    /// Runs `body` on an executor whose writes wait, and which is at its first.
    private func whileFirstWrites(
        _ body: (EngineExecutor, BlockingEngine, _ first: Job) throws -> Void
    ) throws {
        let path = NSTemporaryDirectory() + "group-commit-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let engine = BlockingEngine(try MemoryEngineFactory.open(at: path, options: EngineOptions([])))
        let executor = try EngineExecutor(engine: engine)
        let first = Job(0..<1)
        try executor.submit(first)
        engine.awaitWrite()
        try body(executor, engine, first)
        try executor.shutdown()
    }

    private func commit(_ event: Job.Event?) throws -> GroupCommit {
        guard case .ended(let commit) = event else { throw EngineError(.io, "told of no commit") }
        return commit
    }

    @Test("it has all that was queued, and times around them")
    func group() throws {
        let before = MonotonicClock.now
        try whileFirstWrites { executor, engine, first in
            let queued = [Job(1..<3), Job(3..<6, durability: .synced), Job(6..<6)]
            for job in queued { try executor.submit(job) }
            engine.allow(2)
            let told = queued.map(\.told)
            let commits = try told.map { try commit($0.first) }
            let after = MonotonicClock.now
            #expect(commits[0].jobs == 3 && commits[0].operations == 5)
            #expect(commits[0].durability == .synced && commits[0].error == nil)
            #expect(commits[1] == commits[0] && commits[2] == commits[0])
            for events in told { #expect(Array(events.dropFirst()) == [.finished(nil)]) }
            let earlier = try commit(first.told.first)
            #expect(earlier.jobs == 1 && earlier.operations == 1 && earlier.durability == .buffered)
            let times = [before, earlier.begun, earlier.ended, commits[0].begun, commits[0].ended, after]
            #expect(times == times.sorted())
        }
    }

    @Test("one that failed says why; a job that staged nothing has had none")
    func failures() throws {
        try whileFirstWrites { executor, engine, first in
            let refused = Job(1..<2, stagingError: EngineError(.corruption, "unreadable"))
            let failing = Job(2..<3)
            try executor.submit(refused)
            try executor.submit(failing)
            engine.allow(1)
            #expect(first.told.count == 2)
            engine.awaitWrite()
            let full = EngineError(.noSpace, "full")
            engine.failWrites(with: full)
            engine.allow(1)
            #expect(refused.told == [.finished(EngineError(.corruption, "unreadable"))])
            let told = failing.told
            let commit = try commit(told.first)
            #expect(commit.jobs == 1 && commit.operations == 1 && commit.error == full)
            #expect(Array(told.dropFirst()) == [.finished(full)])
        }
    }
}
