import Testing

@testable import ClusterCore

/// One change after the other, step by step.
@Suite struct LayoutHistoryTests {
    private typealias Cluster = LayoutCluster

    @Test func aChangeGoesThroughItsStages() throws {
        var cluster = try Cluster("a b c", others: "d")
        let old = cluster["a"].current
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        #expect(cluster["a"].stage == .deciding)
        #expect(cluster.names(cluster["a"].awaited) == ["a", "b", "c"])
        cluster.spread("a b")
        #expect(cluster["b"].stage == .adopting, "two of three are a majority")
        cluster.spread("a b c d")
        let new = try #require(cluster["d"].next)
        #expect(cluster.names(cluster["d"].awaited) == ["a", "b", "c", "d"])
        #expect(cluster["a"].view(for: Cluster.id("a")).readable == old)
        #expect(cluster["a"].view(for: Cluster.id("a")).other == new)

        cluster.confirm("a b c")
        #expect(cluster["a"].stage == .adopting)
        #expect(cluster.names(cluster["a"].awaited) == ["d"])
        cluster.confirm("a b c d")
        #expect(cluster["a"].stage == .filling)
        #expect(cluster["a"].view(for: Cluster.id("a")).readable == old)
        cluster.confirm("a b c d")
        #expect(cluster["a"].stage == .releasing)
        #expect(cluster["a"].current == new)
        #expect(cluster["a"].view(for: Cluster.id("a")).other == old)
        cluster.confirm("a b c d")
        for name in ["a", "b", "c", "d"] {
            #expect(cluster[name].stage == .stable)
            #expect(cluster[name].view(for: Cluster.id(name)).other == nil)
            #expect(cluster[name].staged.isEmpty && cluster[name].awaited.isEmpty)
        }
    }

    @Test func confirmationsOutOfTurnCountForNothing() throws {
        var cluster = try Cluster("a b c", others: "d")
        let a = Cluster.id("a")
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b c d")
        let layout = cluster["a"].latest
        let before = cluster["a"]
        for step in [LayoutHistory.Step.filled, .released] {
            let isNews1 = cluster["a"].confirm(step, version: 2, digest: layout.digest, by: a)
            #expect(!isNews1)
        }
        let isNews2 = cluster["a"].confirm(.adopted, version: 1, digest: layout.digest, by: a)
        #expect(!isNews2)
        let isNews3 = cluster["a"].confirm(.adopted, version: 2, digest: layout.digest &+ 1, by: a)
        #expect(!isNews3)
        let isNews4 = cluster["a"].confirm(.adopted, version: 2, digest: layout.digest, by: Cluster.id("e"))
        #expect(!isNews4)
        #expect(cluster["a"] == before)
        let isNews5 = cluster["a"].confirm(.adopted, version: 2, digest: layout.digest, by: a)
        #expect(isNews5)
        let isNews6 = cluster["a"].confirm(.adopted, version: 2, digest: layout.digest, by: a)
        #expect(!isNews6, "no news")
    }

    @Test func ofTwoCommitsAtOnceOneWinsAndTheOthersRolesStayStaged() throws {
        var cluster = try Cluster("a b c", others: "d e")
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.stage(.join(Cluster.member("e")), at: "b")
        try cluster.commit(at: "a")
        try cluster.commit(at: "b")
        cluster.spread("a b c d e")
        let winner = Cluster.id("a") > Cluster.id("b") ? "d" : "e"
        for name in ["a", "b", "c", "d", "e"] {
            #expect(cluster[name] == cluster["a"])
            #expect(cluster[name].next?.member(Cluster.id(winner)) != nil)
            #expect(cluster[name].next?.members.count == 4)
        }
        #expect(cluster["a"].staged.map(\.node) == [Cluster.id(winner == "d" ? "e" : "d")])
        #expect(throws: LayoutChangeError.changeOpen(2)) { try cluster.commit(at: "c") }
    }

    @Test func whatMayBeChosenAlreadyIsProposedAgain() throws {
        var cluster = try Cluster("a b c", others: "d e")
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.stage(.join(Cluster.member("e")), at: "c")
        try cluster.commit(at: "c")
        try cluster.commit(at: "a")
        // a and b decide; c has not heard of it, and asks b with a greater ballot of its own.
        cluster.spread("a b")
        #expect(cluster["a"].next?.member(Cluster.id("d")) != nil)
        cluster["c"].resume(by: Cluster.id("c"))
        cluster["c"].resume(by: Cluster.id("c"))
        cluster.spread("b c")
        #expect(cluster["c"].next == cluster["a"].next)
    }

