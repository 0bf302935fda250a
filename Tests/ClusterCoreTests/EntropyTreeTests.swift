import Testing

@testable import ClusterCore

@Suite struct EntropyTreeTests {
    @Test(arguments: [(1, 4096), (256, 4096), (512, 256), (4096, 256), (8192, 16), (65_536, 16)])
    func theShapeFollowsFromThePartitionCount(partitions: Int, leaves: Int) {
        let shape = TreeShape(partitionCount: partitions)
        #expect(shape.leafCount == leaves)
        #expect(shape.leaf(ofKeyHash: .max) == leaves - 1 && shape.leaf(ofKeyHash: 0) == 0)
        #expect(partitions * leaves * 8 <= 8 << 20)
    }

    /// Trees are stored and compared with other nodes', so the hashes never change.
    @Test func theHashesAreAsDocumented() {
        var versions = Versions()
        versions.write(
            .value([0xaa, 0xbb], contentType: "t/p"), dot: Dot(actor: 0x0102_0304_0506_0708, counter: 300),
            timestamp: Timestamp(rawValue: 0x1112_1314_1516_1718), expiresAt: 5, context: CausalContext(),
            policy: .siblings)
        let key = StorageKey(bucket: "b", key: [9], partitionCount: 1)
        let hash = TreeHash.ofRow(key, versions)
        let leaf = TreeShape(partitionCount: 1).leaf(ofKeyHash: TreeHash.ofKey(key))
        #expect(hash == 0xE135_C825_707B_D510 && leaf == 2051, "\(String(hash, radix: 16)) in leaf \(leaf)")
    }

    /// Only an order of writes that no replica saw tells a tree apart from one that is built of what is there.
    @Test func writesLeadToTheTreeOfWhatIsThere() {
        for seed in 0..<100 as Range<UInt64> {
            var random = VersionRandom(seed: seed)
            var replica = EntropyReplica()
            let isBuiltFirst = random.chance(50)
            if isBuiltFirst { replica.build() }
            for counter in 1...UInt64(20 + random.below(80)) {
                change(&replica, counter, &random)
                if random.chance(20), let page = replica.page(rowLimit: 1 + random.below(8)) {
                    replica.add(page)
                }
                if random.chance(2) { replica.unbuild() }
            }
            replica.build()
            var fresh = EntropyReplica()
            for (key, versions) in replica.rows { fresh.merge(versions, at: key) }
            fresh.build(rowLimit: 1000)
            for depth in 0..<6 {
                let root = replica.trees[0]!.root(depth: depth)
                #expect(root != nil && root == fresh.trees[0]!.root(depth: depth), "seed \(seed)")
                let expected = replica.rows.filter { entropySize(ofBucket: $0.key.bucket) > depth }
                #expect(root == expected.reduce(0) { $0 &+ TreeHash.ofRow($1.key, $1.value) }, "seed \(seed)")
            }
        }
    }

    private func change(_ replica: inout EntropyReplica, _ counter: UInt64, _ random: inout VersionRandom) {
        let key = entropyKey(random.below(30), n: 1 + random.below(5))
        let seen = random.chance(50) ? replica.rows[key] ?? Versions() : Versions()
        switch random.below(10) {
        case 0: replica.remove(key)
        case 1: replica.merge(seen.deleted(actor: 1, counter: counter), at: key)
        default: replica.merge(.written("v\(counter)", actor: 1, counter: counter, seen: seen), at: key)
        }
    }

    @Test func aTreeThatIsNotCompleteIsNotCompared() {
        var replica = EntropyReplica()
        for number in 0..<5 {
            replica.merge(.written("v", actor: 1, counter: UInt64(number + 1)), at: entropyKey(number))
        }
        let root = TreeRequest.roots([TreeRef(partition: 0, depth: 0), TreeRef(partition: 1, depth: 0)])
        let children = TreeRequest.children(
            TreeChildrenRequest(tree: TreeRef(partition: 0, depth: 0), level: 0, nodes: [0]))
        #expect(replica.answer(root) == .roots([nil, nil]) && replica.answer(children) == .children(nil))
        replica.add(replica.page(rowLimit: 4)!)
        #expect(replica.answer(root) == .roots([nil, nil]) && replica.answer(children) == .children(nil))
        replica.add(replica.page(rowLimit: 4)!)
        #expect(replica.trees.completeCount == 1 && replica.trees.nextScan() == nil)
        guard case .roots(let roots) = replica.answer(root),
            case .children(let parts?) = replica.answer(children)
        else {
            Issue.record("no sums")
            return
        }
        #expect(roots[1] == nil && roots[0]?.sum == parts.reduce(0, &+) && roots[0]?.sum != 0)
        #expect(parts.count == 16)
        replica.unbuild()
        #expect(replica.answer(root) == .roots([nil, nil]))
    }

