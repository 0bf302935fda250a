import Testing

@testable import ClusterCore

/// Members that are lost, come back, or come back after they were replaced; and what is staged.
@Suite struct LayoutHistoryLossTests {
    private typealias Cluster = LayoutCluster

    @Test func aLostMemberIsNotReadUntilItHasCaughtUp() throws {
        var cluster = try Cluster("a b c")
        let c = Cluster.id("c")
        let isNews1 = try cluster["c"].declareLost(c)
        #expect(isNews1)
        let isNews2 = try cluster["c"].declareLost(c)
        #expect(!isNews2, "twice is no news")
        cluster.spread("a b c")
        let sets = cluster["a"].view(for: Cluster.id("a")).replicas(ofPartition: 3, n: 3)
        #expect(cluster.names(Array(sets.readable)) == ["a", "b"])
        #expect(cluster.names(sets.targets) == ["a", "b", "c"])
        guard case .catchUp(let moves)? = cluster["c"].duties(of: c).first else {
            Issue.record("c has nothing to catch up with")
            return
        }
        #expect(moves.count == 8 && moves.allSatisfy { cluster.names($0.sources.map(\.node)) == ["a", "b"] })
        cluster.confirm("a b c")
        #expect(!cluster["a"].isLost(c))
        let isNews3 = try cluster["a"].declareLost(c)
        #expect(isNews3, "lost again")
        #expect(cluster["a"].isLost(c))
    }

    @Test func aChangeGoesOnWithoutTheLostAndTheNextOneWaitsForThemAgain() throws {
        var cluster = try Cluster("a b c")
        let c = Cluster.id("c")
        try cluster.stage(.weight(Cluster.id("a"), 2), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b")
        cluster.confirm("a b")
        #expect(cluster.names(cluster["a"].awaited) == ["c"])
        try cluster["a"].declareLost(c)
        cluster.spread("a b")
        #expect(cluster["a"].stage == .filling)
        // c is alive after all. It may not come back before the change is closed that doesn't wait for it.
        cluster["c"].merge(cluster["a"])
        let isNews4 = cluster["c"].hasCaughtUp(c)
        #expect(!isNews4)
        for _ in 0..<2 { cluster.confirm("a b") }
        #expect(cluster["a"].stage == .stable)
        cluster.spread("a b c")
        let isNews5 = cluster["c"].hasCaughtUp(c)
        #expect(isNews5)
        cluster.spread("a b c")

        try cluster.stage(.weight(Cluster.id("a"), 3), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b c")
        cluster.confirm("a b")
        #expect(cluster.names(cluster["a"].awaited) == ["c"])
    }

    @Test func whoWasLostHasNoVoteUntilTheNextVersion() throws {
        var cluster = try Cluster("a b c", others: "d")
        let c = Cluster.id("c")
        try cluster["c"].declareLost(c)
        cluster.spread("a b c")
        cluster.confirm("a b c")
        try cluster.stage(.join(Cluster.member("d")), at: "c")
        #expect(throws: LayoutChangeError.notAVoter) { try cluster.commit(at: "c") }
        cluster.spread("a c")
        try cluster.commit(at: "a")
        cluster.spread("a c")
        #expect(cluster["a"].stage == .deciding, "c doesn't count, though it is up")
        cluster.spread("a b c d")
        for _ in 0..<3 { cluster.confirm("a b c d") }
        try cluster.stage(.leave(Cluster.id("d")), at: "c")
        try cluster.commit(at: "c")
    }

    @Test func aVersionWithoutChangesGivesVotesBack() throws {
        var cluster = try Cluster("a b c")
        #expect(throws: LayoutChangeError.nothingStaged) { try cluster.commit(at: "a") }
        try cluster["c"].declareLost(Cluster.id("c"))
        cluster.spread("a b c")
        cluster.confirm("a b c")
        try cluster.commit(at: "a")
        cluster.spread("a b c")
        for _ in 0..<3 { cluster.confirm("a b c") }
        #expect(cluster["c"].current.version == 2 && cluster["c"].mayVote(Cluster.id("c")))
    }

    @Test func halfOfTheMembersAreOnlyGivenUpByForce() throws {
        var cluster = try Cluster("a b")
        let b = Cluster.id("b")
        #expect(throws: LayoutChangeError.tooManyLost(lost: 1, members: 2)) {
            try cluster["a"].declareLost(b)
        }
        #expect(!cluster["a"].isLost(b))
        #expect(throws: LayoutChangeError.unknownMember(Cluster.id("x"))) {
            try cluster["a"].declareLost(Cluster.id("x"), force: true)
        }
        try cluster.stage(.replace(b, with: Cluster.member("d")), at: "a")
        try cluster["a"].declareLost(b, force: true)
        #expect(cluster["a"].isQuorum([Cluster.id("a")]) && !cluster["a"].isQuorum([b]))
        try cluster.commit(at: "a")
        #expect(cluster["a"].stage == .adopting)
    }

