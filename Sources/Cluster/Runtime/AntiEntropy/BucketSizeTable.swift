import ClusterCore

/// How many replicas the keys of each bucket have.
struct BucketSizeTable: Equatable, Sendable {
    private let byDefault: Int
    private let named: [String: Int]
    /// Each n that occurs, ascending.
    let all: [Int]
    /// Says that two tables are the same, however they are kept in memory.
    let digest: UInt64

    init(_ table: BucketTable, defaults: BucketProperties) {
        byDefault = defaults.n
        named = table.sizes.filter { $0.value != defaults.n }
        all = Set(named.values).union([byDefault]).sorted()
        var writer = ByteWriter()
        writer.int(byDefault)
        for (bucket, n) in named.sorted(by: { $0.key < $1.key }) {
            writer.string(bucket)
            writer.int(n)
        }
        digest = hash64(writer.bytes)
    }

    subscript(bucket: String) -> Int { named.isEmpty ? byDefault : named[bucket] ?? byDefault }

    /// Of the bucket of this key. Nothing is allocated where all buckets are as the defaults.
    func n(of key: StorageKey) -> Int { named.isEmpty ? byDefault : self[key.bucket] }

    /// Each n that has got buckets which had another in `old`.
    func changes(from old: BucketSizeTable) -> Set<Int> {
        guard byDefault == old.byDefault else { return Set(all) }
        let names = Set(named.keys).union(old.named.keys)
        return Set(names.lazy.filter { self[$0] != old[$0] }.map { self[$0] })
    }
}
