import Testing

@testable import Backup

/// What an archive has gone through is told, and no wrong row comes of it.
@Suite struct DamageTests {
    private let key = try! BackupKey(hex: String(repeating: "0f", count: 32))

    private func fixture(key: BackupKey? = nil) async throws -> BackupFixture {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.fill(300)
        try await fixture.backUp("a", "one", settings: BackupSettings(key: key))
        return fixture
    }

    /// Whether a complete backup cannot be read without it: the manifest has what a node kept account of on its way.
    private func isNeeded(_ name: String) -> Bool {
        name.hasPrefix("packs/") || name.hasPrefix("indexes/") || name.hasSuffix("/manifest")
    }

    @Test(arguments: [false, true]) func aFlippedByteIsFound(isEncrypted: Bool) async throws {
        let key = isEncrypted ? key : nil
        let fixture = try await fixture(key: key)
        let whole = fixture.store.objects
        var random = SystemRandomNumberGenerator()
        for name in whole.keys where isNeeded(name) {
            for _ in 0..<8 {
                var bytes = try #require(whole[name])
                let position = Int.random(in: bytes.indices, using: &random)
                bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                fixture.store.objects[name] = bytes
                // A version that is not known is one of the things that a byte may come to say.
                do {
                    _ = try await fixture.verify("one", key: key)
                    Issue.record("byte \(position) of \(name) was changed, and nothing was said")
                } catch let error as BackupError {
                    #expect(error.code == .damaged, "\(name), \(position): \(error)")
                }
            }
            fixture.store.objects[name] = whole[name]
        }
        _ = try await fixture.verify("one", key: key)
    }

    @Test func aFlippedBitOfTheArchiveIsFound() async throws {
        let fixture = try await fixture(key: key)
        let whole = try #require(fixture.store.objects[ArchiveNames.archive])
        for position in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[position] ^= 1 << bit
                fixture.store.objects[ArchiveNames.archive] = bytes
                do {
                    _ = try await fixture.archive(key: key)
                    // White space between the words says nothing.
                    #expect(
                        bytes[position].isJSONSpace && whole[position].isJSONSpace,
                        "byte \(position), bit \(bit)")
                } catch let error as BackupError {
                    #expect(
                        error.code == .damaged || error.code == .foreign,
                        "byte \(position), bit \(bit): \(error)")
                }
            }
        }
    }

    @Test func aMissingObjectIsFound() async throws {
        let fixture = try await fixture()
        let whole = fixture.store.objects
        for name in whole.keys where isNeeded(name) {
            fixture.store.objects[name] = nil
            do {
                _ = try await fixture.verify("one")
                Issue.record("\(name) is missing, and nothing was said")
            } catch let error as BackupError {
                #expect([.damaged, .incomplete].contains(error.code), "\(name): \(error)")
            }
            fixture.store.objects[name] = whole[name]
        }
    }

    @Test func anObjectThatEndsEarlyIsFound() async throws {
        let fixture = try await fixture()
        let whole = fixture.store.objects
        for name in whole.keys where isNeeded(name) {
            fixture.store.objects[name]?.removeLast()
            _ = try await expect(.damaged) { _ = try await fixture.verify("one") }
            fixture.store.objects[name] = whole[name]
        }
    }

    @Test func anObjectInAnothersPlaceIsFound() async throws {
        let fixture = try await fixture(key: key)
        let packs = fixture.store.objects.filter { $0.key.hasPrefix("packs/") }
        let (one, other) = (packs.first!, packs.first { $0.key != packs.first!.key }!)
        fixture.store.objects[one.key] = other.value
        _ = try await expect(.damaged) { _ = try await fixture.verify("one", key: key) }
    }

    @Test func nothingOfAnEncryptedBackupCanBeRead() async throws {
        let fixture = try await fixture(key: key)
        for (name, bytes) in fixture.store.objects where name != ArchiveNames.archive {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("value 1") && !text.contains("users") && !text.contains("key-"), "\(name)")
        }
        #expect(try await fixture.rows("one", key: key) == fixture.held("a"))
    }

    @Test func theKeyIsToBeTheArchives() async throws {
        let fixture = try await fixture(key: key)
        let other = try BackupKey(hex: String(repeating: "f0", count: 32))
        let wrong = try await expect(.badKey) { _ = try await fixture.rows("one", key: other) }
        #expect(wrong.description.contains("the key is not that of the backups"))
        _ = try await expect(.badKey) { _ = try await fixture.rows("one") }
        let open = try await self.fixture()
        _ = try await expect(.badKey) { _ = try await open.rows("one", key: key) }
        #expect(throws: BackupError.self) { try BackupKey(hex: "00") }
        #expect(throws: BackupError.self) { try BackupKey(hex: String(repeating: "x", count: 64)) }
    }

    @Test func equalRowsHaveOtherNamesUnderAnotherKey() async throws {
        let plain = try await fixture()
        let sealed = try await fixture(key: key)
        func blocks(_ fixture: BackupFixture, _ key: BackupKey?) async throws -> Set<BlockID> {
            let archive = try await fixture.archive(key: key)
            var found: Set<BlockID> = []
            for partition in 0..<BackupFixture.partitions {
                let reference = try #require(
                    try await archive.reference(of: "one", "a", .partition(partition)))
                let index = try await archive.index(reference, of: .partition(partition))
                found.formUnion(index.blocks.map(\.id))
            }
            return found
        }
        #expect(try await blocks(plain, nil).isDisjoint(with: blocks(sealed, key)))
    }

    @Test func anotherClustersArchiveIsRefused() async throws {
        let fixture = try await fixture()
        _ = try await expect(.foreign) {
            _ = try await Archive(
                fixture.store, ofCluster: "other", partitions: BackupFixture.partitions, key: nil)
        }
        _ = try await expect(.foreign) {
            _ = try await Archive(fixture.store, ofCluster: "test", partitions: 16, key: nil)
        }
        _ = try await expect(.notFound) { _ = try await Archive(MemoryStore(), key: nil) }
    }

    @Test(arguments: ["packs/", "indexes/", "/manifest", "backups/one/a/p-"]) func theNextBackupIsWhole(
        spoilt: String
    ) async throws {
        for isLost in [true, false] {
            let fixture = try await fixture()
            for name in fixture.store.objects.keys where name.contains(spoilt) {
                // Of a pack, its end: what has its size is for `verify` to find.
                fixture.store.objects[name] = isLost ? nil : [1, 2, 3]
            }
            let sets = try await fixture.archive().backups()
            #expect(sets.map(\.isComplete) == [!spoilt.hasSuffix("manifest")])
            fixture.store.now += 100
            try await fixture.backUp("a", "two")
            _ = try await fixture.verify("two")
            #expect(try await fixture.rows("two") == fixture.held("a"))
        }
    }

    @Test func anArchiveThatAnotherHasBegunMeanwhileIsRefused() async throws {
        let fixture = try BackupFixture(nodes: ["a"], replication: 1)
        try fixture.fill(20)
        let other = try BackupFixture(nodes: ["a"], replication: 1)
        _ = try await other.archive(key: key)
        let theirs = other.store.objects[ArchiveNames.archive]
        let store = fixture.store
        _ = try await expect(.badKey) {
            try await fixture.backUp("a", "one") { progress in
                if progress.partitionsDone == 4 { store.objects[ArchiveNames.archive] = theirs }
            }
        }
        #expect(fixture.store.objects["backups/one/a/manifest"] == nil)
    }
}

extension UInt8 {
    fileprivate var isJSONSpace: Bool { " \t\r\n".utf8.contains(self) }
}
