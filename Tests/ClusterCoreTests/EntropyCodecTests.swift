import Testing

@testable import ClusterCore

@Suite struct EntropyCodecTests {
    private func encoded(_ request: TreeRequest) -> [UInt8] {
        var writer = ByteWriter()
        TreeCodec.append(request, to: &writer)
        return writer.bytes
    }

    private func encoded(_ reply: TreeReply) -> [UInt8] {
        var writer = ByteWriter()
        TreeCodec.append(reply, to: &writer)
        return writer.bytes
    }

    private func decodedRequest(_ bytes: [UInt8]) throws -> TreeRequest {
        var reader = ByteReader(bytes)
        let request = try TreeCodec.decodeRequest(&reader)
        try reader.expectEnd()
        return request
    }

    private func decodedReply(_ bytes: [UInt8]) throws -> TreeReply {
        var reader = ByteReader(bytes)
        let reply = try TreeCodec.decodeReply(&reader)
        try reader.expectEnd()
        return reply
    }

    @Test func whatIsEncodedDecodesToTheSame() throws {
        var samples = CodecSamples(seed: 31)
        for _ in 0..<2000 {
            let request = samples.treeRequest()
            #expect(try decodedRequest(encoded(request)) == request)
            let reply = samples.treeReply()
            #expect(try decodedReply(encoded(reply)) == reply)
        }
    }

