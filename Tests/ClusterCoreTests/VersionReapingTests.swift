import Testing

@testable import ClusterCore

/// What replicas make of states whose writes they have seen and hold no more.
@Suite struct VersionReapingTests {
    private let value = Versions.written("v", actor: 1, counter: 3)
    private let seen = VersionVector([Dot(actor: 1, counter: 5), Dot(actor: 2, counter: 9)])

    @Test func whatWasSeenAndIsGoneIsOldNews() {
        var late = value
        var isChanged = late.forget(seen, notIn: Versions())
        #expect(isChanged && late.siblings.isEmpty)
        late = value
        isChanged = late.forget(seen, notIn: value)
        #expect(!isChanged && late == value)
        isChanged = late.forget(VersionVector(), notIn: Versions())
        #expect(!isChanged && late == value)
    }

    /// A write that is new stays, whatever comes with it.
    @Test func whatWasNotSeenStays() {
        let new = value.merged(with: .written("new", actor: 2, counter: 10))
        var late = new
        late.forget(seen, notIn: Versions())
        #expect(late.siblings.map(\.dot) == [Dot(actor: 2, counter: 10)])
    }

    /// A replica that has reaped a key and one that has not come to the same, in whichever way they meet.
    @Test func theReapedGoesOnBothSides() {
        let deleted = value.deleted(actor: 2, counter: 4)
        var holder = deleted
        holder.reconcile(Versions(), seen: seen, ours: VersionVector(), policy: .siblings)
        #expect(holder.siblings.isEmpty)
        var reaped = Versions()
        reaped.reconcile(deleted, seen: VersionVector(), ours: seen, policy: .siblings)
        #expect(reaped.siblings.isEmpty)
    }

    /// A write that came after a key was reaped here, and before it was there.
    @Test(arguments: Versions.Policy.allCases) func aWriteAfterReapingWins(policy: Versions.Policy) {
        let deleted = value.deleted(actor: 2, counter: 4)
        let fresh = Versions.written("fresh", actor: 1, counter: 6)
        var there = deleted
        there.merge(fresh, policy: policy)
        var here = fresh
        here.reconcile(there, seen: VersionVector(), ours: seen, policy: policy)
        there.reconcile(here, seen: seen, ours: VersionVector(), policy: policy)
        #expect(here.siblings.map(\.dot) == [Dot(actor: 1, counter: 6)])
        #expect(here == there)
    }

    /// A disk that was set back to before a delete, which the others have reaped since.
    @Test func whatComesBackFromAnOldDiskGoes() {
        var old = value
        old.reconcile(Versions(), seen: seen, ours: VersionVector(), policy: .siblings)
        #expect(old.siblings.isEmpty)
    }

    @Test func withoutClocksItIsAMerge() {
        var random = VersionRandom(seed: 5)
        for _ in 0..<500 {
            var samples = CodecSamples(seed: random.next())
            let (a, b) = (samples.versions(), samples.versions())
            if b.siblings.isEmpty { continue }
            var (merged, reconciled) = (a, a)
            merged.merge(b, policy: .siblings)
            reconciled.reconcile(b, seen: VersionVector(), ours: VersionVector(), policy: .siblings)
            #expect(merged == reconciled)
        }
    }

    @Test func deadIsWhatNobodyReads() {
        let expiring = Versions.written("v", actor: 1, counter: 1, expiresAt: 1_000)
        #expect(!expiring.isDead(at: 999) && expiring.isDead(at: 1_000))
        #expect(!expiring.isDead(at: 1_099, grace: 100) && expiring.isDead(at: 1_100, grace: 100))
        #expect(!value.isDead(at: .max))
        let both = expiring.merged(with: .written("w", actor: 2, counter: 1))
        #expect(!both.isDead(at: 5_000))
        let deletedAt = Timestamp(milliseconds: 2_000)
        let tombstone = Sibling(dot: Dot(actor: 1, counter: 1), timestamp: deletedAt, content: .tombstone)
        let deleted = Versions(
            uncheckedContext: VersionVector([tombstone.dot]), siblings: [tombstone])
        #expect(deleted.isDead(at: 2_000) && !deleted.isDead(at: 2_099, grace: 100))
        #expect(!deleted.isDead(at: .max, grace: .max))
    }
}
