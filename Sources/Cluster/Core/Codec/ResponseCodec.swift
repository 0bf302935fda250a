/// The answers to forwarded client requests; docs/formats.md has them byte by byte.
enum ResponseCodec {
    private enum Kind {
        static let read: UInt8 = 1
        static let written: UInt8 = 2
        static let listed: UInt8 = 3
        static let failed: UInt8 = 4
        static let updated: UInt8 = 5
    }

    static func append(_ response: Response, to writer: inout ByteWriter) {
        switch response {
        case .read(let reading):
            writer.u8(Kind.read)
            append(reading, to: &writer)
        case .written(let reading):
            writer.u8(Kind.written)
            append(reading, to: &writer)
        case .listed(let listing):
            writer.u8(Kind.listed)
            writer.varint(UInt64(listing.keys.count))
            for key in listing.keys { writer.bytes(key) }
            writer.bool(listing.cursor != nil)
            if let cursor = listing.cursor { writer.bytes(cursor) }
        case .updated(let outcome):
            writer.u8(Kind.updated)
            DataChangeCodec.append(outcome, to: &writer)
        case .failed(let error):
            writer.u8(Kind.failed)
            writer.u8(error.code.rawValue)
            writer.string(error.message)
            writer.int(error.replicasAnswered)
            writer.int(error.replicasNeeded)
        }
    }

    /// The context is a token that only the key's own coordinators read, so the siblings carry their dots whole.
    private static func append(_ reading: Reading, to writer: inout ByteWriter) {
        writer.bytes(reading.context)
        writer.varint(UInt64(reading.siblings.count))
        for sibling in reading.siblings {
            writer.u64(sibling.dot.actor)
            writer.varint(sibling.dot.counter)
            writer.u64(sibling.timestamp.rawValue)
            writer.varint(sibling.expiresAt)
            VersionsCodec.append(sibling.content, to: &writer)
        }
    }

    static func decodeResponse(_ reader: inout ByteReader) throws(CodecError) -> Response {
        switch try reader.u8() {
        case Kind.read: return .read(try decodeReading(&reader))
        case Kind.written: return .written(try decodeReading(&reader))
        case Kind.listed: return .listed(try decodeListing(&reader))
        case Kind.updated: return .updated(try DataChangeCodec.decodeOutcome(&reader))
        case Kind.failed: return .failed(try decodeError(&reader))
        case let kind: throw CodecError(.malformed, "a response of kind \(kind)")
        }
    }

    private static func decodeReading(_ reader: inout ByteReader) throws(CodecError) -> Reading {
        var reading = Reading(context: try reader.bytes())
        let count = try reader.count(minimumSize: 19)
        reading.siblings.reserveCapacity(count)
        for _ in 0..<count {
            let dot = Dot(actor: try reader.u64(), counter: try reader.varint())
            reading.siblings.append(
                Sibling(
                    dot: dot, timestamp: Timestamp(rawValue: try reader.u64()),
                    expiresAt: try reader.varint(), content: try VersionsCodec.decodeContent(&reader)))
        }
        return reading
    }

    private static func decodeListing(_ reader: inout ByteReader) throws(CodecError) -> Listing {
        var listing = Listing()
        let count = try reader.count(minimumSize: 1)
        listing.keys.reserveCapacity(count)
        for _ in 0..<count { listing.keys.append(try reader.bytes()) }
        if try reader.bool() { listing.cursor = try reader.bytes() }
        return listing
    }

    private static func decodeError(_ reader: inout ByteReader) throws(CodecError) -> RequestError {
        let raw = try reader.u8()
        guard let code = RequestError.Code(rawValue: raw) else {
            throw CodecError(.malformed, "a request error of code \(raw)")
        }
        return RequestError(
            code: code, message: try reader.string(), replicasAnswered: try reader.int(),
            replicasNeeded: try reader.int())
    }
}
