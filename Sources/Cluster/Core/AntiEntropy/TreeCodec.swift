/// The requests and replies of anti-entropy, inside of a peer message; docs/formats.md has them byte by byte.
public enum TreeCodec {
    private static let roots: UInt8 = 1
    private static let children: UInt8 = 2
    private static let keys: UInt8 = 3
    private static let agreed: UInt8 = 4

    // MARK: Requests

    public static func append(_ request: TreeRequest, to writer: inout ByteWriter) {
        switch request {
        case .roots(let trees):
            writer.u8(roots)
            writer.varint(UInt64(trees.count))
            for tree in trees { append(tree, to: &writer) }
        case .children(let request):
            writer.u8(children)
            append(request.tree, to: &writer)
            writer.u8(UInt8(request.level))
            writer.varint(UInt64(request.nodes.count))
            for node in request.nodes { writer.u16(UInt16(node)) }
        case .keys(let request):
            writer.u8(keys)
            append(request.tree, to: &writer)
            let leaves = request.leaves.elements
            writer.varint(UInt64(leaves.count))
            for leaf in leaves { writer.u16(UInt16(leaf)) }
            append(request.after, to: &writer)
            writer.int(request.maxBytes)
            writer.int(request.maxRows)
        case .agreed(let agreements):
            writer.u8(agreed)
            writer.varint(UInt64(agreements.count))
            for agreement in agreements {
                append(agreement.tree, to: &writer)
                agreement.clock.encode(into: &writer)
                writer.u64(agreement.token)
            }
        }
    }

    /// - Throws: `CodecError` if it is malformed, or beyond a limit of its type.
    public static func decodeRequest(_ reader: inout ByteReader) throws(CodecError) -> TreeRequest {
        switch try reader.u8() {
        case roots: return .roots(try decodeList(&reader, minimumSize: 3, decodeTree))
        case children:
            let request = TreeChildrenRequest(
                tree: try decodeTree(&reader), level: Int(try reader.u8()), nodes: try decodeNodes(&reader))
            guard request.isWellFormed else { throw CodecError(.malformed, "nodes of a hash tree") }
            return .children(request)
        case keys: return .keys(try decodeKeys(&reader))
        case agreed: return .agreed(try decodeList(&reader, minimumSize: 20, decodeAgreement))
        case let kind: throw CodecError(.malformed, "a request to a hash tree of kind \(kind)")
        }
    }

