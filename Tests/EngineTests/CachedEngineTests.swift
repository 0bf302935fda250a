import Foundation
import Testing

@testable import Engine

/// What a row cache keeps, and that its engine answers as if there were none, whatever happens within a call.
@Suite struct CachedEngineTests {
    private func withEngines(
        maxBytes: Int = 1 << 20, _ body: (CachedEngine, HookedEngine) throws -> Void
    ) throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-cache-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let base = HookedEngine(try MemoryEngine(path: path))
        let cached = CachedEngine(base, RowCache(maxBytes: maxBytes, shardCount: 1))
        try body(cached, base)
        base.hooks = HookedEngine.Hooks()
        try cached.close()
    }

    private func figure(_ engine: CachedEngine, _ name: String) throws -> Int {
        Int(try #require(try engine.statistics()["row_cache_" + name]))
    }

    private func put(_ engine: any StorageEngine, _ rows: [UInt8: UInt8?]) throws(EngineError) {
        var batch = WriteBatch()
        for (key, value) in rows {
            if let value { batch.put(.data, [key], [value]) } else { batch.delete(.data, [key]) }
        }
        try engine.write(batch, durability: .buffered)
    }

    private static func copy(_ value: RawSpan?) -> [UInt8]? {
        if let value { [UInt8](copying: value) } else { nil }
    }

    @Test func whatWasReadIsAnsweredWithoutTheEngine() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10, 2: 20])
            #expect(try figure(cached, "entries") == 0)
            for _ in 0..<3 { #expect(try cached.get(.data, [1]) == [10]) }
            #expect(try cached.get(.data, [9]) == nil)
            #expect(try figure(cached, "hits") == 2 && figure(cached, "misses") == 2)
            #expect(try figure(cached, "entries") == 1)
            #expect(try figure(cached, "bytes") == 2 + RowTable.overhead)

            var answers: [Int: [UInt8]] = [:]
            try cached.multiGet(.data, [[2], [1], [9], [1]]) { (index, value) throws(EngineError) in
                answers[index] = Self.copy(value)
            }
            #expect(answers == [0: [20], 1: [10], 3: [10]])
            #expect(try figure(cached, "hits") == 4 && figure(cached, "entries") == 2)

            base.hooks.afterRead = { () throws(EngineError) in Issue.record("the engine was asked") }
            let resident = try cached.withResidentValue(.data, [2]) { (value) throws(EngineError) in
                Self.copy(value)
            }
            #expect(resident == [20])
        }
    }

    @Test func writesChangeWhatIsCachedAndAddNothing() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10, 2: 20, 3: 30])
            for key in [1, 2] as [UInt8] { _ = try cached.get(.data, [key]) }
            var batch = WriteBatch()
            batch.put(.data, [1], [11])
            batch.put(.data, [1], [12])
            batch.delete(.data, [2])
            batch.put(.data, [3], [31])
            // Another keyspace's key.
            batch.put(.hints, [1], [99])
            try cached.write(batch, durability: .buffered)
            #expect(try figure(cached, "entries") == 1)
            base.hooks.afterRead = { () throws(EngineError) in Issue.record("the engine was asked") }
            #expect(try cached.get(.data, [1]) == [12])
            base.hooks.afterRead = nil
            #expect(try cached.get(.data, [2]) == nil)
            #expect(try cached.get(.data, [3]) == [31])
            #expect(try cached.get(.hints, [1]) == [99])
        }
    }

    @Test func theBytesStayWithinTheBound() throws {
        let maxBytes = 50 * (RowTable.overhead + 2)
        try withEngines(maxBytes: maxBytes) { cached, _ in
            for key in 0..<UInt8(200) { try put(cached, [key: key]) }
            for key in 0..<UInt8(200) {
                #expect(try cached.get(.data, [key]) == [key])
                #expect(try figure(cached, "bytes") <= maxBytes)
            }
            #expect(try figure(cached, "entries") == 50 && figure(cached, "evictions") == 150)
        }
    }

    @Test func aReadThatBeganBeforeAWriteLeavesNothingOldBehind() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10])
            base.hooks.afterRead = { () throws(EngineError) in
                base.hooks.afterRead = nil
                try self.put(cached, [1: 11])
            }
            // It may still answer the old value: the write came while it was under way.
            #expect(try cached.get(.data, [1]) == [10])
            #expect(try cached.get(.data, [1]) == [11])
        }
    }

    @Test func aReadThatBeganDuringAWriteLeavesNothingBehind() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10, 2: 20])
            base.hooks.beforeWrite = { () throws(EngineError) in _ = try cached.get(.data, [1]) }
            try put(cached, [1: 11])
            #expect(try figure(cached, "entries") == 0)
            #expect(try cached.get(.data, [1]) == [11])
        }
    }

    @Test func noReaderSeesTheNewValueAndThenTheOldOne() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10, 2: 20])
            for key in [1, 2] as [UInt8] { #expect(try cached.get(.data, [key])?.count == 1) }
            base.hooks.afterWrite = { () throws(EngineError) in
                // The engine shows the write, to scans as to reads that missed, though it has not returned.
                let rows = try cached.scan(.data, .all).rows
                #expect(rows.map(\.value) == [[11], [20]])
                for row in rows {
                    let value = try cached.get(.data, row.key)
                    #expect(value == row.value)
                }
            }
            try put(cached, [1: 11])
            #expect(try cached.get(.data, [1]) == [11])
        }
    }

    @Test func aFailedWriteShowsNothingNewAndEndsNoEarlierWrite() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10])
            #expect(try cached.get(.data, [1]) == [10])
            base.hooks.beforeWrite = { () throws(EngineError) in throw EngineError(.io, "failed") }
            #expect(throws: EngineError.self) { try put(cached, [1: 11, 2: 21]) }
            for _ in 0..<2 {
                #expect(try cached.get(.data, [1]) == [10])
                #expect(try cached.get(.data, [2]) == nil)
            }
            base.hooks.beforeWrite = nil
            try put(cached, [1: 12])
            base.hooks.afterRead = { () throws(EngineError) in Issue.record("the engine was asked") }
            #expect(try cached.get(.data, [1]) == [12])
        }
    }

    /// An engine that opens its files anew before it writes again may come back with the batch that failed.
    @Test func aFailedWriteThatComesBackIsSeen() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10, 2: 20])
            for key in [1, 2] as [UInt8] { #expect(try cached.get(.data, [key])?.count == 1) }
            base.hooks.beforeWrite = { () throws(EngineError) in throw EngineError(.io, "failed") }
            #expect(throws: EngineError.self) { try put(cached, [1: 11]) }
            #expect(try cached.get(.data, [1]) == [10])
            base.hooks.beforeWrite = { () throws(EngineError) in try self.put(base.base, [1: 11]) }
            try put(cached, [3: 30])
            #expect(try cached.get(.data, [1]) == [11])
        }
    }

    @Test func aDeletedRangeIsGone() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10, 2: 20, 3: 30, 4: 40])
            for key in [1, 2, 3] as [UInt8] { #expect(try cached.get(.data, [key])?.count == 1) }
            base.hooks.beforeWrite = { () throws(EngineError) in _ = try cached.get(.data, [2]) }
            base.hooks.afterWrite = { () throws(EngineError) in
                let value = try cached.get(.data, [2])
                #expect(value == nil)
            }
            try cached.deleteRange(.data, KeyRange(lower: [2], upper: [3]))
            #expect(try figure(cached, "entries") == 2)
            base.hooks = HookedEngine.Hooks()
            #expect(try cached.get(.data, [2]) == nil && cached.get(.data, [3]) == [30])
            // It takes rows again.
            #expect(try cached.get(.data, [4]) == [40])
            try cached.deleteRange(.hints, .all)
            #expect(try figure(cached, "entries") == 3)
        }
    }

    @Test func aRangeWhoseDeletionFailedIsAskedOfTheEngine() throws {
        try withEngines { cached, base in
            try put(cached, [1: 10, 2: 20])
            #expect(try cached.get(.data, [1]) == [10])
            base.hooks.afterWrite = { () throws(EngineError) in throw EngineError(.io, "failed") }
            let range = KeyRange(lower: [1], upper: [2])
            #expect(throws: EngineError.self) { try cached.deleteRange(.data, range) }
            #expect(try cached.get(.data, [1]) == nil)
            #expect(try cached.get(.data, [2]) == [20])
            #expect(try figure(cached, "entries") == 0)
        }
    }

    @Test func closingDropsAllAndRefusesReads() throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-cache-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let cached = CachedEngine(try MemoryEngine(path: path), maxBytes: 1 << 20)
        try put(cached, [1: 10])
        #expect(try cached.get(.data, [1]) == [10])
        try cached.close()
        let error = #expect(throws: EngineError.self) { try cached.get(.data, [1]) }
        #expect(error?.code == .closed)
    }

    @Test func aCacheStandsOnlyBeforeAnEngineThatNeedsOne() throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-cache-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let memory = try MemoryEngine(path: path)
        #expect(CachedEngine.before(memory, maxBytes: 1 << 20) === memory)
        let searching = SearchingEngine(memory)
        #expect(CachedEngine.before(searching, maxBytes: 0) === searching)
        let cached = CachedEngine.before(searching, maxBytes: 1 << 20)
        #expect(cached is CachedEngine && cached.capabilities.residentReads)
        try cached.close()
    }
}

/// The memory engine, as one that has to search for its rows and cannot tell where they are.
private final class SearchingEngine: WrappedEngine {
    let base: any StorageEngine
    init(_ base: any StorageEngine) { self.base = base }

    var capabilities: EngineCapabilities {
        var capabilities = base.capabilities
        capabilities.residentReads = false
        capabilities.readsInMemory = false
        return capabilities
    }
}
