/// The properties that were set for buckets, as every node knows them.
///
/// A state-based CRDT: a map of last-writer-wins registers (Shapiro et al., "A comprehensive study of convergent and
/// commutative replicated data types", 2011). `merge` is commutative, associative and idempotent, so nodes may
/// exchange tables in any order and as often as they like.
public struct BucketTable: Equatable, Sendable {
    /// How many buckets can have properties of their own.
    ///
    /// `set` refuses one more. `merge` does not: nodes that could not see each other may together have passed it,
    /// and what they acknowledged is kept.
    public static let maximumCount = 1_024

    /// What is known of one bucket.
    fileprivate struct Entry: Equatable, Sendable {
        /// The properties in force.
        var properties: BucketProperties
        /// When they were set, by the hybrid logical clock of `node`.
        var timestamp: Timestamp
        /// Where they were set; decides between two entries of the same time.
        var node: NodeID
    }

    private var entries: [String: Entry] = [:]

    /// A table in which no bucket has properties of its own.
    public init() {}

    /// How many buckets have properties of their own.
    public var count: Int { entries.count }

    /// The names of the buckets that have properties of their own, sorted.
    public var buckets: [String] { entries.keys.sorted() }

    /// The properties set for `bucket`; `nil` if it has the node's defaults.
    public func properties(of bucket: String) -> BucketProperties? { entries[bucket]?.properties }

    /// The number of replicas of each bucket that has properties of its own.
    public var sizes: [String: Int] { entries.mapValues(\.properties.n) }

    /// Sets the properties of `bucket`; they replace those in the table even if `timestamp` is of a clock that lags.
    ///
    /// Whether they fit the layout's replication factor is for the caller to check, with `BucketProperties.validate`.
    /// - Throws: `invalidArgument` if the name is empty or too long, if no layout could have such properties, or if
    ///   `maximumCount` other buckets have properties.
    public mutating func set(
        _ properties: BucketProperties, of bucket: String, timestamp: Timestamp, node: NodeID
    ) throws(RequestError) {
        guard KeyLimits.accepts(bucket: bucket) else {
            throw RequestError(
                code: .invalidArgument,
                message: "a bucket's name must be 1 to \(KeyLimits.maxBucketSize) bytes of UTF-8, "
                    + "not \(bucket.utf8.count)")
        }
        try properties.validate(replicationFactor: BucketProperties.maximumN)
        let known = entries[bucket]
        guard known != nil || count < Self.maximumCount else {
            throw RequestError(
                code: .invalidArgument,
                message: "\(count) buckets have properties of their own, which is the most there can be")
        }
        entries[bucket] = Entry(
            properties: properties, timestamp: Self.later(timestamp, than: known?.timestamp), node: node)
    }

    /// Takes over what `other` knows better. Returns whether that changed anything.
    @discardableResult
    public mutating func merge(_ other: BucketTable) -> Bool {
        var changed = false
        for (bucket, theirs) in other.entries {
            if let mine = entries[bucket], !theirs.supersedes(mine) { continue }
            entries[bucket] = theirs
            changed = true
        }
        return changed
    }

    private static func later(_ timestamp: Timestamp, than known: Timestamp?) -> Timestamp {
        guard let known, known >= timestamp else { return timestamp }
        return known.successor
    }
}

extension BucketTable.Entry {
    /// A total order over entries. That the properties count last makes `merge` commutative even for a node that
    /// came back with a clock behind its own past and issued a timestamp twice.
    fileprivate func supersedes(_ other: Self) -> Bool {
        (timestamp, node, rank) > (other.timestamp, other.node, other.rank)
    }

    /// The properties as something that can be ordered.
    private var rank: Rank {
        Rank(fields: [
            properties.n, properties.r, properties.w, Int(properties.policy.rawValue),
            Int(properties.quorum.rawValue), properties.ttlSeconds,
        ])
    }

    private struct Rank: Comparable {
        var fields: [Int]

        static func < (a: Rank, b: Rank) -> Bool { a.fields.lexicographicallyPrecedes(b.fields) }
    }
}

// MARK: - Encoding

/// Version 1: `u8` version · `u32` count · for each bucket, sorted by name: name (string) · n, r, w (`u8` each) ·
/// policy (`u8`) · quorum mode (`u8`) · time to live in seconds (`u32`) · timestamp (`u64`) · node (`u64`).
extension BucketTable {
    private static let formatVersion: UInt8 = 1

    /// Appends the table. Equal tables give equal bytes.
    public func encode(into writer: inout ByteWriter) {
        writer.u8(Self.formatVersion)
        writer.u32(UInt32(entries.count))
        for bucket in buckets {
            guard let entry = entries[bucket] else { continue }
            writer.string(bucket)
            writer.u8(UInt8(entry.properties.n))
            writer.u8(UInt8(entry.properties.r))
            writer.u8(UInt8(entry.properties.w))
            writer.u8(entry.properties.policy.rawValue)
            writer.u8(entry.properties.quorum.rawValue)
            writer.u32(UInt32(entry.properties.ttlSeconds))
            writer.u64(entry.timestamp.rawValue)
            writer.u64(entry.node.rawValue)
        }
    }

    /// Reads what `encode` wrote.
    ///
    /// - Throws: `CodecError` if it is of another version, cut off, or holds properties that no bucket can have.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> BucketTable {
        let version = try reader.u8()
        guard version == formatVersion else {
            throw CodecError(.unknownVersion(version), "the bucket table")
        }
        var table = BucketTable()
        for _ in 0..<(try reader.u32()) {
            let bucket = try reader.string()
            let entry = try decodeEntry(&reader)
            guard KeyLimits.accepts(bucket: bucket), table.entries.updateValue(entry, forKey: bucket) == nil
            else { throw CodecError(.malformed, "bad name of a bucket in the bucket table") }
        }
        return table
    }

    private static func decodeEntry(_ reader: inout ByteReader) throws(CodecError) -> Entry {
        let n = Int(try reader.u8())
        let r = Int(try reader.u8())
        let w = Int(try reader.u8())
        guard let policy = Versions.Policy(rawValue: try reader.u8()),
            let quorum = QuorumMode(rawValue: try reader.u8())
        else { throw CodecError(.malformed, "unknown policy or quorum mode in the bucket table") }
        let properties = BucketProperties(
            n: n, r: r, w: w, policy: policy, quorum: quorum, ttlSeconds: Int(try reader.u32()))
        do {
            try properties.validate(replicationFactor: BucketProperties.maximumN)
        } catch {
            throw CodecError(.malformed, "bucket table: \(error.message)")
        }
        return Entry(
            properties: properties, timestamp: Timestamp(rawValue: try reader.u64()),
            node: NodeID(rawValue: try reader.u64()))
    }
}
