/// Rows of a partition that a replica takes for dead: all their values are deleted or have expired.
public struct DeadRows: Equatable, Sendable {
    public struct Row: Equatable, Sendable {
        public var key: StorageKey
        /// Of key and state, as in a hash tree.
        public var hash: UInt64

        public init(key: StorageKey, hash: UInt64) {
            self.key = key
            self.hash = hash
        }
    }

    public static let maxCount = 4096

    public var partition: Int
    /// 1 to `maxCount`, ascending by key.
    public var rows: [Row]

    public init(partition: Int, rows: [Row]) {
        self.partition = partition
        self.rows = rows
    }

    var isWellFormed: Bool {
        1...Self.maxCount ~= rows.count && rows.allSatisfy { $0.key.partition == partition }
            && zip(rows, rows.dropFirst()).allSatisfy { $0.key.sortsBefore($1.key) }
    }

    // MARK: On the wire

    func encode(into writer: inout ByteWriter) {
        writer.int(partition)
        writer.varint(UInt64(rows.count))
        for row in rows {
            writer.bytes(row.key.bytes)
            writer.u64(row.hash)
        }
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> DeadRows {
        var dead = DeadRows(partition: try reader.int(), rows: [])
        for _ in 0..<(try reader.count(minimumSize: 13)) {
            guard let key = StorageKey(bytes: try reader.bytes()) else {
                throw CodecError(.malformed, "a storage key")
            }
            dead.rows.append(Row(key: key, hash: try reader.u64()))
        }
        guard dead.isWellFormed else { throw CodecError(.malformed, "dead rows of a partition") }
        return dead
    }
}
