import Testing

@testable import Backup

@Suite struct PruningTests {
    private static let day: Int64 = 86_400

    /// Four backups, a day apart, with some keys changed in between.
    private func fixture() async throws -> BackupFixture {
        let fixture = try BackupFixture(nodes: ["a", "b"], replication: 2)
        try fixture.fill(300)
        for number in 1...4 {
            fixture.store.now += Self.day
            try await fixture.backUpAll("b\(number)")
            for key in 0..<10 { try fixture.put("key-\(number * 10 + key)", "changed \(number)") }
        }
        return fixture
    }

    private func prune(_ fixture: BackupFixture, keeping count: Int) async throws -> Pruning {
        let archive = try await fixture.archive()
        let pruning = try await archive.pruning(keeping: count, now: fixture.store.now)
        try await archive.remove(pruning)
        return pruning
    }

    @Test func whatIsKeptCanBeRestored() async throws {
        let fixture = try await fixture()
        let before = try await (fixture.rows("b3"), fixture.rows("b4"))
        fixture.store.now += 2 * Self.day
        let pruning = try await prune(fixture, keeping: 2)
        #expect(pruning.backups == ["b1", "b2"])
        #expect(pruning.bytes > 0)
        let after = try await (fixture.rows("b3"), fixture.rows("b4"))
        #expect(before == after)
        _ = try await expect(.notFound) { _ = try await fixture.rows("b1") }
        #expect(try await fixture.archive().backups().map(\.id) == ["b3", "b4"])
        // Nothing is left that nothing refers to.
        #expect(try await prune(fixture, keeping: 2).objects == 0)
    }

    @Test func whatADamagedIndexMayReferToStays() async throws {
        let fixture = try await fixture()
        let before = try await fixture.rows("b3")
        let reference = try #require(
            try await fixture.archive().reference(of: "b3", "a", .partition(0)))
        let name = ArchiveNames.index(reference, of: .partition(0))
        let whole = fixture.store.objects[name]
        fixture.store.objects[name] = [1, 2, 3]
        fixture.store.now += 2 * Self.day
        #expect(try await prune(fixture, keeping: 2).backups == ["b1", "b2"])
        // It was a copy that was damaged.
        fixture.store.objects[name] = whole
        #expect(try await fixture.rows("b3") == before)
    }

    @Test func theNewestOfEachNodeStays() async throws {
        let fixture = try await fixture()
        fixture.store.now += Self.day
        try await fixture.backUp("a", "half")
        fixture.store.now += 2 * Self.day
        _ = try await prune(fixture, keeping: 1)
        #expect(try await fixture.archive().backups().map(\.id) == ["b4", "half"])
        fixture.store.now += Self.day
        try await fixture.backUpAll("whole")
        #expect(try await fixture.rows("whole") == fixture.held("a"))
    }

    @Test func whatIsUnderWayStays() async throws {
        let fixture = try await fixture()
        fixture.store.putsLeft = 4
        _ = try await expect(.storage) { try await fixture.backUp("a", "now") }
        fixture.store.putsLeft = nil
        _ = try await prune(fixture, keeping: 4)
        try await fixture.backUp("a", "now")
        #expect(try await fixture.rows("now", allowsMissing: true) == fixture.held("a"))
    }

    @Test func whatWasNotEndedGoesWhenItIsOld() async throws {
        let fixture = try await fixture()
        fixture.store.putsLeft = 4
        _ = try await expect(.storage) { try await fixture.backUp("a", "dead") }
        fixture.store.putsLeft = nil
        fixture.store.now += 2 * Self.day
        try await fixture.backUpAll("b5")
        fixture.store.now += 2 * Self.day
        #expect(try await prune(fixture, keeping: 9).backups == ["dead"])
        #expect(try await fixture.rows("b5") == fixture.held("a"))
    }

    @Test func aPruningThatWasEndedIsEnded() async throws {
        let fixture = try await fixture()
        let expected = try await fixture.rows("b4")
        fixture.store.now += 2 * Self.day
        let archive = try await fixture.archive()
        // As far as the manifests, and no further.
        for name in fixture.store.objects.keys
        where name.hasPrefix("backups/b1/") && name.hasSuffix("manifest") {
            fixture.store.objects[name] = nil
        }
        #expect(try await archive.backup("b1").isComplete == false)
        _ = try await prune(fixture, keeping: 1)
        #expect(try await fixture.rows("b4") == expected)
        #expect(!fixture.store.objects.keys.contains { $0.hasPrefix("backups/b1/") })
    }
}
