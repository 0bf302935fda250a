import Testing

@testable import Engine

/// The table of a row cache: its bound, what it evicts, and that no row is lost or found twice.
@Suite struct RowTableTests {
    private func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }

    @Test func aRowIsReplacedAndCountedOnce() {
        let rows = Rows(maxBytes: 10_000)
        rows.put([1], [10, 11])
        rows.put([1], [12])
        #expect(rows.find([1]) == [12])
        #expect(rows.find([2]) == nil)
        #expect(rows.find([]) == nil)
        #expect(rows.find([1, 12]) == nil)
        #expect(rows.table.count == 1 && rows.table.bytes == 2 + RowTable.overhead)
        rows.table.removeAll()
        #expect(rows.find([1]) == nil)
        #expect(rows.table.count == 0 && rows.table.bytes == 0)
    }

    @Test func theBoundHoldsWhateverTheSizes() {
        let rows = Rows(maxBytes: 20_000)
        for number in 0..<5000 {
            rows.put(key(number % 700), [UInt8](repeating: 1, count: number * 37 % 3000))
            #expect(rows.table.bytes <= 20_000)
        }
        #expect(rows.table.evictions > 1000 && rows.table.count > 5)
    }

    @Test func aRowThatIsTooLargeIsNotTakenAndLeavesNoOlderOneBehind() {
        let rows = Rows(maxBytes: 8 * (RowTable.overhead + 100))
        rows.put([1], [UInt8](repeating: 1, count: 99))
        #expect(rows.find([1])?.count == 99)
        rows.put([1], [UInt8](repeating: 1, count: 100))
        #expect(rows.find([1]) == nil)
        rows.put([2], [2])
        rows.beginChange([2])
        rows.endChange([2], [UInt8](repeating: 1, count: 100))
        #expect(rows.find([2]) == nil)
        #expect(rows.table.count == 0 && rows.table.bytes == 0)
    }

    @Test func whatIsUsedOutlivesWhatIsNot() {
        let rows = Rows(maxBytes: 100 * (RowTable.overhead + 20))
        let used = (0..<40).map(key)
        for key in used { rows.put(key, [1]) }
        var misses = 0
        for key in used where rows.find(key) == nil { misses += 1 }
        for number in 1000..<4000 {
            rows.put(key(number), [1])
            for key in used where rows.find(key) == nil { misses += 1 }
        }
        #expect(misses == 0 && rows.table.evictions > 2800)
    }

    @Test func aChangeHidesItsRowUntilItEnds() {
        let rows = Rows(maxBytes: 10_000)
        for key in [[1], [2], [3], [4]] as [[UInt8]] {
            rows.put(key, [7])
            rows.beginChange(key)
            #expect(rows.find(key) == nil)
        }
        rows.endChange([1], [8])
        rows.endChange([2], [8, 9])
        rows.endChange([3], nil)
        #expect(rows.find([1]) == [8])
        #expect(rows.find([2]) == [8, 9])
        #expect(rows.find([3]) == nil)
        #expect(rows.find([4]) == nil)
        #expect(rows.table.count == 3)
        // What is not hidden was put after the write.
        rows.put([4], [9])
        rows.endChange([4], [8])
        rows.endChange([5], [8])
        #expect(rows.find([4]) == [9])
        #expect(rows.find([5]) == nil)
    }

    @Test func whatAReaderHasStaysAsItWasWhenTheRowIsChanged() {
        let rows = Rows(maxBytes: 10_000)
        rows.put([1], [7])
        let read = rows.findRow([1])
        rows.beginChange([1])
        rows.endChange([1], [8])
        #expect(read == [1, 7])
        #expect(rows.findRow([1]) == [1, 8])
    }

    @Test func removingARangeLeavesTheRest() {
        let rows = Rows(maxBytes: 1 << 20)
        func key(_ number: Int) -> [UInt8] { [UInt8(number / 256), UInt8(number % 256)] }
        for number in 0..<2000 { rows.put(key(number), [UInt8(number % 256)]) }
        rows.table.removeAll(in: KeyRange(lower: [1, 10], upper: [4]))
        rows.table.removeAll(in: KeyRange(lower: [7, 1], upper: nil))
        rows.table.removeAll(in: KeyRange(lower: [6], upper: [5]))
        for number in 0..<2000 {
            let isGone = (256 + 10..<1024).contains(number) || number > 7 * 256
            #expect(rows.find(key(number)) == (isGone ? nil : [UInt8(number % 256)]))
        }
    }

    /// Hashes that differ above the bits of a slot: the rows lie in one chain, across the end of the slots.
    @Test func rowsThatCollideAreFoundWhateverIsRemoved() {
        var table = RowTable(maxBytes: 1 << 20)
        var model: [UInt8: UInt8] = [:]
        func hash(_ key: UInt8) -> UInt64 { UInt64(key % 5) << 40 | UInt64(13 + key % 3) }
        var random: UInt64 = 1
        for _ in 0..<20_000 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let (key, other) = (UInt8(random >> 40 % 60), UInt8(random >> 48 % 60))
            let value = UInt8(truncatingIfNeeded: random >> 56)
            if value % 2 == 0 {
                table.put(hash(key), [key, value], keyCount: 1)
                model[key] = value
            } else {
                table.removeAll(in: KeyRange(lower: [key], upper: [key + 1]))
                model[key] = nil
            }
            let found = [other].withUnsafeBytes { table.find(hash(other), $0) }
            #expect(found == model[other].map { [other, $0] })
            #expect(table.count == model.count)
        }
        #expect(model.count > 20)
    }

    @Test func hashesOfSimilarKeysSpread() {
        for bits in [0, 32] {
            var counts = [Int](repeating: 0, count: 64)
            for number in 0..<64_000 { counts[Int(Rows.hash(key(number)) >> UInt64(bits) & 63)] += 1 }
            // 1000 each; six standard deviations are 190.
            #expect(counts.allSatisfy { (810...1190).contains($0) })
        }
    }
}

/// A table, with keys and values as arrays.
private final class Rows {
    var table: RowTable

    init(maxBytes: Int) { table = RowTable(maxBytes: maxBytes) }

    static func hash(_ key: [UInt8]) -> UInt64 { key.withUnsafeBytes { rowHash($0, seed: 42) } }

    func put(_ key: [UInt8], _ value: [UInt8]) {
        table.put(Self.hash(key), key + value, keyCount: key.count)
    }

    /// Key and value in one.
    func findRow(_ key: [UInt8]) -> [UInt8]? { key.withUnsafeBytes { table.find(Self.hash(key), $0) } }

    func find(_ key: [UInt8]) -> [UInt8]? { findRow(key).map { Array($0[key.count...]) } }

    func beginChange(_ key: [UInt8]) { key.withUnsafeBytes { table.beginChange(Self.hash(key), $0) } }

    func endChange(_ key: [UInt8], _ value: [UInt8]?) {
        key.withUnsafeBytes { key in
            let hash = rowHash(key, seed: 42)
            guard let value else { return table.endChange(hash, key, nil) }
            value.withUnsafeBytes { table.endChange(hash, key, $0) }
        }
    }
}