    @Test func whoWasReplacedLearnsThatItIsNoMember() throws {
        var cluster = try Cluster("a b c", others: "d")
        let c = Cluster.id("c")
        try cluster.stage(.replace(c, with: Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b d")
        try cluster["b"].declareLost(c)
        cluster.spread("a b d")
        for _ in 0..<3 { cluster.confirm("a b d") }
        #expect(cluster["a"].stage == .stable)
        let stale = cluster["c"].view(for: c)
        for name in ["a", "b", "d"] {
            #expect(!cluster[name].view(for: Cluster.id(name)).admits(stale.epoch))
        }
        cluster["c"].merge(cluster["a"])
        #expect(!cluster["c"].isConcerned(c) && cluster["c"].duties(of: c).isEmpty)
        #expect(cluster["c"].partitions(heldBy: c).isEmpty)
        #expect(cluster["d"].partitions(heldBy: Cluster.id("d")) == Set(0..<8))
    }

    // MARK: Staging

    @Test func stagesOnWhatIsStaged() throws {
        var cluster = try Cluster("a b c")
        let d = Cluster.id("d")
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.stage(.weight(d, 3), at: "a")
        try cluster.stage(.zone(d, "z"), at: "a")
        #expect(cluster["a"].staged.map(\.role) == [.member(Cluster.member("d", zone: "z", weight: 3))])
        #expect(throws: LayoutChangeError.alreadyMember("d")) {
            try cluster.stage(.join(Cluster.member("d")), at: "a")
        }
        try cluster.stage(.leave(d), at: "a")
        #expect(cluster["a"].staged.isEmpty, "it never was a member")
        #expect(throws: LayoutChangeError.unknownMember(d)) { try cluster.stage(.leave(d), at: "a") }
        #expect(throws: LayoutChangeError.layout(.emptyName)) {
            try cluster.stage(.join(Cluster.member("")), at: "a")
        }
        #expect(throws: LayoutChangeError.layout(.badWeight(name: "a", weight: 0))) {
            try cluster.stage(.weight(Cluster.id("a"), 0), at: "a")
        }
        let isNews6 = cluster["a"].unstage(d, by: Cluster.id("a"))
        #expect(isNews6)
        let isNews7 = cluster["a"].unstage(d, by: Cluster.id("a"))
        #expect(!isNews7)
    }

    @Test func whatIsTakenBackStaysSo() throws {
        var cluster = try Cluster("a b c")
        try cluster.stage(.leave(Cluster.id("c")), at: "a")
        let before = cluster["a"]
        cluster.spread("a b")
        cluster["b"].unstage(Cluster.id("c"), by: Cluster.id("b"))
        cluster.spread("a b")
        cluster["a"].merge(before)
        #expect(cluster["a"].staged.isEmpty && cluster["b"].staged.isEmpty)
    }
}
