/// How a partition's hash tree divides: a function of the cluster's partition count alone, so that any two nodes agree.
///
/// More partitions, fewer leaves each: Q ≤ 256 gives 4096 leaves a partition, Q ≤ 4096 256, more 16. A node that holds
/// every partition then keeps at most 8 MiB of leaves for each n that occurs among its buckets (`HashTree`).
public struct TreeShape: Equatable, Sendable {
    /// Children of an inner node.
    public static let fanOut = 16
    static let maxLevels = 3
    static let maxLeafCount = 4096

    /// From the root, which is level 0, to the leaves.
    public let levels: Int

    /// - Precondition: `partitionCount` is a power of two from 1 to 65,536.
    public init(partitionCount: Int) {
        precondition(Layout.accepts(partitionCount: partitionCount), "bad partition count")
        levels = partitionCount <= 256 ? 3 : partitionCount <= 4096 ? 2 : 1
    }

    public var leafCount: Int { Self.nodeCount(atLevel: levels) }

    static func nodeCount(atLevel level: Int) -> Int { 1 << (4 * level) }

    /// The leaves below a node.
    func leaves(below node: Int, atLevel level: Int) -> Range<Int> {
        let count = Self.nodeCount(atLevel: levels - level)
        return node * count..<(node + 1) * count
    }

    /// The leaf of a key, by the top bits of its hash.
    func leaf(ofKeyHash hash: UInt64) -> Int { Int(hash >> UInt64(64 - 4 * levels)) }
}

/// What a key and its state add to a hash tree.
enum TreeHash {
    /// Decides the leaf. Of the storage key's bytes, so it has nothing to do with the hash that decided the partition.
    static func ofKey(_ key: StorageKey) -> UInt64 { hash64(key.bytes) }

    /// Of key and state, the latter as stored: equal versions have equal encodings. Nothing is allocated.
    static func ofRow(keyHash: UInt64, state: RawSpan) -> UInt64 {
        let words: InlineArray<2, UInt64> = [keyHash.bigEndian, hash64(state).bigEndian]
        return hash64(words.span.bytes)
    }

    static func ofRow(_ key: StorageKey, _ versions: Versions) -> UInt64 {
        ofRow(keyHash: ofKey(key), state: VersionsCodec.encode(versions).span.bytes)
    }
}
