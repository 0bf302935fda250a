import ClusterCore
import Engine

/// The hash trees as a clean stop leaves them in the keyspace `meta`, for the next run to go on with.
///
/// One row holds by which sizes of buckets they count, then one each tree. They are true only if nothing was written
/// since: whoever reads them sees to it that the stop was clean.
struct StoredTrees: Sendable {
    var trees: [HashTree]
    /// `BucketSizeTable.digest`.
    var sizesDigest: UInt64

    init(_ trees: [HashTree], countedBy sizes: BucketSizeTable) {
        self.trees = trees
        sizesDigest = sizes.digest
    }

    private static let formatVersion: UInt8 = 1
    private static let prefix = Array("tree/".utf8)
    /// Bytes that one commit takes.
    private static let batchBytes = 4 << 20

    private static func key(_ partition: Int) -> [UInt8] {
        prefix + [UInt8(partition >> 8), UInt8(partition & 0xFF)]
    }

    /// From here on nobody reads what is stored.
    static func forget(in engine: any StorageEngine) throws(EngineError) {
        var batch = WriteBatch()
        batch.delete(.meta, NodeState.Key.trees)
        try engine.write(batch, durability: .buffered)
    }

    /// Leaves nothing of them.
    static func remove(from engine: any StorageEngine) throws(EngineError) {
        try forget(in: engine)
        try engine.deleteRange(.meta, KeyRange.prefix(prefix))
    }

    /// Stores them in place of what was forgotten. Every commit before the last one leaves rows that nobody reads.
    func store(in engine: any StorageEngine) throws(EngineError) {
        try engine.deleteRange(.meta, KeyRange.prefix(Self.prefix))
        var batch = WriteBatch()
        for tree in trees {
            guard let bytes = tree.encoded() else { continue }
            batch.put(.meta, Self.key(tree.partition), bytes)
            if batch.byteCount >= Self.batchBytes {
                try engine.write(batch, durability: .buffered)
                batch = WriteBatch()
            }
        }
        var head = ByteWriter()
        head.u8(Self.formatVersion)
        head.u64(sizesDigest)
        batch.put(.meta, NodeState.Key.trees, head.bytes)
        try engine.write(batch, durability: .buffered)
    }

    /// What the last clean stop left; empty if it counts by other sizes, or cannot be read: then it is built anew.
    static func load(
        from engine: any StorageEngine, partitionCount: Int, sizes: BucketSizeTable
    ) throws(EngineError) -> [HashTree] {
        guard let head = try engine.get(.meta, NodeState.Key.trees), isHead(head, of: sizes) else {
            return []
        }
        let shape = TreeShape(partitionCount: partitionCount)
        var trees: [HashTree] = []
        _ = try engine.scan(.meta, KeyRange.prefix(prefix), reverse: false, limit: ScanLimit()) {
            (_, value) throws(EngineError) in
            if let tree = try? HashTree.decode([UInt8](copying: value), shape: shape) { trees.append(tree) }
            return .next
        }
        return trees
    }

    private static func isHead(_ bytes: [UInt8], of sizes: BucketSizeTable) -> Bool {
        var writer = ByteWriter()
        writer.u8(formatVersion)
        writer.u64(sizes.digest)
        return bytes == writer.bytes
    }
}
