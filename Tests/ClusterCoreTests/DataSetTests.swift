import Testing

@testable import ClusterCore

@Suite struct DataSetTests {
    @Test(arguments: Versions.Policy.allCases) func anAdditionThatWasNotSeenSurvivesARemoval(
        policy: Versions.Policy
    ) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        #expect(a.change(.addMembers("x", "y", "x")) == .count(2))
        b.merge(a)
        // What is there is added once more: it must be there after a concurrent removal.
        #expect(a.change(.addMembers("x")) == .count(0))
        #expect(b.change(.removeMembers("x", "y", "z")) == .count(2))
        #expect(b.members == [])
        a.merge(b)
        b.merge(a)
        #expect(a.members == ["x"] && a.versions == b.versions)
    }

    @Test(arguments: Versions.Policy.allCases) func theLastRemovalLeavesConcurrentAdditions(
        policy: Versions.Policy
    ) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        a.change(.addMembers("x"))
        b.merge(a)
        b.change(.addMembers("y"))
        a.now = b.now + 10
        #expect(a.change(.removeMembers("x")) == .count(1))
        #expect(a.members == [])
        a.merge(b)
        #expect(a.members == ["y"])
    }

    @Test func whatRemovesNothingWritesNothing() {
        var replica = DataReplica(1)
        #expect(replica.change(.removeMembers("x")) == .count(0))
        #expect(replica.versions.isEmpty)
        replica.change(.addMembers("a"))
        let before = replica.versions
        #expect(replica.change(.removeMembers("x")) == .count(0))
        #expect(replica.change(.addMembers("b")) == .count(1))
        #expect(before.siblings.count == 1 && replica.versions.siblings.count == 2)
    }

    @Test func removalsLeaveOneTraceAndThatGoesWithTheNextChange() {
        var replica = DataReplica(1)
        replica.change(.addMembers("a", "b", "c"))
        replica.change(.removeMembers("a"))
        replica.change(.removeMembers("b"))
        #expect(replica.versions.siblings.map(\.content) == [.part(.member([0x63])), .part(.removal)])
        replica.change(.addMembers("d"))
        #expect(replica.versions.siblings.count == 2)
        replica.change(.removeMembers("c", "d"))
        #expect(replica.versions.siblings.map(\.content) == [.part(.removal)])
        #expect(!replica.versions.isLive(at: replica.now) && replica.versions.isDead(at: replica.now))
    }

    @Test func ofConcurrentKindsTheLatestIsShownAndKept() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.change(.addMembers("x"))
        b.now += 10
        b.change(.setFields(["f": "v"]))
        a.merge(b)
        #expect(a.fields == ["f": "v"] && a.members == [])
        #expect(a.change(.addMembers("y")) == .failure(.wrongType))
        a.change(.setFields(["g": "w"]))
        #expect(a.fields == ["f": "v", "g": "w"] && a.versions.siblings.count == 2)
    }

    @Test func membersAreInOrder() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.change(.addMembers("c", "a"))
        b.change(.addMembers("b", "c", ""))
        a.merge(b)
        #expect(a.members == ["", "a", "b", "c"])
    }

    /// The parts that were there under a value which was overwritten must not come back with the set's end.
    @Test func anOldValueDoesNotComeBackAfterTheLastMember() {
        var (a, b) = (DataReplica(1, policy: .lastWriteWins), DataReplica(2, policy: .lastWriteWins))
        a.put("old")
        b.now = a.now + 5
        b.change(.addMembers("x"))
        b.merge(a)
        #expect(b.members == ["x"])
        b.change(.removeMembers("x"))
        #expect(b.contents == [])
        b.merge(a)
        #expect(b.contents == [])
    }
}
