import Testing

@testable import ClusterCore

/// The rules of writing and merging, one by one.
@Suite struct VersionTests {
    private static let a: UInt64 = 1
    private static let b: UInt64 = 2

    private func value(_ byte: UInt8) -> Sibling.Content { .value([byte], contentType: "") }

    private func contents(_ versions: Versions) -> [Sibling.Content] { versions.siblings.map(\.content) }

    /// Writes with the counter, and at the time, of `count`.
    private func write(
        _ content: Sibling.Content, to versions: inout Versions, by actor: UInt64, count: UInt64,
        seen: CausalContext = CausalContext(), policy: Versions.Policy = .siblings
    ) {
        versions.write(
            content, dot: Dot(actor: actor, counter: count), timestamp: Timestamp(milliseconds: count),
            context: seen, policy: policy)
    }

    @Test func writesWithTheSameOldContextBecomeSiblingsAndTheNewContextResolvesThem() {
        var versions = Versions()
        write(value(1), to: &versions, by: Self.a, count: 1)
        let old = versions.causalContext
        write(value(2), to: &versions, by: Self.a, count: 2, seen: old)
        write(value(3), to: &versions, by: Self.a, count: 3, seen: old)
        #expect(contents(versions) == [value(2), value(3)])
        write(value(4), to: &versions, by: Self.a, count: 4, seen: versions.causalContext)
        #expect(contents(versions) == [value(4)])
        #expect(versions.context[Self.a] == 4)
    }

    @Test func aWriteMayReplaceWhatItsReplicaHasNotSeen() {
        var first = Versions()
        write(value(1), to: &first, by: Self.a, count: 1)
        var second = Versions()
        write(value(2), to: &second, by: Self.b, count: 1, seen: first.causalContext)
        second.merge(first, policy: .siblings)
        #expect(contents(second) == [value(2)])
    }

    @Test func aTombstoneConcurrentWithAValueIsKept() {
        var first = Versions()
        write(value(1), to: &first, by: Self.a, count: 1)
        let seen = first.causalContext
        var second = first
        write(.tombstone, to: &first, by: Self.a, count: 2, seen: seen)
        write(value(2), to: &second, by: Self.b, count: 1, seen: seen)
        first.merge(second, policy: .siblings)
        #expect(contents(first) == [.tombstone, value(2)])
        #expect(first.reading(at: 0).map(\.content) == [value(2)])
    }

    @Test(arguments: Versions.Policy.allCases)
    func aDeletedValueDoesNotReturnWithAnOldReplica(_ policy: Versions.Policy) {
        var versions = Versions()
        write(value(1), to: &versions, by: Self.a, count: 1, policy: policy)
        let stale = versions
        write(.tombstone, to: &versions, by: Self.a, count: 2, seen: versions.causalContext, policy: policy)
        versions.merge(stale, policy: policy)
        #expect(contents(versions) == [.tombstone])
        var late = stale
        late.merge(versions, policy: policy)
        #expect(late == versions)
    }

    @Test func aWriteAfterADeleteReplacesTheTombstone() {
        var versions = Versions()
        write(.tombstone, to: &versions, by: Self.a, count: 1)
        write(value(1), to: &versions, by: Self.b, count: 1, seen: versions.causalContext)
        #expect(contents(versions) == [value(1)])
    }

    @Test func ofTwoEquallyLateWritesTheGreaterDotWins() {
        var (first, second) = (Versions(), Versions())
        write(value(1), to: &first, by: Self.a, count: 7, policy: .lastWriteWins)
        write(value(2), to: &second, by: Self.b, count: 7, policy: .lastWriteWins)
        var (one, other) = (first, second)
        one.merge(second, policy: .lastWriteWins)
        other.merge(first, policy: .lastWriteWins)
        #expect(one == other)
        #expect(contents(one) == [value(2)])
        #expect(one.context[Self.a] == 7)
    }

    @Test func aWriteIsStampedAfterWhatItReplacesEvenIfTheClockIsBehind() {
        for policy in Versions.Policy.allCases {
            var versions = Versions()
            write(value(1), to: &versions, by: Self.a, count: 1000, policy: policy)
            let stamp = versions.siblings[0].timestamp
            write(value(2), to: &versions, by: Self.b, count: 3, seen: versions.causalContext, policy: policy)
            #expect(contents(versions) == [value(2)])
            #expect(versions.siblings[0].timestamp == stamp.successor)
        }
    }

    /// Its replica may hold nothing of that, and have a clock that is behind.
    @Test func aWriteIsStampedAfterWhatItsClientHadSeenElsewhere() {
        for policy in Versions.Policy.allCases {
            var read = Versions()
            write(value(1), to: &read, by: Self.b, count: 100, policy: policy)
            var written = Versions()
            write(value(2), to: &written, by: Self.a, count: 50, seen: read.causalContext, policy: policy)
            #expect(written.siblings[0].timestamp == read.siblings[0].timestamp.successor)
            var (here, there) = (written, read)
            here.merge(read, policy: policy)
            there.merge(written, policy: policy)
            #expect(here == there)
            #expect(contents(here) == [value(2)])
        }
    }

