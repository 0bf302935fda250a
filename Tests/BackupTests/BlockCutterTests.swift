import ClusterCore
import Testing

@testable import Backup

@Suite struct BlockCutterTests {
    private func keys(_ count: Int) -> [StorageKey] {
        (0..<count).map { StorageKey(bucket: "b", key: Array("key-\($0)".utf8), partitionCount: 1) }
    }

    /// The numbers of rows of blocks.
    private func cut(_ keys: [StorageKey], rowBytes: Int, blockBytes: Int) -> [Int] {
        var cutter = BlockCutter(blockBytes: blockBytes)
        var counts = [0]
        for key in keys {
            if cutter.endsBefore(key) { counts.append(0) }
            counts[counts.count - 1] += 1
            if cutter.endsAfter(key, rowBytes: rowBytes) { counts.append(0) }
        }
        return counts.filter { $0 > 0 }
    }

    @Test func blocksHaveTheSizeThatIsWantedOnAverage() {
        let counts = cut(keys(20_000), rowBytes: 100, blockBytes: 1_000)
        #expect((8...12).contains(20_000 / counts.count))
    }

    @Test func noBlockIsMuchLonger() throws {
        let counts = cut(keys(20_000), rowBytes: 100, blockBytes: 1_000)
        #expect(try #require(counts.max()) <= 40)
    }

    @Test func rowsAsLargeAsABlockAreBlocks() {
        #expect(cut(keys(50), rowBytes: 1_000, blockBytes: 1_000) == [Int](repeating: 1, count: 50))
    }

    @Test func aRowThatComesAltersNoDistantBlock() {
        var keys = keys(2_000)
        let before = cut(keys, rowBytes: 100, blockBytes: 1_000)
        keys.insert(StorageKey(bucket: "b", key: [1], partitionCount: 1), at: 1_000)
        let after = cut(keys, rowBytes: 100, blockBytes: 1_000)
        let same = zip(before, after).prefix { $0 == $1 }.count
        let sameFromBehind = zip(before.reversed(), after.reversed()).prefix { $0 == $1 }.count
        #expect(same + sameFromBehind >= before.count - 2)
    }

    @Test func aBucketBeginsABlock() {
        let keys = (0..<10).map { StorageKey(bucket: "b\($0)", key: [1], partitionCount: 1) }
        #expect(cut(keys, rowBytes: 1, blockBytes: 1 << 20) == [Int](repeating: 1, count: 10))
    }
}
