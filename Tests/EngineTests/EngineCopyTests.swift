import Foundation
import Testing

@testable import Engine

/// Copying between engines, with memory engines that are made to fail.
@Suite struct EngineCopyTests {
    private func withEngines(_ body: (FaultyEngine, FaultyEngine) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-copy-" + UUID().uuidString
        try Files.makeDirectory(path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (source, target) = (
            FaultyEngine(try MemoryEngine(path: path + "/a")),
            FaultyEngine(try MemoryEngine(path: path + "/b"))
        )
        try body(source, target)
        try source.close()
        try target.close()
    }

    /// 300 rows in each keyspace, of 0 to 999 bytes.
    private func fill(_ engine: FaultyEngine) throws {
        for keyspace in Keyspace.allCases {
            var batch = WriteBatch()
            for number in 0..<300 {
                batch.put(
                    keyspace, Array("\(keyspace.name) \(number)".utf8),
                    [UInt8](repeating: UInt8(number % 256), count: number * 37 % 1000))
            }
            try engine.base.write(batch, durability: .buffered)
        }
    }

    @Test func everyRowIsCopiedInBoundedPages() throws {
        try withEngines { source, target in
            try fill(source)
            var told: [EngineCopy.Progress] = []
            let copy = EngineCopy(from: source, pageBytes: 5000) { told.append($0) }
            let digests = try copy.copy(to: target)
            try copy.verify(target, holds: digests)
            for keyspace in Keyspace.allCases {
                #expect(try target.scan(keyspace, .all) == source.scan(keyspace, .all))
            }
            #expect(digests.map(\.rows) == [300, 300, 300])
            // A page ends with the row that exceeds it.
            #expect(
                target.writtenBytes.allSatisfy { $0 < 5000 + 1000 + 20 } && target.writtenBytes.count > 50)
            for pass in [EngineCopy.Progress.Pass.copying, .verifying] {
                let steps = told.filter { $0.pass == pass }
                #expect(steps.last?.fraction == 1 && steps.last?.rows == 900)
                #expect(steps.last?.bytes == digests.reduce(0) { $0 + $1.bytes })
                #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.fraction <= $1.fraction })
                #expect(steps.count { $0.fraction > 0.2 && $0.fraction < 0.8 } > 10)
            }
        }
    }

    @Test func anEmptyEngineAndALargeRowAreCopied() throws {
        try withEngines { source, target in
            let copy = EngineCopy(from: source, pageBytes: 1000)
            let nothing = try copy.copy(to: target)
            #expect(nothing.allSatisfy { $0.rows == 0 && $0.bytes == 0 })
            try copy.verify(target, holds: nothing)
            var batch = WriteBatch()
            batch.put(.hints, [1], [UInt8](repeating: 7, count: 1 << 20))
            batch.put(.hints, [2], [])
            try source.base.write(batch, durability: .buffered)
            let digests = try copy.copy(to: target)
            #expect(target.writtenBytes.contains((1 << 20) + 1))
            try copy.verify(target, holds: digests)
        }
    }

    @Test func aTargetThatFailsHalfWayNamesTheStepAndTheCause() throws {
        let full = EngineError(.noSpace, "full")
        for (failing, keyspace) in [(1, Keyspace.data), (40, .hints), (80, .meta)] {
            try withEngines { source, target in
                try fill(source)
                target.failure = (after: failing, error: full)
                let error = #expect(throws: EngineCopyError.self) {
                    try EngineCopy(from: source, pageBytes: 5000).copy(to: target)
                }
                #expect(error == EngineCopyError(.writing, keyspace, full))
            }
        }
    }

    @Test func aSourceThatCannotBeReadNamesTheStepAndTheCause() throws {
        try withEngines { source, target in
            try fill(source)
            source.scanFailure = EngineError(.corruption, "damaged")
            let error = #expect(throws: EngineCopyError.self) {
                try EngineCopy(from: source).copy(to: target)
            }
            #expect(error?.step == .reading && error?.error.code == .corruption)
        }
    }

    /// Every way in which one row of a copy can be wrong.
    @Test(arguments: ["missing", "additional", "flipped", "moved", "emptied"])
    func aCopyThatIsNotTheOriginalIsFound(_ damage: String) throws {
        for keyspace in Keyspace.allCases {
            try withEngines { source, target in
                try fill(source)
                let copy = EngineCopy(from: source)
                let digests = try copy.copy(to: target)
                try copy.verify(target, holds: digests)
                let (key, other) = (Array("\(keyspace.name) 150".utf8), Array("\(keyspace.name) 1505".utf8))
                let value = try #require(try target.get(keyspace, key))
                var batch = WriteBatch()
                switch damage {
                case "missing": batch.delete(keyspace, key)
                case "additional": batch.put(keyspace, other, [])
                case "flipped": batch.put(keyspace, key, [value[0] ^ 0x10] + value.dropFirst())
                case "emptied": batch.put(keyspace, key, [])
                default:
                    batch.delete(keyspace, key)
                    batch.put(keyspace, other, value)
                }
                try target.base.write(batch, durability: .buffered)
                let error = #expect(throws: EngineCopyError.self) { try copy.verify(target, holds: digests) }
                #expect(error?.step == .verifying && error?.keyspace == keyspace)
            }
        }
    }

    @Test func aTargetThatLosesAWriteInSilenceIsFound() throws {
        try withEngines { source, target in
            try fill(source)
            target.dropsWrite = 7
            let copy = EngineCopy(from: source, pageBytes: 5000)
            let digests = try copy.copy(to: target)
            #expect(throws: EngineCopyError.self) { try copy.verify(target, holds: digests) }
        }
    }

    /// Rows that have the same bytes one after the other, but not the same keys and values.
    @Test func theHashKnowsWhereKeysEnd() {
        func digest(_ rows: [(String, String)]) -> UInt64 {
            var digest = KeyspaceDigest(.data)
            for (key, value) in rows {
                digest.add(Array(key.utf8).span.bytes, Array(value.utf8).span.bytes)
            }
            return digest.hash
        }
        let others = [
            digest([("a", "bc")]), digest([("ab", "c")]), digest([("a", "b"), ("c", "")]),
            digest([("a", ""), ("bc", "")]), digest([("a", "\u{0}bc")]), digest([("a", "bc\u{0}")]),
        ]
        #expect(Set(others).count == others.count)
        // The format of reports: the same in every release.
        #expect(digest([("key", "a value of more than eight bytes")]) == 0x317969baa610bc58)
    }
}
