/// The messages of the gossip; docs/formats.md has them byte by byte.
///
/// The updates are the rest of a message, without a count, so that one is filled up to its limit as they come.
public enum SwimCodec {
    /// Raised with every change that an older node can't read.
    public static let formatVersion: UInt8 = 2
    /// Leaves room to refute what anybody may send.
    static let maxIncarnation: UInt64 = 1 << 62

    private enum Kind {
        static let ping: UInt8 = 1
        static let pingRequest: UInt8 = 2
        static let ack: UInt8 = 3
        static let nack: UInt8 = 4
        static let gossip: UInt8 = 5
        static let page: UInt8 = 6
        static let pageReply: UInt8 = 7
    }

    public static func encode(_ message: SwimMessage) -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + 128 * message.updates.count)
        begin(message.body, number: message.number, wallMillis: message.wallMillis, &writer)
        for update in message.updates { append(update, to: &writer) }
        return writer.bytes
    }

    /// The message without its updates.
    static func begin(
        _ body: SwimMessage.Body, number: UInt64, wallMillis: UInt64 = 0, _ writer: inout ByteWriter
    ) {
        writer.u8(formatVersion)
        switch body {
        case .ping: writer.u8(Kind.ping)
        case .pingRequest: writer.u8(Kind.pingRequest)
        case .ack: writer.u8(Kind.ack)
        case .nack: writer.u8(Kind.nack)
        case .gossip: writer.u8(Kind.gossip)
        case .page: writer.u8(Kind.page)
        case .pageReply: writer.u8(Kind.pageReply)
        }
        writer.varint(number)
        switch body {
        case .pingRequest(let target): writer.u64(target.rawValue)
        case .page(let from, let through), .pageReply(let from, let through):
            writer.u64(from)
            writer.u64(through)
        case .ack: writer.u64(wallMillis)
        case .ping, .nack, .gossip: break
        }
    }

    static func append(_ update: SwimUpdate, to writer: inout ByteWriter) {
        append(update.record, to: &writer)
        guard update.record.liveness == .suspect else { return }
        writer.varint(UInt64(update.accusers.count))
        for accuser in update.accusers { writer.u64(accuser.rawValue) }
    }

    static func append(_ record: MemberRecord, to writer: inout ByteWriter) {
        writer.u8(record.liveness.rawValue)
        writer.varint(record.incarnation)
        writer.string(record.name)
        writer.string(record.address)
        writer.string(record.zone)
        writer.u64(record.weight.bitPattern)
        writer.string(record.engine)
        writer.string(record.version)
        writer.u64(record.instance)
        writer.u64(record.disk)
        writer.varint(record.started)
        writer.bool(record.rival != 0)
        if record.rival != 0 { writer.u64(record.rival) }
    }

    /// - Throws: `CodecError`: `unknownVersion` if the message's format is a later one, else `malformed` or `truncated`.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> SwimMessage {
        var reader = ByteReader(bytes)
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "gossip") }
        let kind = try reader.u8()
        let number = try reader.varint()
        let body = try decodeBody(kind, &reader)
        var message = SwimMessage(body, number: number)
        if body == .ack { message.wallMillis = try reader.u64() }
        while !reader.isAtEnd { message.updates.append(try decodeUpdate(&reader)) }
        return message
    }

    private static func decodeBody(
        _ kind: UInt8, _ reader: inout ByteReader
    ) throws(CodecError) -> SwimMessage.Body {
        switch kind {
        case Kind.ping: return .ping
        case Kind.pingRequest: return .pingRequest(NodeID(rawValue: try reader.u64()))
        case Kind.ack: return .ack
        case Kind.nack: return .nack
        case Kind.gossip: return .gossip
        case Kind.page, Kind.pageReply:
            let (from, through) = (try reader.u64(), try reader.u64())
            guard from <= through else { throw CodecError(.malformed, "a page that ends before it begins") }
            return kind == Kind.page
                ? .page(from: from, through: through) : .pageReply(from: from, through: through)
        default: throw CodecError(.malformed, "gossip of kind \(kind)")
        }
    }

    private static func decodeUpdate(_ reader: inout ByteReader) throws(CodecError) -> SwimUpdate {
        var update = SwimUpdate(try decodeRecord(&reader))
        guard update.record.liveness == .suspect else { return update }
        let count = try reader.count(minimumSize: 8)
        guard count <= SwimUpdate.maxAccusers else { throw CodecError(.tooLarge, "\(count) accusers") }
        for _ in 0..<count {
            let accuser = NodeID(rawValue: try reader.u64())
            if let last = update.accusers.last, last >= accuser {
                throw CodecError(.malformed, "accusers out of order")
            }
            update.accusers.append(accuser)
        }
        return update
    }

    private static func decodeRecord(_ reader: inout ByteReader) throws(CodecError) -> MemberRecord {
        let raw = try reader.u8()
        guard let liveness = Liveness(rawValue: raw) else {
            throw CodecError(.malformed, "a liveness of \(raw)")
        }
        let incarnation = try reader.varint()
        guard incarnation <= maxIncarnation else {
            throw CodecError(.malformed, "an incarnation of \(incarnation)")
        }
        let (name, address, zone) = (try reader.string(), try reader.string(), try reader.string())
        let weight = Double(bitPattern: try reader.u64())
        let (engine, version) = (try reader.string(), try reader.string())
        let (instance, disk, started) = (try reader.u64(), try reader.u64(), try reader.varint())
        var rival: UInt64 = 0
        if try reader.bool() {
            rival = try reader.u64()
            guard rival != 0 else { throw CodecError(.malformed, "a rival of 0") }
        }
        let record = MemberRecord(
            name: name, address: address, zone: zone, weight: weight, engine: engine, version: version,
            instance: instance, disk: disk, started: started, rival: rival, incarnation: incarnation,
            liveness: liveness)
        guard record.isWellFormed else { throw CodecError(.malformed, "a member record outside its limits") }
        return record
    }
}
