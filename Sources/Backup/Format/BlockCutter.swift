import ClusterCore

/// Says where a block ends, by the keys in it alone, so that all replicas cut alike, and a key that changes, comes or goes
/// alters the block that it is in and at most the next.
///
/// A row ends its block if its key's hash falls into a share of all hashes that is the row's share of the size wanted. (The
/// idea is that of content-defined chunking: Muthitacharoen et al., "A Low-bandwidth Network File System", SOSP 2001; a row's
/// hash takes the place of a window's fingerprint.)
struct BlockCutter {
    /// A block that no hash has ended ends at so many times the size wanted.
    private static let longest = 4

    /// Bytes of keys and states that a block is to have, on average.
    let blockBytes: Int
    private var bytes = 0
    private var bucket: [UInt8] = []

    init(blockBytes: Int) {
        precondition(blockBytes > 0, "a block has at least a byte")
        self.blockBytes = blockBytes
    }

    /// Whether the block has to end before this row, as it is of another bucket than the last.
    mutating func endsBefore(_ key: StorageKey) -> Bool {
        if key.isInBucket(bucket) { return false }
        let isFirst = bucket.isEmpty
        bucket = Array(key.bucket.utf8)
        bytes = 0
        return !isFirst
    }

    /// Whether the block ends with this row.
    mutating func endsAfter(_ key: StorageKey, rowBytes: Int) -> Bool {
        bytes += rowBytes
        let share = min(1, Double(rowBytes) / Double(blockBytes))
        // The upper half alone: the top bits of a key's hash are those of its partition.
        let place = Double(UInt32(truncatingIfNeeded: hash64(key.bytes))) / Double(UInt32.max)
        guard place <= share || bytes >= Self.longest * blockBytes else { return false }
        bytes = 0
        return true
    }
}
