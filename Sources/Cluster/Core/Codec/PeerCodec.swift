/// The messages on a peer stream: each with its length in front, so that batches concatenate; docs/formats.md has them
/// byte by byte.
///
/// Requests have kinds from 1, replies from 129, so that neither decodes as the other.
public enum PeerCodec {
    /// Raised with every change that an older node can't read; `PeerHello` carries it.
    public static let protocolVersion: UInt16 = 6

    /// What a message's first byte says.
    enum Kind {
        static let get: UInt8 = 1
        static let put: UInt8 = 2
        static let list: UInt8 = 3
        static let forward: UInt8 = 4
        static let buckets: UInt8 = 5
        static let hint: UInt8 = 6
        static let hints: UInt8 = 7
        static let layout: UInt8 = 10
        static let page: UInt8 = 11
        static let tree: UInt8 = 12
        static let gossip: UInt8 = 13
        static let state: UInt8 = 14
        static let reconcile: UInt8 = 15
        static let confirm: UInt8 = 16
        static let remove: UInt8 = 17
        static let getUnlessSame: UInt8 = 18
        /// Added to a request's kind if it belongs to a trace.
        static let traced: UInt8 = 64

        static let versions: UInt8 = 129
        static let noVersions: UInt8 = 130
        static let stored: UInt8 = 131
        static let listed: UInt8 = 132
        static let forwarded: UInt8 = 133
        static let failed: UInt8 = 134
        static let layoutIs: UInt8 = 138
        static let rows: UInt8 = 139
        static let treeIs: UInt8 = 140
        static let gossipBack: UInt8 = 141
        static let stateIs: UInt8 = 142
        static let confirmed: UInt8 = 143
        static let same: UInt8 = 144
    }

    // MARK: Requests

    public static func append(_ message: PeerRequestMessage, to writer: inout ByteWriter) {
        let mark = writer.beginBlock()
        switch message.body {
        case .get(let key):
            header(Kind.get, message, &writer)
            writer.bytes(key.bytes)
        case .getUnlessSame(let key, let hash):
            header(Kind.getUnlessSame, message, &writer)
            writer.bytes(key.bytes)
            writer.u64(hash)
        case .put(let key, let versions, let policy):
            header(Kind.put, message, &writer)
            append(key, versions, policy, to: &writer)
        case .list(let list):
            header(Kind.list, message, &writer)
            append(list, to: &writer)
        case .forward(let request):
            header(Kind.forward, message, &writer)
            RequestCodec.append(request, to: &writer)
        case .buckets(let table):
            header(Kind.buckets, message, &writer)
            table.encode(into: &writer)
        case .hint(let target, let key, let versions, let policy):
            header(Kind.hint, message, &writer)
            writer.u64(target.rawValue)
            append(key, versions, policy, to: &writer)
        case .hints(let key, let targets):
            header(Kind.hints, message, &writer)
            writer.bytes(key.bytes)
            writer.varint(UInt64(targets.count))
            for target in targets { writer.u64(target.rawValue) }
        case .layout(let history, let standing):
            header(Kind.layout, message, &writer)
            writer.bytes(history.encoded())
            standing.encode(into: &writer)
        case .page(let page):
            header(Kind.page, message, &writer)
            append(page, to: &writer)
        case .tree(let request):
            header(Kind.tree, message, &writer)
            TreeCodec.append(request, to: &writer)
        case .gossip(let bytes):
            header(Kind.gossip, message, &writer)
            writer.bytes(bytes)
        case .state(let key):
            header(Kind.state, message, &writer)
            writer.bytes(key.bytes)
        case .reconcile(let key, let versions, let seen, let policy):
            header(Kind.reconcile, message, &writer)
            append(key, versions, policy, to: &writer)
            VersionsCodec.append(seen, to: &writer)
        case .confirm(let rows):
            header(Kind.confirm, message, &writer)
            rows.encode(into: &writer)
        case .remove(let rows):
            header(Kind.remove, message, &writer)
            rows.encode(into: &writer)
        }
        writer.endBlock(mark)
    }

    private static func header(_ kind: UInt8, _ message: PeerRequestMessage, _ writer: inout ByteWriter) {
        writer.u8(message.trace == nil ? kind : kind | Kind.traced)
        writer.u64(message.id)
        writer.u32(message.timeoutMillis)
        writer.varint(message.epoch.rawValue)
        if let trace = message.trace { TraceCodec.append(trace, to: &writer) }
    }

    private static func append(_ page: PageRequest, to writer: inout ByteWriter) {
        writer.int(page.partition)
        writer.bool(page.after != nil)
        if let after = page.after { writer.bytes(after.bytes) }
        writer.int(page.maxBytes)
    }

    private static func append(
        _ key: StorageKey, _ versions: Versions, _ policy: Versions.Policy, to writer: inout ByteWriter
    ) {
        writer.bytes(key.bytes)
        writer.u8(policy.rawValue)
        VersionsCodec.encode(versions, into: &writer)
    }

    private static func append(_ list: ReplicaList, to writer: inout ByteWriter) {
        writer.int(list.firstPartition)
        writer.int(list.lastPartition)
        writer.string(list.bucket)
        writer.bytes(list.prefix)
        writer.bool(list.after != nil)
        if let after = list.after { writer.bytes(after.bytes) }
        writer.int(list.limit)
    }

