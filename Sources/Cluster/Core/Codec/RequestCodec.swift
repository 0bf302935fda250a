/// The client requests and their answers as one node forwards them to another; docs/formats.md has them byte by byte.
enum RequestCodec {
    private enum Kind {
        static let get: UInt8 = 1
        static let put: UInt8 = 2
        static let list: UInt8 = 3
        static let update: UInt8 = 4
    }

    static func append(_ request: Request, to writer: inout ByteWriter) {
        switch request {
        case .get(let get):
            writer.u8(Kind.get)
            writer.string(get.bucket)
            writer.bytes(get.key)
            append(get.quorum, get.timeoutMillis, to: &writer)
        case .put(let put):
            writer.u8(Kind.put)
            append(put, to: &writer)
        case .update(let update):
            writer.u8(Kind.update)
            writer.string(update.bucket)
            writer.bytes(update.key)
            DataChangeCodec.append(update.change, to: &writer)
            append(update.quorum, update.timeoutMillis, to: &writer)
        case .list(let list):
            writer.u8(Kind.list)
            writer.string(list.bucket)
            writer.bytes(list.prefix)
            writer.int(list.limit)
            writer.bytes(list.cursor)
            append(list.lastPartition, to: &writer)
            append(list.quorum, list.timeoutMillis, to: &writer)
        }
    }

    private static func append(_ put: PutRequest, to writer: inout ByteWriter) {
        writer.string(put.bucket)
        writer.bytes(put.key)
        VersionsCodec.append(put.content, to: &writer)
        writer.bytes(put.context)
        append(put.expiry, to: &writer)
        switch put.condition {
        case .none:
            writer.u8(0)
        case .ifAbsent:
            writer.u8(1)
        case .ifMatch(let token):
            writer.u8(2)
            writer.bytes(token)
        case .repeated:
            writer.u8(3)
        }
        writer.bool(put.returnSiblings)
        append(put.quorum, put.timeoutMillis, to: &writer)
        writer.u64(put.forwardedAt.rawValue)
    }

    static func append(_ expiry: Expiry, to writer: inout ByteWriter) {
        switch expiry {
        case .byBucket:
            writer.u8(0)
        case .never:
            writer.u8(1)
        case .after(let milliseconds):
            writer.u8(2)
            writer.int(milliseconds)
        case .at(let milliseconds):
            writer.u8(3)
            writer.u64(milliseconds)
        }
    }

    private static func append(_ quorum: QuorumOverrides, _ timeoutMillis: Int, to writer: inout ByteWriter) {
        append(quorum.n, to: &writer)
        append(quorum.r, to: &writer)
        append(quorum.w, to: &writer)
        writer.int(timeoutMillis)
    }

    private static func append(_ value: Int?, to writer: inout ByteWriter) {
        writer.bool(value != nil)
        if let value { writer.int(value) }
    }

    static func decodeRequest(_ reader: inout ByteReader) throws(CodecError) -> Request {
        switch try reader.u8() {
        case Kind.get:
            var get = GetRequest(bucket: try reader.string(), key: try reader.bytes())
            (get.quorum, get.timeoutMillis) = try decodeQuorum(&reader)
            return .get(get)
        case Kind.put:
            return .put(try decodePut(&reader))
        case Kind.update:
            var update = UpdateRequest(
                bucket: try reader.string(), key: try reader.bytes(),
                change: try DataChangeCodec.decode(&reader))
            (update.quorum, update.timeoutMillis) = try decodeQuorum(&reader)
            return .update(update)
        case Kind.list:
            var list = ListRequest(
                bucket: try reader.string(), prefix: try reader.bytes(), limit: try reader.int(),
                cursor: try reader.bytes(), lastPartition: try decodeOptional(&reader))
            (list.quorum, list.timeoutMillis) = try decodeQuorum(&reader)
            return .list(list)
        case let kind:
            throw CodecError(.malformed, "a request of kind \(kind)")
        }
    }

    private static func decodePut(_ reader: inout ByteReader) throws(CodecError) -> PutRequest {
        var put = PutRequest(
            bucket: try reader.string(), key: try reader.bytes(),
            content: try VersionsCodec.decodeContent(&reader), context: try reader.bytes(),
            expiry: try decodeExpiry(&reader))
        switch try reader.u8() {
        case 0: put.condition = .none
        case 1: put.condition = .ifAbsent
        case 2: put.condition = .ifMatch(try reader.bytes())
        case 3: put.condition = .repeated
        case let kind: throw CodecError(.malformed, "a condition of kind \(kind)")
        }
        put.returnSiblings = try reader.bool()
        (put.quorum, put.timeoutMillis) = try decodeQuorum(&reader)
        put.forwardedAt = Timestamp(rawValue: try reader.u64())
        return put
    }

    static func decodeExpiry(_ reader: inout ByteReader) throws(CodecError) -> Expiry {
        switch try reader.u8() {
        case 0: .byBucket
        case 1: .never
        case 2: .after(milliseconds: try reader.int())
        case 3: .at(milliseconds: try reader.u64())
        case let kind: throw CodecError(.malformed, "an expiry of kind \(kind)")
        }
    }

    private static func decodeQuorum(
        _ reader: inout ByteReader
    ) throws(CodecError) -> (QuorumOverrides, Int) {
        let quorum = QuorumOverrides(
            n: try decodeOptional(&reader), r: try decodeOptional(&reader), w: try decodeOptional(&reader))
        return (quorum, try reader.int())
    }

    private static func decodeOptional(_ reader: inout ByteReader) throws(CodecError) -> Int? {
        try reader.bool() ? try reader.int() : nil
    }
}
