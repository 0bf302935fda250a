import ClusterCore
import Engine

/// The clocks of partitions as they lie in the keyspace `meta`: a row each.
///
/// A row is written in the order of the commits, so it is true of the rows that lie beside it, also of those of an earlier
/// copy of the directory, or after a loss of power. Not so where an engine had to drop part of a damaged log.
enum StoredClocks {
    private static let formatVersion: UInt8 = 1
    private static let prefix = Array("clock/".utf8)

    static func key(_ partition: Int) -> [UInt8] {
        prefix + [UInt8(partition >> 8), UInt8(partition & 0xFF)]
    }

    static func encode(_ clock: PartitionClock) -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(formatVersion)
        clock.encode(into: &writer)
        return writer.bytes
    }

    fileprivate static func load(from engine: some EngineReader) throws -> [Int: PartitionClock] {
        let rows = try engine.scan(.meta, KeyRange.prefix(prefix), limit: ScanLimit()).rows
        var clocks: [Int: PartitionClock] = [:]
        for row in rows {
            guard row.key.count == prefix.count + 2 else {
                throw CodecError(.malformed, "the key of a clock")
            }
            let partition = Int(row.key[prefix.count]) << 8 | Int(row.key[prefix.count + 1])
            clocks[partition] = try decode(row.value)
        }
        return clocks
    }

    fileprivate static func decode(_ bytes: [UInt8]) throws(CodecError) -> PartitionClock {
        var reader = ByteReader(bytes)
        try reader.version(formatVersion)
        let clock = try PartitionClock.decode(&reader)
        try reader.expectEnd()
        return clock
    }

    /// Of all partitions.
    static func forget(in engine: any StorageEngine) throws(EngineError) {
        try engine.deleteRange(.meta, KeyRange.prefix(prefix))
    }

    /// Of the partitions that the node holds anew.
    static func forget(_ partitions: [Int], in batch: inout WriteBatch) {
        for partition in partitions { batch.delete(.meta, key(partition)) }
    }
}

extension EngineReader {
    /// By partition, what the node whose data this is has seen of it.
    ///
    /// - Throws: `EngineError`; `CodecError` if what is stored cannot be decoded.
    public func partitionClocks() throws -> [Int: PartitionClock] { try StoredClocks.load(from: self) }

    /// What it has seen of one partition; nil if nothing. Throws as above.
    public func partitionClock(_ partition: Int) throws -> PartitionClock? {
        try get(.meta, StoredClocks.key(partition)).map(StoredClocks.decode)
    }
}