    @Test func anotherNodeFinishesWhatOneBegan() throws {
        var cluster = try Cluster("a b c", others: "d")
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        cluster["b"].merge(cluster["a"])
        cluster["b"].advance(as: Cluster.id("b"))
        cluster.spread("b c")
        #expect(cluster["c"].stage == .deciding)
        #expect(throws: LayoutChangeError.changeUndecided(2)) { try cluster.commit(at: "c") }
        let isNews7 = cluster["c"].resume(by: Cluster.id("c"))
        #expect(isNews7)
        cluster.spread("b c")
        #expect(cluster["b"].stage == .adopting)
        #expect(cluster["b"].next?.members.count == 4)
    }

    @Test func aLayoutThatMovesTwiceNeedsTheFirstMoveComplete() throws {
        var cluster = try Cluster("a b c")
        try cluster.stage(.weight(Cluster.id("a"), 2), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b c")
        for _ in 0..<2 { cluster.confirm("a b c") }
        #expect(cluster["a"].stage == .releasing)
        try cluster.stage(.weight(Cluster.id("a"), 3), at: "a")
        #expect(throws: LayoutChangeError.changeOpen(2)) { try cluster.commit(at: "a") }
        cluster.confirm("a b c")
        #expect(throws: LayoutChangeError.otherVersion(expected: 1, current: 2)) {
            try cluster["a"].commit(by: Cluster.id("a"), expecting: 1)
        }
        try cluster.commit(at: "a")
    }

    @Test func oneMemberDecidesAlone() throws {
        var cluster = try Cluster("a", others: "b")
        try cluster.stage(.join(Cluster.member("b")), at: "a")
        try cluster.commit(at: "a")
        #expect(cluster["a"].stage == .adopting)
        cluster.spread("a b")
        for _ in 0..<3 { cluster.confirm("a b") }
        #expect(cluster["b"].stage == .stable)
        #expect(cluster["b"].current.members.count == 2)
    }

    @Test func aSourceOfCopiesIsEveryOldReplicaThatIsNotLost() throws {
        var cluster = try Cluster("a b c", others: "d")
        try cluster.stage(.replace(Cluster.id("c"), with: Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b d")
        try cluster["a"].declareLost(Cluster.id("c"))
        cluster.spread("a b d")
        cluster.confirm("a b d")
        #expect(cluster["d"].stage == .filling)
        guard case .fill(2, _, let moves)? = cluster["d"].duties(of: Cluster.id("d")).first else {
            Issue.record("d has nothing to copy")
            return
        }
        #expect(moves.map(\.partition) == Array(0..<8))
        for move in moves {
            #expect(move.reason == .added)
            #expect(cluster.names(move.sources.map(\.node)) == ["a", "b"])
        }
        // Who only comes earlier in the list copies too: a bucket may have fewer replicas than the layout.
        for name in ["a", "b"] {
            let node = Cluster.id(name)
            let expected = (0..<8).filter { partition in
                let old = cluster["a"].current.replicas(ofPartition: partition)
                let new = cluster["a"].latest.replicas(ofPartition: partition)
                return new.firstIndex(of: node)! - new.startIndex < old.firstIndex(of: node)! - old.startIndex
            }
            #expect(cluster["a"].moves(to: node).map(\.partition) == expected)
        }
    }

    @Test func requestsOfViewsLeftBehindAreRefused() throws {
        var cluster = try Cluster("a b c")
        let (a, b) = (Cluster.id("a"), Cluster.id("b"))
        func epoch(_ name: String) -> LayoutEpoch { cluster[name].view(for: Cluster.id(name)).epoch }
        func admits(_ name: String, _ epoch: LayoutEpoch) -> Bool {
            cluster[name].view(for: Cluster.id(name)).admits(epoch)
        }
        let stable = epoch("b")
        try cluster.stage(.weight(a, 2), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b c")
        let adopting = epoch("b")
        #expect(admits("a", stable))
        let next = cluster["a"].latest
        cluster["a"].confirm(.adopted, version: 2, digest: next.digest, by: a)
        #expect(!admits("a", stable) && admits("a", adopting))
        #expect(admits("b", stable), "b has not confirmed")
        for _ in 0..<2 { cluster.confirm("a b c") }
        #expect(cluster["a"].stage == .releasing)
        let releasing = epoch("a")
        #expect(admits("a", adopting) && !admits("b", stable))
        cluster["b"].confirm(.released, version: 2, digest: next.digest, by: b)
        #expect(!admits("b", adopting) && admits("b", releasing))
        cluster.confirm("a b c")
        #expect(!admits("a", adopting) && admits("a", releasing))
        #expect(stable < adopting && adopting < releasing && releasing < epoch("a"))
    }
}