    private static func decodeList<Element>(
        _ reader: inout ByteReader, minimumSize: Int,
        _ element: (inout ByteReader) throws(CodecError) -> Element
    ) throws(CodecError) -> [Element] {
        let count = try reader.count(minimumSize: minimumSize)
        guard 1...TreeRequest.maxRoots ~= count else {
            throw CodecError(.malformed, "a request about \(count) trees")
        }
        var list: [Element] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try element(&reader)) }
        return list
    }

    private static func decodeAgreement(_ reader: inout ByteReader) throws(CodecError) -> TreeAgreement {
        TreeAgreement(
            tree: try decodeTree(&reader), clock: try PartitionClock.decode(&reader), token: try reader.u64())
    }

    private static func decodeKeys(_ reader: inout ByteReader) throws(CodecError) -> TreeKeysRequest {
        let tree = try decodeTree(&reader)
        let leaves = try decodeNodes(&reader)
        guard leaves.allSatisfy({ $0 < TreeShape.maxLeafCount }),
            zip(leaves, leaves.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw CodecError(.malformed, "leaves of a hash tree") }
        let request = TreeKeysRequest(
            tree: tree, leaves: LeafSet(leaves), after: try decodeOptionalKey(&reader),
            maxBytes: try reader.int(), maxRows: try reader.int())
        guard request.isWellFormed else { throw CodecError(.malformed, "a page of keys outside its limits") }
        return request
    }

    // MARK: Replies

    public static func append(_ reply: TreeReply, to writer: inout ByteWriter) {
        switch reply {
        case .roots(let all):
            writer.u8(roots)
            writer.varint(UInt64(all.count))
            for root in all {
                writer.bool(root != nil)
                guard let root else { continue }
                writer.u64(root.sum)
                root.clock.encode(into: &writer)
                writer.u64(root.token)
            }
        case .children(let sums):
            writer.u8(children)
            writer.bool(sums != nil)
            guard let sums else { return }
            writer.varint(UInt64(sums.count))
            for sum in sums { writer.u64(sum) }
        case .keys(let reply):
            writer.u8(keys)
            writer.varint(UInt64(reply.rows.count))
            for row in reply.rows {
                writer.bytes(row.key.bytes)
                writer.u64(row.hash)
                writer.int(row.size)
            }
            append(reply.upTo, to: &writer)
        case .noted: writer.u8(agreed)
        }
    }

    /// - Throws: `CodecError` if it is malformed.
    public static func decodeReply(_ reader: inout ByteReader) throws(CodecError) -> TreeReply {
        switch try reader.u8() {
        case roots:
            // One that is missing takes a byte here, and many times that in memory.
            let count = try reader.count(minimumSize: 1)
            guard count <= TreeRequest.maxRoots else { throw CodecError(.tooLarge, "\(count) roots") }
            var all: [TreeRoot?] = []
            all.reserveCapacity(count)
            for _ in 0..<count { all.append(try reader.bool() ? try decodeRoot(&reader) : nil) }
            return .roots(all)
        case children:
            guard try reader.bool() else { return .children(nil) }
            let count = try reader.count(minimumSize: 8)
            var sums: [UInt64] = []
            sums.reserveCapacity(count)
            for _ in 0..<count { sums.append(try reader.u64()) }
            return .children(sums)
        case keys:
            let count = try reader.count(minimumSize: 15)
            var rows: [KeyRow] = []
            rows.reserveCapacity(count)
            for _ in 0..<count { rows.append(try decodeRow(&reader)) }
            let reply = TreeKeysReply(rows: rows, upTo: try decodeOptionalKey(&reader))
            guard reply.isWellFormed else { throw CodecError(.malformed, "keys out of order") }
            return .keys(reply)
        case agreed: return .noted
        case let kind: throw CodecError(.malformed, "a reply of a hash tree of kind \(kind)")
        }
    }

    private static func decodeRoot(_ reader: inout ByteReader) throws(CodecError) -> TreeRoot {
        TreeRoot(
            sum: try reader.u64(), clock: try PartitionClock.decode(&reader), token: try reader.u64())
    }

    private static func decodeRow(_ reader: inout ByteReader) throws(CodecError) -> KeyRow {
        let row = KeyRow(key: try decodeKey(&reader), hash: try reader.u64(), size: try reader.int())
        guard 0...Int(UInt32.max) ~= row.size else {
            throw CodecError(.malformed, "a state of \(row.size) bytes")
        }
        return row
    }

    // MARK: Parts

    private static func append(_ tree: TreeRef, to writer: inout ByteWriter) {
        writer.u16(UInt16(tree.partition))
        writer.u8(UInt8(tree.depth))
    }

    private static func decodeTree(_ reader: inout ByteReader) throws(CodecError) -> TreeRef {
        let tree = TreeRef(partition: Int(try reader.u16()), depth: Int(try reader.u8()))
        guard tree.isWellFormed else { throw CodecError(.malformed, "a comparison of depth \(tree.depth)") }
        return tree
    }

    private static func decodeNodes(_ reader: inout ByteReader) throws(CodecError) -> [Int] {
        let count = try reader.count(minimumSize: 2)
        var nodes: [Int] = []
        nodes.reserveCapacity(count)
        for _ in 0..<count { nodes.append(Int(try reader.u16())) }
        return nodes
    }

    private static func append(_ key: StorageKey?, to writer: inout ByteWriter) {
        writer.bool(key != nil)
        if let key { writer.bytes(key.bytes) }
    }

    private static func decodeOptionalKey(_ reader: inout ByteReader) throws(CodecError) -> StorageKey? {
        try reader.bool() ? try decodeKey(&reader) : nil
    }

    private static func decodeKey(_ reader: inout ByteReader) throws(CodecError) -> StorageKey {
        guard let key = StorageKey(bytes: try reader.bytes()) else {
            throw CodecError(.malformed, "a storage key")
        }
        return key
    }
}
