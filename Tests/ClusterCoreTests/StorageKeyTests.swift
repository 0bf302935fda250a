import ClusterCore
import Testing

@Suite struct StorageKeyTests {
    @Test func theBytesAreAsDocumented() {
        let key = StorageKey(bucket: "b", key: [0, 0xFF], partitionCount: 65_536)
        let hash = hash64([0x62, 0, 0, 0xFF])
        #expect(key.bytes == [UInt8(hash >> 56), UInt8(hash >> 48 & 0xFF), 1, 0x62, 0, 0xFF])
        #expect(key.partition == Int(hash >> 48))
    }

    @Test(arguments: [1, 2, 256, 4096, 65_536]) func thePartitionIsTheTopBitsOfTheHash(count: Int) {
        for index in 0..<200 {
            let key = StorageKey(bucket: "users", key: Array("key\(index)".utf8), partitionCount: count)
            let hash = hash64(Array("users".utf8) + [0] + Array("key\(index)".utf8))
            let bits = count.trailingZeroBitCount
            #expect(key.partition == (bits == 0 ? 0 : Int(hash >> UInt64(64 - bits))))
        }
    }

    @Test(
        arguments: [
            ("b", [0]), ("bücket", Array(0...255)),
            (String(repeating: "x", count: 28), [UInt8](repeating: 0xFF, count: 480)),
        ] as [(String, [UInt8])])
    func partsComeBack(bucket: String, key: [UInt8]) throws {
        let made = StorageKey(bucket: bucket, key: key, partitionCount: 256)
        let read = try #require(StorageKey(bytes: made.bytes))
        #expect(read == made)
        #expect(read.bucket == bucket)
        #expect(read.key == key)
        #expect(read.partition == made.partition)
    }

    @Test func theLongestNamesFillWhatEveryEngineTakes() {
        let bucket = String(repeating: "é", count: KeyLimits.maxBucketSize / 2)
        let key = [UInt8](repeating: 7, count: KeyLimits.maxKeySize)
        #expect(StorageKey(bucket: bucket, key: key, partitionCount: 256).bytes.count == 511)
    }

    @Test func limitsAreInBytes() {
        #expect(!KeyLimits.accepts(bucket: ""))
        #expect(KeyLimits.accepts(bucket: String(repeating: "é", count: 14)))
        #expect(!KeyLimits.accepts(bucket: String(repeating: "é", count: 14) + "a"))
        #expect(!KeyLimits.accepts(key: []))
        #expect(KeyLimits.accepts(key: [UInt8](repeating: 0, count: 480)))
        #expect(!KeyLimits.accepts(key: [UInt8](repeating: 0, count: 481)))
    }

    @Test(
        arguments: [
            [], [0], [0, 0], [0, 0, 0], [0, 0, 0, 1], [0, 0, 1], [0, 0, 1, 0x61], [0, 0, 2, 0x61, 0x62],
            [0, 0, 255, 1, 1],
            [0, 0, 1, 0xFF, 1], [0, 0, 2, 0xC3, 0x28, 1], [0, 0, 29] + [UInt8](repeating: 0x61, count: 30),
            [0, 0, 1, 0x61] + [UInt8](repeating: 0, count: 481),
        ] as [[UInt8]])
    func malformedBytesAreRefused(bytes: [UInt8]) {
        #expect(StorageKey(bytes: bytes) == nil)
    }

    @Test func aPartitionsKeysLieInItsRangeAndABucketsAreTogether() throws {
        let buckets = ["a", "aa", "b", "zebra", "ü"]
        let keys = buckets.flatMap { bucket in
            (0..<400).map {
                StorageKey(bucket: bucket, key: [UInt8($0 % 256), UInt8($0 / 256)], partitionCount: 8)
            }
        }
        let sorted = keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        for partition in 0..<8 {
            let range = StorageKey.range(ofPartition: partition)
            let upper = try #require(range.upper)
            let within = sorted.filter {
                !$0.bytes.lexicographicallyPrecedes(range.lower) && $0.bytes.lexicographicallyPrecedes(upper)
            }
            #expect(within == sorted.filter { $0.partition == partition })
            for bucket in buckets {
                let prefix = StorageKey.bucketPrefix(partition: partition, bucket: bucket)
                let first = try #require(within.firstIndex { $0.bytes.starts(with: prefix) })
                let members = within[first...].prefix { $0.bytes.starts(with: prefix) }
                #expect(Array(members) == within.filter { $0.bucket == bucket })
                #expect(
                    members.map(\.key).elementsEqual(
                        members.map(\.key).sorted { $0.lexicographicallyPrecedes($1) }))
            }
        }
    }

    @Test func theLastPartitionHasNoEnd() {
        #expect(StorageKey.range(ofPartition: 65_535).lower == [0xFF, 0xFF])
        #expect(StorageKey.range(ofPartition: 65_535).upper == nil)
        #expect(StorageKey.range(ofPartition: 255).upper == [1, 0])
    }
}
