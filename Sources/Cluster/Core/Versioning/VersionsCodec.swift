/// The form in which versions are stored and sent; docs/formats.md has it byte by byte.
///
/// Equal versions have equal encodings, so versions can be compared by their bytes.
public enum VersionsCodec {
    static let formatVersion: UInt8 = 1
    private static let tombstone: UInt8 = 0
    private static let value: UInt8 = 1

    public static func encode(_ versions: Versions) -> [UInt8] {
        var writer = ByteWriter(capacity: estimatedSize(versions))
        append(versions, to: &writer)
        return writer.bytes
    }

    public static func encode(_ versions: Versions, into writer: inout ByteWriter) {
        writer.reserve(estimatedSize(versions))
        append(versions, to: &writer)
    }

    /// At least as long as the encoding, and not by much.
    public static func estimatedSize(_ versions: Versions) -> Int {
        // Counters may come from anyone, and be of any size.
        var size = 7 + versions.context.entries.count * 18
        for sibling in versions.siblings {
            size += 40
            size += sibling.content.byteCount
        }
        return size
    }

    private static func append(_ versions: Versions, to writer: inout ByteWriter) {
        writer.u8(formatVersion)
        append(versions.context, to: &writer)
        writer.varint(UInt64(versions.siblings.count))
        var index = 0
        for sibling in versions.siblings {
            // Both are sorted by actor, and the context has every sibling's.
            while versions.context.entries[index].actor != sibling.dot.actor { index += 1 }
            writer.varint(UInt64(index))
            writer.varint(sibling.dot.counter)
            writer.u64(sibling.timestamp.rawValue)
            writer.varint(sibling.expiresAt)
            append(sibling.content, to: &writer)
        }
    }

    static func append(_ vector: VersionVector, to writer: inout ByteWriter) {
        writer.varint(UInt64(vector.entries.count))
        for entry in vector.entries {
            writer.u64(entry.actor)
            writer.varint(entry.counter)
        }
    }

    static func append(_ content: Sibling.Content, to writer: inout ByteWriter) {
        switch content {
        case .tombstone:
            writer.u8(tombstone)
        case .value(let bytes, let contentType):
            writer.u8(value)
            writer.string(contentType)
            writer.bytes(bytes)
        case .part(let part): DataPartCodec.append(part, to: &writer)
        }
    }

    /// - Throws: `CodecError` if it is anything but one encoding, whole.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> Versions {
        var reader = ByteReader(bytes)
        let versions = try decode(&reader)
        try reader.expectEnd()
        return versions
    }

    /// Reads one encoding and leaves the reader after it.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> Versions {
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "versions") }
        let context = try decodeVector(&reader)
        let count = try reader.count(minimumSize: 12)
        var siblings: [Sibling] = []
        siblings.reserveCapacity(count)
        for _ in 0..<count {
            let sibling = try decodeSibling(&reader, context)
            if let last = siblings.last, last.dot >= sibling.dot {
                throw CodecError(.malformed, "siblings out of order")
            }
            siblings.append(sibling)
        }
        return Versions(uncheckedContext: context, siblings: siblings)
    }

    private static func decodeSibling(
        _ reader: inout ByteReader, _ context: VersionVector
    ) throws(CodecError) -> Sibling {
        let index = try reader.varint()
        guard index < context.entries.count else { throw CodecError(.malformed, "a dot of no known actor") }
        let entry = context.entries[Int(index)]
        let counter = try reader.varint()
        guard counter > 0, counter <= entry.counter else {
            throw CodecError(.malformed, "a dot outside the context")
        }
        return Sibling(
            dot: Dot(actor: entry.actor, counter: counter), timestamp: Timestamp(rawValue: try reader.u64()),
            expiresAt: try reader.varint(), content: try decodeContent(&reader))
    }

    static func decodeVector(_ reader: inout ByteReader) throws(CodecError) -> VersionVector {
        let count = try reader.count(minimumSize: 9)
        var entries: [VersionVector.Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            entries.append(VersionVector.Entry(actor: try reader.u64(), counter: try reader.varint()))
        }
        guard let vector = VersionVector(sorted: entries) else {
            throw CodecError(.malformed, "a version vector out of order")
        }
        return vector
    }

    static func decodeContent(_ reader: inout ByteReader) throws(CodecError) -> Sibling.Content {
        switch try reader.u8() {
        case tombstone:
            return .tombstone
        case value:
            let contentType = try reader.string()
            return .value(try reader.bytes(), contentType: contentType)
        case let kind: return .part(try DataPartCodec.decode(kind, &reader))
        }
    }
}
