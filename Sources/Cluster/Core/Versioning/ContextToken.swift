/// What a client gets with a read and passes back with the write that follows: what it has seen of the key.
///
/// Opaque to clients. A check over key and content refuses a token of another key and one that was damaged. It isn't
/// cryptographic: who forges a token can claim to have seen writes that never were, and so hide later ones of that key
/// from everyone, or push that key's timestamps ahead, which is no more than the right to overwrite the key allows.
public enum ContextToken {
    /// How many actors a token may name; a key meets a new one only when a replica is replaced or loses its state.
    public static let maxActors = 1024
    private static let formatVersion: UInt8 = 1

    /// - Returns: The token; empty if nothing was seen.
    public static func encode(_ context: CausalContext, for key: StorageKey) -> [UInt8] {
        if context.isEmpty { return [] }
        var writer = ByteWriter(capacity: 16 + context.vector.entries.count * 14 + key.bytes.count)
        writer.u8(formatVersion)
        writer.u64(context.latest.rawValue)
        VersionsCodec.append(context.vector, to: &writer)
        writer.u32(check(writer.bytes, key))
        return writer.bytes
    }

    /// - Returns: What the token says was seen; the empty context for an empty token.
    /// - Throws: `CodecError`: `malformed` or `truncated` for garbage or a token of another key, `tooLarge` if it names
    ///   more than `maxActors`, `unknownVersion`.
    public static func decode(_ bytes: [UInt8], for key: StorageKey) throws(CodecError) -> CausalContext {
        if bytes.isEmpty { return CausalContext() }
        // Before the check is computed, which takes time in proportion; 18 bytes is the longest entry.
        guard bytes.count <= 16 + maxActors * 18 else {
            throw CodecError(.tooLarge, "a context of \(bytes.count) bytes")
        }
        guard bytes.count > 5 else { throw CodecError(.truncated, "a context of \(bytes.count) bytes") }
        guard bytes[0] == formatVersion else { throw CodecError(.unknownVersion(bytes[0]), "context") }
        var reader = ByteReader(bytes[..<(bytes.count - 4)])
        _ = try reader.u8()
        let latest = Timestamp(rawValue: try reader.u64())
        let vector = try VersionsCodec.decodeVector(&reader)
        try reader.expectEnd()
        guard vector.entries.count <= maxActors else {
            throw CodecError(.tooLarge, "a context of \(vector.entries.count) actors")
        }
        guard !vector.isEmpty else { throw CodecError(.malformed, "a context of no actors") }
        var trailer = ByteReader(bytes[(bytes.count - 4)...])
        guard try trailer.u32() == check(Array(bytes.dropLast(4)), key) else {
            throw CodecError(.malformed, "a context that is damaged, or of another key")
        }
        return CausalContext(vector: vector, latest: latest)
    }

    /// The vector's encoding ends itself, so nothing is ambiguous about the key that follows it.
    private static func check(_ body: [UInt8], _ key: StorageKey) -> UInt32 {
        UInt32(truncatingIfNeeded: hash64(body + key.bytes))
    }
}
