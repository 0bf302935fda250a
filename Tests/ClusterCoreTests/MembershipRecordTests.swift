import Testing

@testable import ClusterCore

@Suite struct MembershipRecordTests {
    @Test func withinAnIncarnationTheWorseWins() {
        let record = MemberRecord.sample("a")
        let inOrder = [Liveness.alive, .suspect, .down, .left].map { record.with($0) }
        for (a, b) in zip(inOrder, inOrder.dropFirst()) { #expect(a < b && !(b < a)) }
        let later = MemberRecord.sample("a", incarnation: 101)
        #expect(inOrder.allSatisfy { $0 < later }, "a new incarnation overrides whatever was thought")
    }

    /// Few values of each field, so that records meet that differ in one alone.
    private func anyRecord(_ random: inout VersionRandom) -> MemberRecord {
        MemberRecord(
            name: "a", address: ["x", "y"].randomElement(using: &random)!, zone: "",
            weight: random.chance(50) ? 1 : 2, engine: random.chance(50) ? "e" : "f", version: "",
            instance: UInt64(random.below(2)), disk: UInt64(random.below(2)),
            started: UInt64(random.below(2)),
            rival: UInt64(random.below(2)), incarnation: UInt64(random.below(2)),
            liveness: Liveness.allCases.randomElement(using: &random)!)
    }

    private func merged(_ a: MemberRecord, _ b: MemberRecord) -> MemberRecord {
        var result = a
        result.merge(b)
        return result
    }

    @Test func mergingIsCommutativeAssociativeAndIdempotent() {
        var random = VersionRandom(seed: 11)
        for _ in 0..<20_000 {
            let (a, b, c) = (anyRecord(&random), anyRecord(&random), anyRecord(&random))
            #expect(merged(a, b) == merged(b, a))
            #expect(merged(merged(a, b), c) == merged(a, merged(b, c)))
            #expect(merged(a, a) == a)
            #expect([a < b, b < a, a == b].count { $0 } == 1, "a total order")
            #expect(!(a < b && b < c) || a < c)
        }
    }

    @Test func whatCannotBeSentIsNotWellFormed() {
        #expect(MemberRecord.sample("a").isWellFormed)
        #expect(!MemberRecord.sample("").isWellFormed)
        #expect(!MemberRecord.sample("a", address: String(repeating: "x", count: 400)).isWellFormed)
        var record = MemberRecord.sample("a")
        record.weight = .nan
        #expect(!record.isWellFormed)
    }
}
