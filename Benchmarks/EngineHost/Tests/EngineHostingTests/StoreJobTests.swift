import Engine
import Foundation
import Testing

@testable import EngineHosting

@Suite struct StoreJobTests {
    private static func withDesk(_ body: (EngineDesk, EngineExecutor) throws -> Void) throws {
        try withFolder { folder in
            let engine = try MemoryEngineFactory.open(
                at: folder.appendingPathComponent("data").path,
                options: EngineOptions(MemoryEngineFactory.options))
            let executor = try EngineExecutor(engine: engine)
            try body(EngineDesk(executor, durability: .buffered), executor)
            try executor.shutdown()
        }
    }

    @Test func `a write finds the row that was there before, also one of its own batch`() throws {
        try Self.withDesk { desk, executor in
            var batch = Batch()
            for (caller, key) in [(0, 1), (1, 2), (2, 1)] as [(Int, UInt8)] {
                batch.writes.append(.init(caller: caller, key: [key], state: [UInt8(caller)]))
            }
            #expect(desk.submit(batch).isEmpty)
            let ended = desk.take(waits: true)
            #expect(ended.map(\.caller) == [0, 1, 2])
            #expect(
                ended.map(\.outcome) == [
                    .wrote(wasThere: false), .wrote(wasThere: false), .wrote(wasThere: true),
                ])
            let stored = try executor.engine.get(.data, [1])
            #expect(stored == [2])
            // One job, so one commit.
            #expect(executor.statistics.committedGroups == 1)
        }
    }

    @Test func `reads say what is there, listings how much`() throws {
        try Self.withDesk { desk, executor in
            var batch = Batch()
            for key in 1...9 as ClosedRange<UInt8> {
                batch.writes.append(.init(caller: 0, key: [key % 3, key], state: [key]))
            }
            _ = desk.submit(batch)
            #expect(desk.take(waits: true).count == 9)

            batch = Batch()
            batch.reads = [.init(caller: 1, key: [1, 4]), .init(caller: 2, key: [1, 5])]
            batch.scans = [.init(caller: 3, prefixes: [[0], [2]], limit: 5)]
            var ended = desk.submit(batch)
            while ended.count < 3 { ended += desk.take(waits: true) }
            let outcomes = Dictionary(uniqueKeysWithValues: ended.map { ($0.caller, $0.outcome) })
            #expect(outcomes == [1: .read(isThere: true), 2: .read(isThere: false), 3: .scanned(rows: 5)])
        }
    }

    @Test func `what the engine refuses has failed, for each caller`() throws {
        try Self.withDesk { desk, executor in
            try executor.shutdown()
            var batch = Batch()
            batch.writes = [.init(caller: 0, key: [1], state: [1]), .init(caller: 1, key: [2], state: [1])]
            batch.reads = [.init(caller: 2, key: [1])]
            batch.scans = [.init(caller: 3, prefixes: [[1]], limit: 1)]
            let ended = desk.submit(batch)
            #expect(ended.map(\.caller).sorted() == [0, 1, 2, 3])
            for one in ended {
                guard case .failed(let reason) = one.outcome else {
                    Issue.record("\(one) is no failure")
                    continue
                }
                #expect(reason.contains("closed") || reason.contains("shut down"), "\(reason)")
            }
        }
    }
}