    @Test func theMessagesAreAsDocumented() {
        let tree = TreeRef(partition: 0x0102, depth: 2)
        let key = StorageKey(bytes: [1, 2, 1, 0x62, 9])!
        #expect(encoded(.roots([tree])) == [1, 1, 1, 2, 2])
        #expect(
            encoded(.children(TreeChildrenRequest(tree: tree, level: 1, nodes: [0, 15])))
                == [2, 1, 2, 2, 1, 2, 0, 0, 0, 15])
        let keys = TreeKeysRequest(
            tree: tree, leaves: LeafSet([0x123]), after: key, maxBytes: 300, maxRows: 5)
        #expect(encoded(.keys(keys)) == [3, 1, 2, 2, 1, 1, 0x23, 1, 5, 1, 2, 1, 0x62, 9, 0xac, 2, 5])
        let sizes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7]
        let actor: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
        var clock = PartitionClock(sizes: 7)
        clock.join(VersionVector([Dot(actor: 1, counter: 5)]), n: 3)
        let seen = sizes + [1, 3, 1] + actor + [5]
        let root = TreeRoot(sum: 0x0102, clock: clock, token: 9)
        let sum: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 2]
        let token: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 9]
        #expect(encoded(.roots([nil, root])) == [1, 2, 0, 1] + sum + seen + token)
        let agreement = TreeAgreement(tree: tree, clock: clock, token: 9)
        #expect(encoded(.agreed([agreement])) == [4, 1, 1, 2, 2] + seen + token)
        #expect(encoded(TreeReply.noted) == [4])
        #expect(encoded(.children(nil)) == [2, 0])
        #expect(encoded(.children([3])) == [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 3])
        let row = KeyRow(key: key, hash: 4, size: 300)
        #expect(
            encoded(.keys(TreeKeysReply(rows: [row], upTo: nil)))
                == [3, 1, 5, 1, 2, 1, 0x62, 9, 0, 0, 0, 0, 0, 0, 0, 4, 0xac, 2, 0])
    }

    @Test func whatIsOutsideTheLimitsIsRefused() {
        let tree = TreeRef(partition: 0, depth: 2)
        let key = entropyKey(1)
        let other = StorageKey(bytes: [0, 1, 1, 0x62, 9])!
        func keys(
            leaves: LeafSet = LeafSet([4]), after: StorageKey? = nil, bytes: Int = 1, rows: Int = 1
        ) -> TreeRequest {
            .keys(TreeKeysRequest(tree: tree, leaves: leaves, after: after, maxBytes: bytes, maxRows: rows))
        }
        func children(_ level: Int, _ nodes: [Int]) -> TreeRequest {
            .children(TreeChildrenRequest(tree: tree, level: level, nodes: nodes))
        }
        let most = [TreeRef](repeating: tree, count: TreeRequest.maxRoots)
        let good = [
            keys(after: key), keys(bytes: TreeKeysRequest.bytesLimit, rows: TreeKeysRequest.rowsLimit),
            keys(leaves: LeafSet([4095])), children(0, [0]), children(2, [0, 255]), .roots(most),
        ]
        for request in good { #expect(throws: Never.self) { try decodedRequest(encoded(request)) } }
        let bad = [
            keys(after: other), keys(bytes: 0), keys(rows: 0), keys(leaves: LeafSet()),
            keys(bytes: TreeKeysRequest.bytesLimit + 1), keys(rows: TreeKeysRequest.rowsLimit + 1),
            children(0, []), children(0, [1]), children(3, [0]), children(1, [2, 2]), children(1, [3, 2]),
            .roots([]), .roots(most + [tree]), .roots([TreeRef(partition: 0, depth: 16)]), .agreed([]),
        ]
        for request in bad { #expect(throws: CodecError.self) { try decodedRequest(encoded(request)) } }
        let row = { (number: Int) in KeyRow(key: entropyKey(number), hash: 1, size: 1) }
        let replies = [
            TreeKeysReply(rows: [row(2), row(1)], upTo: nil),
            TreeKeysReply(rows: [row(1), row(1)], upTo: nil),
            TreeKeysReply(rows: [row(2)], upTo: entropyKey(1)),
            TreeKeysReply(rows: [KeyRow(key: key, hash: 1, size: -1)], upTo: nil),
        ]
        for reply in replies {
            #expect(throws: CodecError.self) { try decodedReply(encoded(.keys(reply))) }
        }
        let roots = [TreeRoot?](repeating: nil, count: TreeRequest.maxRoots)
        #expect(throws: Never.self) { try decodedReply(encoded(.roots(roots))) }
        #expect(throws: CodecError.self) { try decodedReply(encoded(.roots(roots + [nil]))) }
        for kind in [0, 5, 255] as [UInt8] {
            #expect(throws: CodecError.self) { try decodedRequest([kind, 0, 0, 0]) }
            #expect(throws: CodecError.self) { try decodedReply([kind, 0, 0, 0]) }
        }
    }

    @Test func mutatedMessagesNeverTrap() {
        var samples = CodecSamples(seed: 32)
        let requests = (0..<500).map { _ in encoded(samples.treeRequest()) }
        let replies = (0..<500).map { _ in encoded(samples.treeReply()) }
        var random = samples.random
        var (refused, accepted) = (0, 0)
        for _ in 0..<10_000 {
            let request = CodecSamples.mutate(requests.randomElement(using: &random)!, &random)
            if let decoded = try? decodedRequest(request) {
                #expect(encoded(decoded) == request)
                accepted += 1
            } else {
                refused += 1
            }
            let reply = CodecSamples.mutate(replies.randomElement(using: &random)!, &random)
            if let decoded = try? decodedReply(reply) {
                #expect(encoded(decoded) == reply)
                accepted += 1
            } else {
                refused += 1
            }
            let noise = samples.bytes(upTo: 40)
            _ = try? decodedRequest(noise)
            _ = try? decodedReply(noise)
        }
        print("fuzzed messages of anti-entropy: \(refused) refused, \(accepted) still well formed")
        #expect(refused > 5_000 && accepted > 500)
    }
}

extension CodecSamples {
    mutating func treeRef() -> TreeRef {
        TreeRef(partition: random.below(65_536), depth: random.below(16))
    }

    mutating func treeRoot() -> TreeRoot { TreeRoot(sum: integer(), clock: clock(), token: integer()) }

    mutating func treeAgreement() -> TreeAgreement {
        TreeAgreement(tree: treeRef(), clock: clock(), token: integer())
    }

    mutating func treeRequest() -> TreeRequest {
        switch random.below(4) {
        case 0: return .roots([treeRef()] + list(upTo: 8) { $0.treeRef() })
        case 3: return .agreed([treeAgreement()] + list(upTo: 3) { $0.treeAgreement() })
        case 1:
            let level = random.below(3)
            let nodes = [random.below(1 << (4 * level))] + list(upTo: 8) { $0.random.below(1 << (4 * level)) }
            return .children(
                TreeChildrenRequest(tree: treeRef(), level: level, nodes: Set(nodes).sorted()))
        default:
            let after = optional { $0.key() }
            var tree = treeRef()
            tree.partition = after?.partition ?? tree.partition
            return .keys(
                TreeKeysRequest(
                    tree: tree, leaves: LeafSet([4095] + list(upTo: 8) { $0.random.below(4096) }),
                    after: after, maxBytes: 1 + random.below(TreeKeysRequest.bytesLimit),
                    maxRows: 1 + random.below(TreeKeysRequest.rowsLimit)))
        }
    }

    mutating func treeReply() -> TreeReply {
        switch random.below(4) {
        case 0: return .roots(list(upTo: 4) { $0.optional { $0.treeRoot() } })
        case 3: return .noted
        case 1: return .children(optional { $0.list(upTo: 32) { $0.integer() } })
        default:
            let keys = Set(list(upTo: 8) { $0.key() }).sorted { $0.sortsBefore($1) }
            let rows = keys.map { KeyRow(key: $0, hash: integer(), size: random.below(1 << 20)) }
            return .keys(TreeKeysReply(rows: rows, upTo: random.chance(50) ? keys.last : nil))
        }
    }
}
