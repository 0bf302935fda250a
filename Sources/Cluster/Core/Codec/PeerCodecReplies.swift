/// What a peer answers, on the wire.
extension PeerCodec {
    public static func append(_ message: PeerReplyMessage, to writer: inout ByteWriter) {
        let mark = writer.beginBlock()
        switch message.body {
        case .versions(.some(let versions)):
            header(Kind.versions, message, &writer)
            VersionsCodec.encode(versions, into: &writer)
        case .versions(.none):
            header(Kind.noVersions, message, &writer)
        case .same:
            header(Kind.same, message, &writer)
        case .stored:
            header(Kind.stored, message, &writer)
        case .listed(let rows, let isLast):
            header(Kind.listed, message, &writer)
            writer.bool(isLast)
            writer.varint(UInt64(rows.count))
            for row in rows {
                writer.bytes(row.key.bytes)
                VersionsCodec.encode(row.versions, into: &writer)
            }
        case .forwarded(let response):
            header(Kind.forwarded, message, &writer)
            ResponseCodec.append(response, to: &writer)
        case .failed(let error):
            header(Kind.failed, message, &writer)
            writer.u8(error.code.rawValue)
            writer.string(error.message)
        case .layout(let history):
            header(Kind.layoutIs, message, &writer)
            writer.bytes(history.encoded())
        case .page(let rows, let isLast, let clock):
            header(Kind.rows, message, &writer)
            writer.bool(isLast)
            clock.encode(into: &writer)
            writer.varint(UInt64(rows.count))
            for row in rows {
                writer.bytes(row.key.bytes)
                writer.bytes(row.state)
            }
        case .tree(let reply):
            header(Kind.treeIs, message, &writer)
            TreeCodec.append(reply, to: &writer)
        case .gossip(let bytes):
            header(Kind.gossipBack, message, &writer)
            writer.bytes(bytes)
        case .state(let versions, let seen):
            header(Kind.stateIs, message, &writer)
            VersionsCodec.encode(versions, into: &writer)
            VersionsCodec.append(seen, to: &writer)
        case .confirmed(let rows):
            header(Kind.confirmed, message, &writer)
            writer.varint(UInt64(rows.count))
            for row in rows { writer.bool(row) }
        }
        writer.endBlock(mark)
    }

    private static func header(_ kind: UInt8, _ message: PeerReplyMessage, _ writer: inout ByteWriter) {
        writer.u8(kind)
        writer.u64(message.id)
    }

    /// Calls `body` with each reply of `batch`, in order; throws as `decodeRequests` does.
    public static func decodeReplies(
        _ batch: [UInt8], _ body: (PeerReplyMessage) throws(CodecError) -> Void
    ) throws(CodecError) {
        var reader = ByteReader(batch)
        while !reader.isAtEnd {
            var block = try reader.block()
            let message = try decodeReply(&block)
            try block.expectEnd()
            try body(message)
        }
    }

    private static func decodeReply(_ reader: inout ByteReader) throws(CodecError) -> PeerReplyMessage {
        let kind = try reader.u8()
        let id = try reader.u64()
        let body: PeerReply
        switch kind {
        case Kind.versions: body = .versions(try VersionsCodec.decode(&reader))
        case Kind.noVersions: body = .versions(nil)
        case Kind.same: body = .same
        case Kind.stored: body = .stored
        case Kind.listed: body = try decodeListed(&reader)
        case Kind.forwarded: body = .forwarded(try ResponseCodec.decodeResponse(&reader))
        case Kind.failed: body = .failed(try decodeError(&reader))
        case Kind.layoutIs: body = .layout(try LayoutHistory.decode(try reader.bytes()))
        case Kind.rows: body = try decodeRows(&reader)
        case Kind.treeIs: body = .tree(try TreeCodec.decodeReply(&reader))
        case Kind.gossipBack: body = .gossip(try reader.bytes())
        case Kind.stateIs:
            let versions = try VersionsCodec.decode(&reader)
            body = .state(versions, seen: try VersionsCodec.decodeVector(&reader))
        case Kind.confirmed: body = try decodeConfirmed(&reader)
        default: throw CodecError(.malformed, "a peer reply of kind \(kind)")
        }
        return PeerReplyMessage(id: id, body: body)
    }

    private static func decodeListed(_ reader: inout ByteReader) throws(CodecError) -> PeerReply {
        let isLast = try reader.bool()
        let count = try reader.count(minimumSize: 7)
        var rows: [ListRow] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            rows.append(ListRow(key: try decodeKey(&reader), versions: try VersionsCodec.decode(&reader)))
        }
        return .listed(rows: rows, isLast: isLast)
    }

    private static func decodeConfirmed(_ reader: inout ByteReader) throws(CodecError) -> PeerReply {
        let count = try reader.count(minimumSize: 1)
        var rows: [Bool] = []
        rows.reserveCapacity(count)
        for _ in 0..<count { rows.append(try reader.bool()) }
        return .confirmed(rows)
    }

    private static func decodeRows(_ reader: inout ByteReader) throws(CodecError) -> PeerReply {
        let isLast = try reader.bool()
        let clock = try PartitionClock.decode(&reader)
        let count = try reader.count(minimumSize: 7)
        var rows: [PageRow] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            rows.append(PageRow(key: try decodeKey(&reader), state: try reader.bytes()))
        }
        return .page(rows: rows, isLast: isLast, clock: clock)
    }

    private static func decodeError(_ reader: inout ByteReader) throws(CodecError) -> ReplicaError {
        let raw = try reader.u8()
        guard let code = ReplicaError.Code(rawValue: raw) else {
            throw CodecError(.malformed, "a replica error of code \(raw)")
        }
        return ReplicaError(code: code, message: try reader.string())
    }
}