    @Test func aWriteThatIsLateAnywayKeepsItsTimestamp() {
        var read = Versions()
        write(value(1), to: &read, by: Self.b, count: 100)
        var written = Versions()
        write(value(2), to: &written, by: Self.a, count: 101, seen: read.causalContext)
        #expect(written.siblings[0].timestamp == Timestamp(milliseconds: 101))
    }

    @Test func theContextOfVersionsHasTheirVectorAndTheLatestOfTheirTimestamps() {
        #expect(Versions().causalContext == CausalContext())
        #expect(CausalContext().isEmpty)
        var versions = Versions()
        write(value(1), to: &versions, by: Self.a, count: 7)
        write(value(2), to: &versions, by: Self.b, count: 5)
        let context = versions.causalContext
        #expect(context == CausalContext(vector: versions.context, latest: Timestamp(milliseconds: 7)))
        #expect(!context.isEmpty)
        for (mine, theirs) in [(3, 9), (9, 3)] as [(UInt64, UInt64)] {
            var join = CausalContext(
                vector: VersionVector([Dot(actor: 1, counter: 4)]), latest: Timestamp(rawValue: mine))
            let other = VersionVector([Dot(actor: 2, counter: 6)])
            join.join(CausalContext(vector: other, latest: Timestamp(rawValue: theirs)))
            #expect(join.vector == VersionVector([Dot(actor: 1, counter: 4), Dot(actor: 2, counter: 6)]))
            #expect(join.latest == Timestamp(rawValue: 9))
        }
    }

    @Test func moreActorsThanATokenHoldsAreNoticed() throws {
        let forged = VersionVector(
            (0..<UInt64(ContextToken.maxActors)).map { Dot(actor: $0 + 10, counter: 1) })
        let seen = CausalContext(vector: forged, latest: Timestamp())
        let key = StorageKey(bucket: "b", key: [1], partitionCount: 1)
        var known = Versions()
        write(value(1), to: &known, by: 10, count: 2, seen: seen)
        #expect(!known.hasTooManyActors)
        let token = ContextToken.encode(known.causalContext, for: key)
        #expect(try ContextToken.decode(token, for: key) == known.causalContext)
        var new = Versions()
        write(value(1), to: &new, by: Self.a, count: 1, seen: seen)
        #expect(new.hasTooManyActors)
        #expect(throws: CodecError.self) {
            try ContextToken.decode(ContextToken.encode(new.causalContext, for: key), for: key)
        }
    }

    @Test func aBucketThatTurnsToLastWriteWinsSettlesOnOneOfItsSiblings() {
        var versions = Versions()
        for count in 1...3 as ClosedRange<UInt64> {
            write(value(UInt8(count)), to: &versions, by: Self.a, count: count)
        }
        versions.merge(versions, policy: .lastWriteWins)
        #expect(contents(versions) == [value(3)])
    }

    /// Equal contexts with other siblings arise only where nodes merged under different policies.
    @Test func theLastSiblingSurvivesEvenWhereEachSideReplacedTheOthers() {
        var both = Versions()
        write(value(1), to: &both, by: Self.a, count: 1)
        write(value(2), to: &both, by: Self.b, count: 2)
        let first = Versions(uncheckedContext: both.context, siblings: [both.siblings[0]])
        let second = Versions(uncheckedContext: both.context, siblings: [both.siblings[1]])
        var (one, other) = (first, second)
        one.merge(second, policy: .lastWriteWins)
        other.merge(first, policy: .lastWriteWins)
        #expect(one == second)
        #expect(other == second)
    }

    @Test func versionsWithoutValuesKeepEverythingElse() {
        var versions = Versions()
        write(.value([1, 2], contentType: "text/plain"), to: &versions, by: Self.a, count: 1)
        write(.tombstone, to: &versions, by: Self.b, count: 2)
        let stripped = versions.withoutValues
        #expect(contents(stripped) == [.value([], contentType: ""), .tombstone])
        #expect(stripped.siblings.map(\.dot) == versions.siblings.map(\.dot))
        #expect(stripped.context == versions.context)
    }

    @Test func expiryIsThatOfTheReadersClock() {
        var versions = Versions()
        versions.write(
            value(1), dot: Dot(actor: 1, counter: 1), timestamp: Timestamp(), expiresAt: 100,
            context: CausalContext(), policy: .siblings)
        #expect(versions.isLive(at: 99) && versions.reading(at: 99) == versions.siblings)
        #expect(!versions.isLive(at: 100) && versions.reading(at: 100).isEmpty)
    }

    @Test func vectorsJoinCoverAndDescend() {
        let left = VersionVector([Dot(actor: 3, counter: 5), Dot(actor: 1, counter: 2)])
        let right = VersionVector([Dot(actor: 2, counter: 9), Dot(actor: 3, counter: 4)])
        var join = left
        join.join(right)
        #expect(join.entries.map(\.actor) == [1, 2, 3])
        #expect(join.entries.map(\.counter) == [2, 9, 5])
        #expect(join.descends(left) && join.descends(right))
        #expect(!left.descends(right) && !right.descends(left))
        #expect(join.covers(Dot(actor: 2, counter: 9)) && !join.covers(Dot(actor: 2, counter: 10)))
        #expect(left[2] == 0 && left[4] == 0)
        #expect(left.descends(VersionVector()) && !VersionVector().descends(left))
    }
}