    /// Calls `body` with each request of `batch`, in order.
    ///
    /// - Throws: `CodecError` at the first message that isn't whole, well formed, known, and a request; `body` has then
    ///   been called with those before it. What `body` throws comes through.
    public static func decodeRequests(
        _ batch: [UInt8], _ body: (PeerRequestMessage) throws(CodecError) -> Void
    ) throws(CodecError) {
        var reader = ByteReader(batch)
        while !reader.isAtEnd {
            var block = try reader.block()
            let message = try decodeRequest(&block)
            try block.expectEnd()
            try body(message)
        }
    }

    private static func decodeRequest(_ reader: inout ByteReader) throws(CodecError) -> PeerRequestMessage {
        let first = try reader.u8()
        let kind = first & ~Kind.traced
        let id = try reader.u64()
        let timeoutMillis = try reader.u32()
        let epoch = LayoutEpoch(rawValue: try reader.varint())
        let trace = first == kind ? nil : try TraceCodec.decode(&reader)
        let body: PeerRequest
        switch kind {
        case Kind.get: body = .get(try decodeKey(&reader))
        case Kind.getUnlessSame:
            body = .getUnlessSame(try decodeKey(&reader), hash: try reader.u64())
        case Kind.put:
            let put = try decodePut(&reader)
            body = .put(put.key, put.versions, policy: put.policy)
        case Kind.list: body = .list(try decodeList(&reader))
        case Kind.forward: body = .forward(try RequestCodec.decodeRequest(&reader))
        case Kind.buckets: body = .buckets(try BucketTable.decode(&reader))
        case Kind.hint: body = try decodeHint(&reader)
        case Kind.hints: body = try decodeHints(&reader)
        case Kind.layout:
            let history = try LayoutHistory.decode(try reader.bytes())
            body = .layout(history, try Standing.decode(&reader))
        case Kind.page: body = .page(try decodePage(&reader))
        case Kind.tree: body = .tree(try TreeCodec.decodeRequest(&reader))
        case Kind.gossip: body = .gossip(try reader.bytes())
        case Kind.state: body = .state(try decodeKey(&reader))
        case Kind.reconcile:
            let put = try decodePut(&reader)
            let seen = try VersionsCodec.decodeVector(&reader)
            body = .reconcile(put.key, put.versions, seen: seen, policy: put.policy)
        case Kind.confirm: body = .confirm(try DeadRows.decode(&reader))
        case Kind.remove: body = .remove(try DeadRows.decode(&reader))
        default: throw CodecError(.malformed, "a peer request of kind \(kind)")
        }
        return PeerRequestMessage(
            id: id, timeoutMillis: timeoutMillis, epoch: epoch, trace: trace, body: body)
    }

    private static func decodePage(_ reader: inout ByteReader) throws(CodecError) -> PageRequest {
        let page = PageRequest(
            partition: try reader.int(), after: try reader.bool() ? try decodeKey(&reader) : nil,
            maxBytes: try reader.int())
        guard page.isWellFormed else { throw CodecError(.malformed, "a page outside its limits") }
        return page
    }

    private static func decodePut(
        _ reader: inout ByteReader
    ) throws(CodecError) -> (key: StorageKey, versions: Versions, policy: Versions.Policy) {
        let key = try decodeKey(&reader)
        let raw = try reader.u8()
        guard let policy = Versions.Policy(rawValue: raw) else {
            throw CodecError(.malformed, "a policy of kind \(raw)")
        }
        return (key, try VersionsCodec.decode(&reader), policy)
    }

    private static func decodeHint(_ reader: inout ByteReader) throws(CodecError) -> PeerRequest {
        let target = NodeID(rawValue: try reader.u64())
        let put = try decodePut(&reader)
        return .hint(for: target, put.key, put.versions, policy: put.policy)
    }

    private static func decodeHints(_ reader: inout ByteReader) throws(CodecError) -> PeerRequest {
        let key = try decodeKey(&reader)
        let count = try reader.count(minimumSize: 8)
        guard (1...PeerRequest.maxHintTargets).contains(count) else {
            throw CodecError(.malformed, "hints for \(count) nodes")
        }
        var targets: [NodeID] = []
        for _ in 0..<count { targets.append(NodeID(rawValue: try reader.u64())) }
        return .hints(of: key, for: targets)
    }

    private static func decodeList(_ reader: inout ByteReader) throws(CodecError) -> ReplicaList {
        let list = ReplicaList(
            firstPartition: try reader.int(), lastPartition: try reader.int(), bucket: try reader.string(),
            prefix: try reader.bytes(), after: try reader.bool() ? try decodeKey(&reader) : nil,
            limit: try reader.int())
        guard list.isWellFormed else { throw CodecError(.malformed, "a listing outside its limits") }
        return list
    }

    static func decodeKey(_ reader: inout ByteReader) throws(CodecError) -> StorageKey {
        guard let key = StorageKey(bytes: try reader.bytes()) else {
            throw CodecError(.malformed, "a storage key")
        }
        return key
    }
}
