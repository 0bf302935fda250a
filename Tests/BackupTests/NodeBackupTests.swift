import ClusterCore
import Engine
import Testing

@testable import Backup

@Suite struct NodeBackupTests {
    @Test func allThatNodesHaveIsInABackup() async throws {
        let fixture = try BackupFixture()
        try fixture.fill(500)
        try fixture.fill(40, bucket: "orders")
        try await fixture.backUpAll("one")
        #expect(try await fixture.rows("one") == fixture.held("a"))
        let verified = try await fixture.verify("one")
        #expect(verified.nodes == 3)
        #expect(verified.rows == 3 * 540)
        let set = try await fixture.archive().backup("one")
        #expect(set.isComplete)
        #expect(set.rows == 3 * 540)
    }

    @Test func replicasShareBlocks() async throws {
        let fixture = try BackupFixture()
        try fixture.fill(500)
        let first = try await fixture.backUp("a", "one")
        let second = try await fixture.backUp("b", "one")
        #expect(first.sentBytes > 0)
        #expect(second.sections.allSatisfy { $0.partition == nil || $0.sentBytes == 0 })
        #expect(second.sections.allSatisfy { $0.newBlocks == 0 })
        #expect(second.sections.map(\.index) == first.sections.map(\.index))
    }

    @Test func whatReplicasDifferInComesInAllItsForms() async throws {
        let fixture = try BackupFixture()
        try fixture.fill(100)
        let older = try fixture.put("x", "older", at: ["a", "b"])
        let newer = try fixture.put("x", "newer", at: ["c"])
        try await fixture.backUpAll("one")
        let found = try await fixture.rows("one")
        #expect(Set(try #require(found["users/x"])) == [older, newer])
        #expect(Set(found.keys) == Set(try fixture.held("a").keys))
    }

