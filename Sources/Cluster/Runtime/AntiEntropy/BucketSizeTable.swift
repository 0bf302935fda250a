import ClusterCore

/// How many replicas the keys of each bucket have.
struct BucketSizeTable: Equatable, Sendable {
    private let byDefault: Int
    private let named: [String: Int]

    init(_ table: BucketTable, defaults: BucketProperties) {
        byDefault = defaults.n
        named = table.sizes.filter { $0.value != defaults.n }
    }

    subscript(bucket: String) -> Int { named.isEmpty ? byDefault : named[bucket] ?? byDefault }

    /// Of the bucket of this key. Nothing is allocated where all buckets are as the defaults.
    func n(of key: StorageKey) -> Int { named.isEmpty ? byDefault : self[key.bucket] }

    /// Says that two tables are the same, however they are kept in memory.
    var digest: UInt64 {
        var writer = ByteWriter()
        writer.int(byDefault)
        for (bucket, n) in named.sorted(by: { $0.key < $1.key }) {
            writer.string(bucket)
            writer.int(n)
        }
        return hash64(writer.bytes)
    }
}
