import Testing

@testable import ClusterCore

@Suite struct DataExpiryTests {
    @Test(arguments: Versions.Policy.allCases) func aKeyEndsWithAllItsParts(policy: Versions.Policy) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        a.change(.addMembers("x"))
        #expect(a.change(.expire(.after(milliseconds: 100), .always)) == .count(1))
        let end = a.now + 100
        // What is added by one who does not know ends with it.
        b.now = a.now
        b.change(.addMembers("y"))
        a.change(.addMembers("z"))
        a.merge(b)
        #expect(a.members == ["x", "y", "z"] && a.end == end)
        a.now = end - 1
        #expect(a.members == ["x", "y", "z"])
        a.now = end
        #expect(a.members == [] && a.versions.isDead(at: end))
        // Then it begins anew, and lasts.
        a.change(.addMembers("new"))
        #expect(a.members == ["new"] && a.end == 0)
    }

    /// The end has come for what another node wrote just before it, which this one has not heard of.
    @Test(arguments: [Versions.Policy.siblings, .lastWriteWins], [true, false])
    func whatBeginsAnewBringsNothingBack(policy: Versions.Policy, hasValue: Bool) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        if hasValue {
            a.put("100", expiresAt: a.now + 101)
        } else {
            a.change(.add(100))
            a.change(.expire(.after(milliseconds: 100), .always))
        }
        let end = a.end!
        b.merge(a)
        a.now = end - 2
        a.change(.add(1))
        b.now = end + 1
        #expect(b.change(.add(1)) == .number("1"))
        b.merge(a)
        a.merge(b)
        #expect(b.values == ["1"] && b.end == 0 && a.versions == b.versions)
        #expect(b.change(.add(1)) == .number("2"))
    }

    @Test func whatIsWrittenAfterTheEndIsNotTouchedByIt() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.change(.add(1))
        a.change(.expire(.after(milliseconds: 100), .always))
        b.now = a.now + 100
        b.change(.add(5))
        a.merge(b)
        #expect(a.values == ["5"] && a.end == 0)
    }

    @Test(arguments: Versions.Policy.allCases) func aCounterKeepsItsEndWhileItCounts(policy: Versions.Policy)
    {
        var replica = DataReplica(1, policy: policy)
        replica.change(.add(1))
        replica.change(.expire(.after(milliseconds: 100), .always))
        let end = replica.now + 100
        #expect(replica.change(.add(1)) == .number("2") && replica.end == end)
        replica.now = end
        #expect(replica.values == [] && replica.change(.add(1)) == .number("1"))
        #expect(replica.end == 0)
    }

    @Test(arguments: Versions.Policy.allCases) func theEndOfAValueIsThatOfItsAmounts(policy: Versions.Policy)
    {
        var replica = DataReplica(1, policy: policy)
        replica.put("10", expiresAt: replica.now + 100)
        let end = replica.end!
        #expect(replica.change(.add(1)) == .number("11") && replica.end == end)
        replica.now = end
        #expect(replica.values == [] && replica.change(.add(1)) == .number("1"))
        #expect(replica.values == ["1"])
    }

    @Test(arguments: Versions.Policy.allCases) func aValueGetsAnotherEndWithoutBeingWritten(
        policy: Versions.Policy
    ) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        a.put("v", expiresAt: a.now + 100)
        b.merge(a)
        b.put("w")
        #expect(a.change(.expire(.never, .ifExpiring)) == .count(1))
        #expect(a.values == ["v"] && a.end == 0)
        a.now += 1000
        #expect(a.values == ["v"])
        a.merge(b)
        // The new value is not undone.
        #expect(a.values == ["w"])
        #expect(a.change(.expire(.after(milliseconds: 50), .ifExpiring)) == .count(0))
        #expect(a.change(.expire(.after(milliseconds: 50), .ifLasting)) == .count(1))
        a.now += 50
        #expect(a.values == [] && a.versions.isDead(at: a.now))
    }

    @Test(arguments: Versions.Policy.allCases) func aPutEndsTheKeysEnd(policy: Versions.Policy) {
        var replica = DataReplica(1, policy: policy)
        replica.put("v")
        replica.change(.expire(.after(milliseconds: 100), .always))
        #expect(replica.end == replica.now + 100)
        replica.put("w")
        #expect(replica.end == 0 && replica.versions.siblings.count == 1)
    }

    @Test(arguments: Versions.Policy.allCases) func aTimeThatHasComeDeletes(policy: Versions.Policy) {
        var replica = DataReplica(1, policy: policy)
        replica.change(.addMembers("x", "y"))
        #expect(replica.change(.expire(.at(milliseconds: 5), .always)) == .count(1))
        #expect(replica.contents == [] && replica.versions.siblings.map(\.content) == [.tombstone])
        #expect(replica.change(.expire(.at(milliseconds: 5), .always)) == .count(0))
    }

    @Test func theConditions() {
        var replica = DataReplica(1)
        replica.change(.add(1))
        let now = replica.now + 1_000_000
        func expire(_ time: UInt64, _ condition: ExpiryCondition) -> Result<DataOutcome, DataError> {
            replica.change(.expire(.at(milliseconds: time), condition))
        }
        #expect(expire(now, .ifExpiring) == .count(0) && expire(now, .ifSooner(than: now)) == .count(0))
        #expect(expire(now, .ifExpiringLater(than: now)) == .count(0))
        #expect(expire(now, .ifLater(than: now)) == .count(1) && expire(now, .ifLasting) == .count(0))
        #expect(expire(now, .ifSooner(than: now)) == .count(0))
        #expect(expire(now + 5, .ifSooner(than: now + 5)) == .count(1))
        #expect(expire(now, .ifExpiringLater(than: now)) == .count(1) && replica.end == now)
    }

    @Test func aDeadlineGoesWithTheLastMember() {
        var replica = DataReplica(1)
        replica.change(.addMembers("x"))
        replica.change(.expire(.after(milliseconds: 100), .always))
        replica.change(.addMembers("x"))
        #expect(replica.end == replica.now + 99)
        replica.change(.removeMembers("x"))
        #expect(replica.versions.siblings.map(\.content) == [.part(.removal)])
        replica.change(.addMembers("y"))
        #expect(replica.end == 0)
    }

    @Test func partsLiveAsLongAsTheirBucketSays() {
        var replica = DataReplica(1, ttlSeconds: 1)
        replica.change(.addMembers("x"))
        let end = replica.now + 1_000
        replica.now += 500
        replica.change(.addMembers("y"))
        replica.now = end
        #expect(replica.members == ["y"])
    }
}
