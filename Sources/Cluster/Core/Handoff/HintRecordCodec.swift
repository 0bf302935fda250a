/// The form in which hints are stored; docs/formats.md has it byte by byte. Equal records have equal encodings.
public enum HintRecordCodec {
    private static let formatVersion: UInt8 = 1
    /// Of a hint: time, policy, key and versions.
    private static let minimumHintSize = 8 + 1 + 5 + 3

    /// - Precondition: The record is not empty; an empty one is not stored.
    public static func encode(_ record: HintRecord) -> [UInt8] {
        precondition(!record.isEmpty, "an empty record of hints is removed, not stored")
        var writer = ByteWriter(capacity: record.hints.reduce(2) { $0 + $1.byteCount })
        writer.u8(formatVersion)
        writer.varint(UInt64(record.hints.count))
        for hint in record.hints {
            writer.u64(hint.createdMillis)
            writer.u8(hint.policy.rawValue)
            writer.bytes(hint.key.bytes)
            VersionsCodec.encode(hint.versions, into: &writer)
        }
        return writer.bytes
    }

    /// - Throws: `CodecError` if it is anything but one encoding, whole.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> HintRecord {
        var reader = ByteReader(bytes)
        let count = try decodeHeader(&reader)
        var hints: [Hint] = []
        hints.reserveCapacity(count)
        for _ in 0..<count { hints.append(try decodeHint(&reader)) }
        try reader.expectEnd()
        guard let record = HintRecord(sorted: hints) else {
            throw CodecError(.malformed, "hints out of order")
        }
        return record
    }

    /// The number of hints and the time of the oldest, from the first `summarySize` bytes of an encoding; nil if those
    /// don't tell, as where hashes collide.
    public static func summary(_ prefix: [UInt8]) -> (count: Int, oldestMillis: UInt64)? {
        guard prefix.count >= summarySize, prefix[0] == formatVersion, prefix[1] == 1 else { return nil }
        return (1, prefix[2..<summarySize].reduce(0) { $0 << 8 | UInt64($1) })
    }

    public static let summarySize = 10

    private static func decodeHeader(_ reader: inout ByteReader) throws(CodecError) -> Int {
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "hints") }
        let count = try reader.count(minimumSize: minimumHintSize)
        guard count > 0 else { throw CodecError(.malformed, "a record without hints") }
        return count
    }

    private static func decodeHint(_ reader: inout ByteReader) throws(CodecError) -> Hint {
        let created = try reader.u64()
        let raw = try reader.u8()
        guard let policy = Versions.Policy(rawValue: raw) else {
            throw CodecError(.malformed, "a policy of kind \(raw)")
        }
        guard let key = StorageKey(bytes: try reader.bytes()) else {
            throw CodecError(.malformed, "a storage key")
        }
        return Hint(
            key: key, createdMillis: created, policy: policy, versions: try VersionsCodec.decode(&reader))
    }
}
