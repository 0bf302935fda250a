import Testing

@testable import ClusterCore

@Suite struct HandoffRecordTests {
    private let key = StorageKey(bucket: "b", key: [9], partitionCount: 1)
    private let other = StorageKey(bucket: "b", key: [8], partitionCount: 1)
    private let first = Versions.written("a", actor: 1, counter: 1)
    private let second = Versions.written("b", actor: 2, counter: 1)

    private func hint(_ key: StorageKey, at created: UInt64, _ versions: Versions) -> Hint {
        Hint(key: key, createdMillis: created, policy: .siblings, versions: versions)
    }

    @Test func aNewStateJoinsTheOldAndKeepsTheOlderTime() {
        var record = HintRecord()
        record.add(hint(key, at: 7, first))
        record.add(hint(key, at: 9, second))
        #expect(record.hints == [hint(key, at: 7, first.merged(with: second))])
        record.add(hint(key, at: 5, first))
        #expect(record.hints == [hint(key, at: 5, first.merged(with: second))], "a clock may go back")
    }

    @Test func whatHasGrownIsNotRemoved() {
        var record = HintRecord()
        record.add(hint(key, at: 7, first))
        let sent = record.hints[0]
        record.add(hint(key, at: 9, second))
        let removed = record.remove(sent)
        #expect(!removed && record.hints.count == 1)
        let removedAsItIs = record.remove(record.hints[0])
        #expect(removedAsItIs && record.isEmpty)
        let removedAgain = record.remove(sent)
        #expect(!removedAgain)
    }

    @Test func keysWhoseHashesCollideAreKeptApart() {
        var record = HintRecord()
        record.add(hint(key, at: 7, first))
        record.add(hint(other, at: 4, second))
        #expect(record.hints.map(\.key) == [other, key])
        #expect(record.oldestMillis == 4 && record[key]?.versions == first)
        let removed = record.remove(hint(other, at: 4, second))
        #expect(removed && record.hints.map(\.key) == [key])
    }

    @Test func theFormatIsAsDocumented() throws {
        let state = VersionsCodec.encode(first)
        var record = HintRecord()
        record.add(Hint(key: key, createdMillis: 0x0102, policy: .lastWriteWins, versions: first))
        let bytes: [UInt8] = [1, 1, 0, 0, 0, 0, 0, 0, 1, 2, 1, 5, 0, 0, 1, 0x62, 9] + state
        #expect(HintRecordCodec.encode(record) == bytes)
        #expect(try HintRecordCodec.decode(bytes) == record)
        let hintKey = HintKey(target: NodeID(rawValue: 0x1122), key: key)
        var writer = ByteWriter()
        writer.u64(0x1122)
        writer.u64(hash64(key.bytes))
        #expect(hintKey.bytes == writer.bytes && HintKey(bytes: writer.bytes) == hintKey)
        #expect(HintKey(bytes: Array(writer.bytes.dropLast())) == nil)
        #expect(hintKey.bytes.starts(with: HintKey.prefix(ofTarget: NodeID(rawValue: 0x1122))))
    }

    @Test func randomRecordsComeBackAndDamageIsNoticed() throws {
        var samples = CodecSamples(seed: 11)
        var refused = 0
        for _ in 0..<2_000 {
            let record = samples.hintRecord()
            let bytes = HintRecordCodec.encode(record)
            #expect(try HintRecordCodec.decode(bytes) == record)
            let summary = HintRecordCodec.summary(Array(bytes.prefix(HintRecordCodec.summarySize)))
            #expect(summary?.count == (record.hints.count == 1 ? 1 : nil))
            #expect(summary == nil || summary?.oldestMillis == record.oldestMillis)
            #expect(throws: CodecError.self) { try HintRecordCodec.decode(bytes.dropLast()) }
            for _ in 0..<10 {
                let damaged = CodecSamples.mutate(bytes, &samples.random)
                if let decoded = try? HintRecordCodec.decode(damaged) {
                    #expect(HintRecordCodec.encode(decoded) == damaged)
                } else {
                    refused += 1
                }
            }
        }
        #expect(refused > 5_000)
        #expect(throws: CodecError.self) { try HintRecordCodec.decode([1, 0]) }
        #expect(throws: CodecError(.unknownVersion(2), "hints")) { try HintRecordCodec.decode([2, 1]) }
    }

    @Test func hintsAgeByTheTimeOfTheirRun() {
        let year: UInt64 = 365 * 86_400_000
        let ages = HintAge(runBegan: 56 * year)
        #expect(ages.age(of: 56 * year + 1_000, at: 56 * year + 1_500) == 500)
        #expect(ages.age(of: 56 * year, at: 56 * year) == 0)
        // Of an earlier run, whose clock was right, ten years ahead, or ten behind.
        for created in [56 * year - 5_000, 66 * year, 46 * year] {
            #expect(ages.age(of: created, at: 56 * year) == 0)
            #expect(ages.age(of: created, at: 56 * year + 700) == 700)
        }
    }
}

extension HintRecordCodec {
    fileprivate static func decode(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> HintRecord {
        try decode(Array(bytes))
    }
}

extension CodecSamples {
    /// At least one hint, and now and then several, as when hashes collide.
    mutating func hintRecord() -> HintRecord {
        var record = HintRecord()
        for _ in 0..<(random.chance(70) ? 1 : 1 + random.below(3)) {
            let policy: Versions.Policy = random.chance(50) ? .siblings : .lastWriteWins
            record.add(Hint(key: key(), createdMillis: integer(), policy: policy, versions: versions()))
        }
        return record
    }
}
