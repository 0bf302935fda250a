import Testing

@testable import ClusterCore

@Suite struct EntropyMergeTests {
    /// A reference, since `#expect` takes no call that changes a value.
    @dynamicMemberLookup
    private final class Merge {
        private var merge = KeyMerge()

        subscript<Value>(dynamicMember path: KeyPath<KeyMerge, Value>) -> Value { merge[keyPath: path] }

        func needsPage(of side: PartitionComparison.Side) -> Bool { merge.needsPage(of: side) }
        func position(of side: PartitionComparison.Side) -> StorageKey? { merge.position(of: side) }
        func add(_ page: TreeKeysReply, of side: PartitionComparison.Side) -> Bool {
            merge.add(page, of: side)
        }
        func drain() -> [KeyMerge.Difference] { merge.drain() }
    }

    private func page(_ rows: [(Int, UInt64)], upTo: Int?) -> TreeKeysReply {
        TreeKeysReply(
            rows: rows.map { KeyRow(key: entropyKey($0.0), hash: $0.1, size: 1) },
            upTo: upTo.map { entropyKey($0) })
    }

    private func summary(_ differences: [KeyMerge.Difference]) -> [String] {
        differences.map { difference in
            let side = difference.here == nil ? "there" : difference.there == nil ? "here" : "both"
            return "\(difference.key.key[1]) \(side)"
        }
    }

    @Test func aKeyBehindTheOtherSidesPageIsNotMissingThere() {
        let merge = Merge()
        #expect(merge.needsPage(of: .here) && merge.needsPage(of: .there))
        #expect(merge.add(page([(1, 1), (5, 1), (9, 1)], upTo: 9), of: .here))
        #expect(merge.drain().isEmpty && !merge.needsPage(of: .here) && merge.needsPage(of: .there))
        // The other side's page ends in the middle: 5 and 9 are undecided.
        #expect(merge.add(page([(1, 1), (2, 1)], upTo: 4), of: .there))
        #expect(summary(merge.drain()) == ["2 there"])
        #expect(!merge.needsPage(of: .here) && merge.needsPage(of: .there) && !merge.isComplete)
        #expect(merge.position(of: .there) == entropyKey(4))
        #expect(merge.add(page([(5, 2), (8, 1)], upTo: 20), of: .there))
        #expect(summary(merge.drain()) == ["5 both", "8 there", "9 here"])
        #expect(merge.needsPage(of: .here) && !merge.needsPage(of: .there))
        #expect(merge.add(page([], upTo: nil), of: .here))
        #expect(!merge.needsPage(of: .here) && merge.needsPage(of: .there) && !merge.isComplete)
        #expect(merge.add(page([(21, 1)], upTo: nil), of: .there))
        #expect(summary(merge.drain()) == ["21 there"] && merge.isComplete && merge.compared == 6)
    }

    @Test func aPageWithoutRowsCounts() {
        let merge = Merge()
        #expect(
            merge.add(page([], upTo: 3), of: .here) && merge.add(page([(2, 1), (4, 1)], upTo: 4), of: .there))
        #expect(summary(merge.drain()) == ["2 there"])
        #expect(merge.needsPage(of: .here) && !merge.needsPage(of: .there))
        #expect(merge.add(page([], upTo: nil), of: .here))
        #expect(summary(merge.drain()) == ["4 there"])
    }

    @Test func aPageThatGetsNoFurtherIsRefused() {
        let merge = Merge()
        #expect(merge.add(page([(1, 1)], upTo: 3), of: .here) && merge.add(page([], upTo: 3), of: .there))
        _ = merge.drain()
        #expect(!merge.add(page([], upTo: 3), of: .here) && !merge.add(page([], upTo: 2), of: .here))
        #expect(!merge.add(page([(3, 1)], upTo: 5), of: .here))
        #expect(!merge.add(page([(5, 1), (4, 1)], upTo: 5), of: .here))
        #expect(!merge.add(page([(5, 1)], upTo: 4), of: .here))
        #expect(merge.add(page([(4, 1)], upTo: 5), of: .here))
    }

    /// However the two sides cut their pages, the differences are those of the sets.
    @Test func anyPagesGiveTheSameDifferences() {
        for seed in 0..<500 as Range<UInt64> {
            var random = VersionRandom(seed: seed)
            var sides: [[Int: UInt64]] = [[:], [:]]
            for number in 0..<random.below(40) {
                for side in 0..<2 where random.chance(60) { sides[side][number] = UInt64(random.below(2)) }
            }
            let merge = Merge()
            var found: [KeyMerge.Difference] = []
            for _ in 0..<1000 where !merge.isComplete {
                for side in PartitionComparison.Side.allCases where merge.needsPage(of: side) {
                    let first = merge.position(of: side).map { Int($0.key[1]) + 1 } ?? 0
                    let end = first + random.below(9)
                    let rows = sides[side == .here ? 0 : 1].filter { first...end ~= $0.key }
                    let sorted = rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
                    #expect(merge.add(page(sorted, upTo: end >= 40 ? nil : end), of: side))
                }
                found += merge.drain()
            }
            let union = Set(sides[0].keys).union(sides[1].keys)
            let expected = union.filter { sides[0][$0] != sides[1][$0] }.sorted()
            #expect(merge.isComplete && merge.compared == union.count, "seed \(seed)")
            #expect(found.map { Int($0.key.key[1]) } == expected, "seed \(seed)")
            #expect(
                found.allSatisfy {
                    let number = Int($0.key.key[1])
                    return $0.here?.hash == sides[0][number] && $0.there?.hash == sides[1][number]
                }, "seed \(seed)")
        }
    }
}