    @Test func aPartitionIsFirstReadByItsFirstReplica() throws {
        let fixture = try BackupFixture()
        let firsts = fixture.nodes.map { node in
            let source = fixture.source(node)
            let own = source.layout.current
            return source.partitions.prefix {
                own.replicas(ofPartition: $0).first == NodeID(name: node)
            }
        }
        #expect(Set(firsts.joined()) == Set(0..<BackupFixture.partitions))
        #expect(
            fixture.nodes.allSatisfy { Set(fixture.source($0).partitions).count == BackupFixture.partitions })
    }

    @Test func littleIsSentAgain() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        for number in 0..<4_000 { try fixture.put("key-\(number)", random(1_024)) }
        let settings = BackupSettings(compressionLevel: 0)
        fixture.store.putBytes = 0
        try await fixture.backUp("a", "full", settings: settings)
        let full = fixture.store.putBytes
        for number in stride(from: 0, to: 4_000, by: 100) { try fixture.put("key-\(number)", random(1_024)) }
        fixture.store.now += 100
        fixture.store.putBytes = 0
        try await fixture.backUp("a", "next", settings: settings)
        // Index and manifest count: the manifest alone is a good part of it here.
        #expect(fixture.store.putBytes < full / 20)
        #expect(try await fixture.rows("next") == fixture.held("a"))
        fixture.store.now += 100
        let unchanged = try await fixture.backUp("a", "last", settings: settings)
        #expect(unchanged.sentBytes == 0)
    }

    private func random(_ count: Int) -> String {
        (0..<count / 13).map { _ in String(UInt64.random(in: 1 << 60 ... .max), radix: 36) }.joined()
    }

    @Test func keysThatComeAndGoAlterTheBlocksThatTheyAreIn() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.fill(2_000)
        try await fixture.backUp("a", "full")
        var batch = WriteBatch()
        batch.delete(.data, fixture.key("key-700").bytes)
        try fixture.engine("a").write(batch, durability: .buffered)
        try fixture.put("new", "new")
        fixture.store.now += 100
        let manifest = try await fixture.backUp("a", "next")
        #expect((1...4).contains(manifest.sections.reduce(0) { $0 + $1.newBlocks }))
        #expect(try await fixture.rows("next") == fixture.held("a"))
    }

    @Test func hintsAreInABackup() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.fill(10)
        let key = fixture.key("kept for b")
        let state = fixture.state("kept")
        var record = HintRecord()
        record.add(
            Hint(key: key, createdMillis: 1, policy: .siblings, versions: try VersionsCodec.decode(state)))
        var batch = WriteBatch()
        batch.put(.hints, HintKey(target: NodeID(name: "b"), key: key).bytes, HintRecordCodec.encode(record))
        try fixture.engine("a").write(batch, durability: .buffered)
        try await fixture.backUp("a", "one")
        #expect(try await fixture.rows("one")["users/kept for b"] == [state])
        _ = try await fixture.verify("one")
    }

    @Test func aBackupThatWasEndedGoesOn() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.fill(400)
        fixture.store.putsLeft = 9
        _ = try await expect(.storage) { try await fixture.backUp("a", "one") }
        let set = try await fixture.archive().backup("one")
        #expect(!set.isComplete && set.manifests.isEmpty && set.begun == ["a"])
        _ = try await expect(.incomplete) { _ = try await fixture.rows("one") }
        fixture.store.putsLeft = nil
        let done = fixture.store.objects.keys.filter { $0.hasPrefix("backups/one/a/p-") }.count
        #expect((1..<BackupFixture.partitions).contains(done))
        let packs = fixture.store.objects.keys.filter { $0.hasPrefix("packs/") }
        fixture.store.now += 3_600
        let manifest = try await fixture.backUp("a", "one")
        // Some of it is as old as the first attempt.
        #expect(manifest.beganMillis == 0 && manifest.endedMillis == 3_600_000)
        #expect(try await fixture.rows("one") == fixture.held("a"))
        #expect(Set(packs).isSubset(of: fixture.store.objects.keys))
        _ = try await expect(.occupied) { try await fixture.backUp("a", "one") }
    }

    @Test func aCancelledBackupEnds() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.fill(400)
        try await fixture.withThread { thread in
            let backup = try await fixture.backup("a", "one", thread: thread)
            let work = Task {
                try await backup.run { progress in
                    if progress.partitionsDone == 2 { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }
            _ = try await expect(.cancelled) { _ = try await work.value }
        }
        // When it began, and two partitions.
        let indexes = fixture.store.objects.keys.filter { $0.hasPrefix("backups/one/a/") }
        #expect(indexes.count == 3)
    }

    @Test func compressionSavesRoom() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.fill(400, padding: 1_000)
        let plain = try await fixture.backUp("a", "plain", settings: BackupSettings(compressionLevel: 0))
        let packed = try BackupFixture(nodes: ["a"], replication: 1)
        try packed.fill(400, padding: 1_000)
        let small = try await packed.backUp("a", "packed", settings: BackupSettings(compressionLevel: 3))
        #expect(small.sentBytes < plain.sentBytes / 4)
        #expect(try await packed.rows("packed") == packed.held("a"))
    }

    @Test func packsHaveTheirSize() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        for number in 0..<100 { try fixture.put("key-\(number)", random(50_000)) }
        let settings = BackupSettings(packBytes: 1 << 20, compressionLevel: 0)
        try await fixture.backUp("a", "one", settings: settings)
        let packs = fixture.store.objects.filter { $0.key.hasPrefix("packs/") }
        #expect(packs.count > 5 && packs.allSatisfy { $0.value.count < 2 << 20 })
        #expect(try await fixture.rows("one") == fixture.held("a"))
    }

    @Test func largeValuesAreBlocksOfTheirOwn() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.put("large", "x", padding: 20 << 20)
        try fixture.fill(10)
        try await fixture.backUp("a", "one")
        #expect(try await fixture.rows("one") == fixture.held("a"))
    }

    @Test func oneBucketIsReadAlone() async throws {
        let fixture = try BackupFixture()
        try fixture.fill(50)
        try fixture.fill(20, bucket: "orders")
        try await fixture.backUpAll("one")
        let found = try await fixture.rows("one", buckets: ["orders"])
        #expect(found == (try fixture.held("a").filter { $0.key.hasPrefix("orders/") }))
    }

    @Test func whatLacksANodeIsNotTaken() async throws {
        let fixture = try BackupFixture()
        try fixture.fill(20)
        try await fixture.backUp("a", "one")
        let error = try await expect(.incomplete) { _ = try await fixture.rows("one") }
        #expect(error.description.contains("lacks b, c"))
        #expect(try await fixture.rows("one", allowsMissing: true) == fixture.held("a"))
        _ = try await expect(.notFound) { _ = try await fixture.rows("two") }
    }
}
