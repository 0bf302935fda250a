import Foundation
import Testing

@testable import Engine

/// What is read past damage, of an engine that fails where a test says.
@Suite struct EngineSalvageTests {
    /// An engine of which the rows with some keys cannot be read.
    private final class DamagedEngine: WrappedEngine, @unchecked Sendable {
        // Sendable: the tests that use it have one thread.
        let base: any StorageEngine
        var damaged: Set<[UInt8]> = []
        /// Whether a scan leaves them out and tells at its end, as LevelDB's does, or ends there.
        var goesOn = false
        /// What every scan throws.
        var refusal: EngineError?

        init(_ base: any StorageEngine) { self.base = base }

        func scan(
            _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
            _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
        ) throws(EngineError) -> KeyRange? {
            if let refusal { throw refusal }
            var isHurt = false
            let rest = try base.scan(keyspace, range, reverse: reverse, limit: limit) {
                (key, value) throws(EngineError) in
                if keyspace == .data, damaged.contains([UInt8](copying: key)) {
                    isHurt = true
                    if goesOn { return .next }
                    throw EngineError(.corruption, "a damaged block")
                }
                return try body(key, value)
            }
            if isHurt { throw EngineError(.corruption, "a damaged block was left out") }
            return rest
        }
    }

    private func withEngines(_ body: (DamagedEngine, MemoryEngine) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-salvage-" + UUID().uuidString
        try Files.makeDirectory(path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let source = DamagedEngine(try MemoryEngine(path: path + "/a"))
        let target = try MemoryEngine(path: path + "/b")
        try body(source, target)
        try source.close()
        try target.close()
    }

    private func fill(_ engine: DamagedEngine, _ keys: some Sequence<[UInt8]>) throws {
        var batch = WriteBatch()
        for key in keys { batch.put(.data, key, Array("value of ".utf8) + key) }
        batch.put(.meta, [1], [2])
        try engine.base.write(batch, durability: .buffered)
    }

    private static let keys = (0..<2000).map { Array("partition/user:\(100_000 + $0)".utf8) }

    @Test(arguments: [false, true])
    func allButTheDamagedRowsIsSaved(_ goesOn: Bool) throws {
        try withEngines { source, target in
            try fill(source, Self.keys)
            source.goesOn = goesOn
            source.damaged = Set(
                Self.keys[0..<3] + Self.keys[700..<750] + Self.keys[800..<810] + Self.keys[1999...])
            let salvage = EngineSalvage(from: source, pageBytes: 4000, accepts: { _, _, _ in true })
            let counted = try salvage.run(into: nil)
            #expect(try target.scan(.data, .all).rows.isEmpty)
            let outcomes = try salvage.run(into: target)
            #expect(outcomes == counted)
            let saved = try target.scan(.data, .all).rows.map(\.key)
            #expect(saved == Self.keys.filter { !source.damaged.contains($0) })
            // What is left out on the way is told once for each page.
            if !goesOn { #expect(outcomes[0].gaps == 4) }
            #expect(
                outcomes[0].gaps > 0 && !outcomes[0].isWhole && outcomes[0].firstError?.code == .corruption)
            #expect(outcomes[2].isWhole && outcomes[2].kept.rows == 1)
            try EngineCopy(from: source).verify(target, holds: outcomes.map(\.kept))
        }
    }

    @Test func damageAtRandomPlacesCostsNothingElse() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            try withEngines { source, target in
                var keys: Set<[UInt8]> = []
                for _ in 0..<400 {
                    keys.insert(
                        (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                            UInt8.random(in: 0...255, using: &generator)
                        })
                }
                try fill(source, keys)
                let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
                // Far enough from each other that none hides what lies between.
                for part in 0..<4 {
                    let first = part * 100 + Int.random(in: 0..<40, using: &generator)
                    let count = Int.random(in: 1...20, using: &generator)
                    source.damaged.formUnion(sorted[min(first, sorted.count)...].prefix(count))
                }
                _ = try EngineSalvage(from: source, accepts: { _, _, _ in true }).run(into: target)
                let saved = Set(try target.scan(.data, .all).rows.map(\.key))
                #expect(saved == keys.subtracting(source.damaged), "damaged: \(source.damaged)")
            }
        }
    }

    @Test func anEngineOfWhichNothingCanBeReadIsSearchedInVainAndNotForEver() throws {
        try withEngines { source, target in
            try fill(source, Self.keys)
            source.damaged = Set(Self.keys)
            let outcomes = try EngineSalvage(from: source, accepts: { _, _, _ in true }).run(into: target)
            #expect(outcomes[0].kept.rows == 0 && outcomes[0].gaps == 1)
        }
    }

    @Test func rowsThatTheirOwnerCannotUseAreCountedAndLeftOut() throws {
        try withEngines { source, target in
            try fill(source, Self.keys)
            let salvage = EngineSalvage(
                from: source,
                accepts: { keyspace, key, _ in keyspace != .data || key.last != UInt8(ascii: "7") })
            let outcomes = try salvage.run(into: target)
            #expect(outcomes[0].refusedRows == 200 && outcomes[0].kept.rows == 1800 && outcomes[0].gaps == 0)
            #expect(try target.scan(.data, .all).rows.count == 1800)
        }
    }

    @Test func anErrorThatIsNoDamageEndsIt() throws {
        try withEngines { source, target in
            source.refusal = .closed("a")
            #expect(throws: EngineCopyError.self) {
                try EngineSalvage(from: source, accepts: { _, _, _ in true }).run(into: target)
            }
        }
    }

    @Test func keysBetweenKeysAreFound() {
        func key(_ part: Int, _ lower: [UInt8], _ upper: [UInt8]?) -> [UInt8]? {
            KeyFraction.key(part, of: 16, from: lower, to: upper, digits: 4)
        }
        #expect(key(8, [], nil) == [0x80])
        #expect(key(1, [], nil) == [0x10])
        #expect(key(15, [0xFF], nil) == [0xFF, 0xF0])
        #expect(key(8, [1], [2]) == [1, 0x80])
        #expect(key(8, [1, 0xFF], [2, 1]) == [2])
        #expect(key(1, [1, 2, 3, 4], [1, 2, 3, 5]) == nil)
        #expect(key(8, [5], [5]) == nil)
        for part in 1..<16 {
            let between = key(part, [0x10, 0xFF, 0xFF], [0x11, 0, 0, 1])!
            #expect([0x10, 0xFF, 0xFF].lexicographicallyPrecedes(between))
            #expect(between.lexicographicallyPrecedes([0x11, 0, 0, 1]))
        }
    }
}
