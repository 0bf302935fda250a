import ClusterCore

/// A key as a backup has it: without its partition, which depends on the ring that it is restored to.
public struct BackupRow: Equatable, Sendable {
    public var bucket: String
    public var key: [UInt8]
    /// The key's whole state, siblings and context included, as replicas store it (`VersionsCodec`).
    public var state: [UInt8]

    public init(bucket: String, key: [UInt8], state: [UInt8]) {
        self.bucket = bucket
        self.key = key
        self.state = state
    }

    /// Of the key and the state.
    var byteCount: Int { key.count + state.count }
}

/// Rows of one bucket that follow each other: what is stored once, however many replicas and backups have it.
struct Block: Equatable {
    private static let formatVersion: UInt8 = 1
    /// Of a row: the lengths, a byte of the key, and the shortest state.
    private static let minimumRowSize = 1 + 1 + 1 + 1

    var bucket: String
    var rows: [BackupRow]

    /// Equal blocks have equal bytes.
    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: rows.reduce(bucket.utf8.count + 8) { $0 + $1.byteCount + 8 })
        writer.u8(Self.formatVersion)
        writer.string(bucket)
        writer.varint(UInt64(rows.count))
        for row in rows {
            writer.bytes(row.key)
            writer.bytes(row.state)
        }
        return writer.bytes
    }

    init(bucket: String, rows: [BackupRow]) {
        self.bucket = bucket
        self.rows = rows
    }

    init(_ bytes: ArraySlice<UInt8>) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.u8()
        guard version == Self.formatVersion else { throw CodecError(.unknownVersion(version), "a block") }
        let bucket = try reader.string()
        guard KeyLimits.accepts(bucket: bucket) else { throw CodecError(.malformed, "the name of a bucket") }
        let count = try reader.count(minimumSize: Self.minimumRowSize)
        var rows: [BackupRow] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            let key = try reader.bytes()
            guard KeyLimits.accepts(key: key) else { throw CodecError(.malformed, "a key") }
            rows.append(BackupRow(bucket: bucket, key: key, state: try reader.bytes()))
        }
        try reader.expectEnd()
        self.init(bucket: bucket, rows: rows)
    }
}
