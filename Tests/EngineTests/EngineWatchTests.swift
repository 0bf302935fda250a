import Foundation
import Synchronization
import Testing

@testable import Engine

/// What an engine's failed calls come to.
@Suite struct EngineWatchTests {
    private final class Told: Sendable {
        private let incidents = Mutex<[EngineWatch.Incident]>([])
        func add(_ incident: EngineWatch.Incident) { incidents.withLock { $0.append(incident) } }
        var all: [EngineWatch.Incident] { incidents.withLock { $0 } }
    }

    private static let damaged = EngineError(.corruption, "a damaged block")
    private static let full = EngineError(.noSpace, "no space left")
    private static let broken = EngineError(.io, "input/output error")

    private func withEngine(
        _ body: (FaultyEngine, WatchedEngine, EngineWatch, Told) throws -> Void
    ) throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-watch-" + UUID().uuidString
        let base = FaultyEngine(try MemoryEngine(path: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let told = Told()
        let watch = EngineWatch { told.add($0) }
        try body(base, WatchedEngine(base, watch), watch, told)
        try base.close()
    }

    private func put(_ engine: WatchedEngine) throws {
        var batch = WriteBatch()
        batch.put(.data, [1], [1])
        try engine.write(batch, durability: .buffered)
    }

    @Test func anEngineWithoutFailuresIsWell() throws {
        try withEngine { _, engine, watch, told in
            try put(engine)
            #expect(try engine.get(.data, [1]) == [1])
            #expect(watch.health == EngineHealth() && watch.health.state == .ok && told.all.isEmpty)
        }
    }

    @Test func damageStays() throws {
        try withEngine { base, engine, watch, told in
            base.scanFailure = Self.damaged
            for _ in 0..<3 { #expect(throws: EngineError.self) { try engine.scan(.data, .all) } }
            base.scanFailure = nil
            _ = try engine.scan(.data, .all)
            try put(engine)
            #expect(watch.health.state == .damaged && watch.health.failedReads == 3)
            #expect(watch.health.error == Self.damaged)
            #expect(told.all == Array(repeating: .readFailed(Self.damaged), count: 3))
        }
    }

    @Test func eachFailureIsToldWithItsError() throws {
        try withEngine { base, engine, watch, told in
            base.scanFailure = Self.broken
            for _ in 0..<2 { #expect(throws: EngineError.self) { try engine.scan(.data, .all) } }
            watch.readFailed(Self.damaged)
            #expect(
                told.all == [
                    .readFailed(Self.broken), .readFailed(Self.broken), .readFailed(Self.damaged),
                ])
        }
    }

    @Test func aWriteThatSucceedsEndsAFailure() throws {
        try withEngine { base, engine, watch, told in
            base.failure = (after: 0, error: Self.broken)
            for _ in 0..<2 { #expect(throws: EngineError.self) { try put(engine) } }
            #expect(watch.health.state == .failed && watch.health.error == Self.broken)
            base.failure = (after: 0, error: Self.full)
            #expect(throws: EngineError.self) { try put(engine) }
            #expect(watch.health.state == .full)
            base.failure = nil
            try put(engine)
            #expect(watch.health.state == .ok && watch.health.failedWrites == 3)
            base.failure = (after: 0, error: Self.broken)
            #expect(throws: EngineError.self) { try put(engine) }
            #expect(
                told.all == [
                    .writeFailed(Self.broken), .writeFailed(Self.broken), .writeFailed(Self.full),
                    .writesAgain, .writeFailed(Self.broken),
                ])
        }
    }

    @Test func whatIsTheCallsOwnFaultIsNoDamage() throws {
        try withEngine { _, engine, watch, told in
            #expect(throws: EngineError.self) { try engine.get(.data, []) }
            var batch = WriteBatch()
            batch.put(.data, [], [1])
            #expect(throws: EngineError.self) { try engine.write(batch, durability: .buffered) }
            #expect(watch.health.state == .ok && told.all.isEmpty)
        }
    }

    @Test func whatAReaderCannotDecodeCounts() throws {
        try withEngine { _, engine, watch, _ in
            try put(engine)
            #expect(throws: EngineError.self) {
                try engine.withValue(.data, [1]) { (_) throws(EngineError) -> Void in throw Self.damaged }
            }
            #expect(watch.health.state == .damaged)
        }
    }
}
