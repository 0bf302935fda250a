import Testing

@testable import ClusterCore

@Suite struct AutoCommitTests {
    private typealias Cluster = LayoutCluster

    @Test func itWaitsUntilNothingMoreIsStaged() throws {
        var cluster = try Cluster("a b c", others: "d e")
        var auto = AutoCommit(delay: 100)
        func isDue(_ now: UInt64) -> Bool { auto.isDue(cluster["a"], of: Cluster.id("a"), now: now) }
        #expect(!isDue(0) && !isDue(1_000), "nothing is staged")
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        #expect(!isDue(1_010) && !isDue(1_109))
        try cluster.stage(.join(Cluster.member("e")), at: "a")
        #expect(!isDue(1_110), "what is staged has changed")
        #expect(!isDue(1_209) && isDue(1_210))
        #expect(!isDue(1_211), "a commit that fails is tried again after the delay")
        #expect(isDue(1_310))
        cluster["a"].unstage(Cluster.id("d"), by: Cluster.id("a"))
        cluster["a"].unstage(Cluster.id("e"), by: Cluster.id("a"))
        #expect(!isDue(2_000))
    }

    @Test func itWaitsForTheOpenChangeAndLeavesItToMembers() throws {
        var cluster = try Cluster("a b c", others: "d e")
        var (member, stranger) = (AutoCommit(delay: 100), AutoCommit(delay: 100))
        func isDue(_ now: UInt64) -> Bool { member.isDue(cluster["a"], of: Cluster.id("a"), now: now) }
        func isStrangersTurn(_ now: UInt64) -> Bool {
            stranger.isDue(cluster["e"], of: Cluster.id("e"), now: now)
        }
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b c d e")
        try cluster.stage(.join(Cluster.member("e")), at: "a")
        cluster.spread("a b c d e")
        for now: UInt64 in [0, 100, 200] { #expect(!isDue(now)) }
        for _ in 1...3 { cluster.confirm("a b c d e") }
        #expect(cluster["a"].stage == .stable)
        #expect(!isDue(300), "the wait begins at the change's end")
        #expect(isDue(400))
        for now: UInt64 in [300, 400, 500] { #expect(!isStrangersTurn(now)) }
    }
}