    @Test func aPageFromBeforeAnUnbuildIsIgnored() throws {
        var replica = EntropyReplica()
        for number in 0..<6 {
            replica.merge(.written("v", actor: 1, counter: UInt64(number + 1)), at: entropyKey(number))
        }
        replica.add(replica.page(rowLimit: 2)!)
        let stale = replica.page(rowLimit: 10)!
        replica.unbuild()
        replica.add(stale)
        #expect(replica.trees.nextScan()?.after == nil && replica.trees.completeCount == 0)
        let first = try #require(replica.page(rowLimit: 3))
        replica.add(first)
        replica.add(first)
        replica.build()
        let sum = replica.rows.reduce(0) { $0 &+ TreeHash.ofRow($1.key, $1.value) }
        #expect(replica.trees[0]!.root(depth: 2) == sum)
    }

    @Test func treesAreHeldForTheNodesPartitions() {
        var trees = HashTrees(partitionCount: 4)
        trees.hold([1, 3])
        var empty = TreePage(partition: 1, after: nil, n: entropySize)
        empty.isLast = true
        trees.add(empty)
        #expect(trees.count == 2 && trees.completeCount == 1 && trees.nextScan()?.partition == 3)
        trees.hold([1, 2])
        #expect(trees.count == 2 && trees.completeCount == 1 && trees[3] == nil)
        let stored = trees[1]!
        trees.unbuild(1)
        #expect(trees.completeCount == 0)
        trees.restore(stored)
        #expect(trees.completeCount == 1)
        trees.hold([2])
        trees.restore(stored)
        #expect(trees.completeCount == 0)
    }

    /// 10,000 keys over 16 nodes: each has 625, give or take.
    @Test func keysSpreadOverTheLeaves() {
        var counts = [Int](repeating: 0, count: 16)
        for number in 0..<10_000 { counts[Int(TreeHash.ofKey(entropyKey(number)) >> 60)] += 1 }
        #expect(counts.allSatisfy { 500...750 ~= $0 })
    }

    // MARK: As stored

    private func tree() -> HashTree {
        var replica = EntropyReplica()
        for number in 0..<50 {
            let key = entropyKey(number, n: 1 + number % 3)
            replica.merge(.written("v\(number)", actor: 1, counter: UInt64(number + 1)), at: key)
        }
        replica.build()
        return replica.trees[0]!
    }

    @Test func whatIsStoredComesBack() throws {
        let tree = tree()
        let bytes = try #require(tree.encoded())
        #expect(try HashTree.decode(bytes, shape: tree.shape) == tree)
        #expect(HashTree(partition: 0, shape: tree.shape).encoded() == nil)
        #expect(throws: CodecError.self) {
            try HashTree.decode(bytes, shape: TreeShape(partitionCount: 512))
        }
        var page = TreePage(partition: 513, after: nil, n: entropySize)
        page.isLast = true
        var small = HashTree(partition: 513, shape: TreeShape(partitionCount: 65_536))
        small.add(page)
        let body: [UInt8] = [1, 0x81, 4, 1, 0]
        let check = hash64(body)
        let checkBytes = (0..<8).map { UInt8(truncatingIfNeeded: check >> UInt64(56 - 8 * $0)) }
        #expect(small.encoded() == body + checkBytes)
    }

    @Test func aDamagedTreeIsRefused() throws {
        let tree = tree()
        let bytes = try #require(tree.encoded())
        var random = VersionRandom(seed: 21)
        for _ in 0..<300 {
            let damaged = CodecSamples.mutate(bytes, &random)
            guard damaged != bytes else { continue }
            #expect(throws: CodecError.self) { try HashTree.decode(damaged, shape: tree.shape) }
        }
        for cut in 0..<64 {
            #expect(throws: CodecError.self) {
                try HashTree.decode(Array(bytes.prefix(cut)), shape: tree.shape)
            }
        }
    }

    /// What the check sum doesn't tell, the fields do.
    @Test func fieldsOutsideTheirLimitsAreRefused() throws {
        let shape = TreeShape(partitionCount: 65_536)
        let sums = [UInt8](repeating: 7, count: 16 * 8)
        func decodes(_ body: [UInt8]) -> Bool {
            var writer = ByteWriter()
            writer.raw(body)
            writer.u64(hash64(body))
            return (try? HashTree.decode(writer.bytes, shape: shape)) != nil
        }
        #expect(decodes([1, 5, 1, 0]) && decodes([1, 5, 1, 2, 1] + sums + [16] + sums))
        #expect(!decodes([2, 5, 1, 0]) && !decodes([1, 0x80, 0x80, 4, 1, 0]) && !decodes([1, 5, 2, 0]))
        #expect(!decodes([1, 5, 1, 1, 0] + sums) && !decodes([1, 5, 1, 1, 17] + sums))
        #expect(!decodes([1, 5, 1, 2, 3] + sums + [3] + sums) && !decodes([1, 5, 1, 1, 3] + sums + [0]))
        #expect(!decodes([1, 5, 1, 1, 3] + sums.dropLast()))
    }
}
