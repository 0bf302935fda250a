import ClusterCore
import Testing

@Suite struct SettlementTests {
    private let members = ["a", "b", "c"].map { Member(name: $0, address: "") }
    private var ids: [NodeID] { members.map(\.id) }

    private func history(_ count: Int = 3) throws -> LayoutHistory {
        LayoutHistory(
            try .initial(members: Array(members.prefix(count)), partitionCount: 4, replicationFactor: 3))
    }

    @Test func membersThatFindAllDisksEmptyBeginTheCluster() throws {
        let history = try history()
        var a = Settlement(ids[0], .fresh(disk: 3))
        #expect(a.verdict(for: history) == .wait)
        a.heard(.fresh(disk: 2), from: ids[1])
        #expect(a.verdict(for: history) == .wait, "the third may come any moment")
        a.heard(.fresh(disk: 1), from: ids[2])
        #expect(a.verdict(for: history) == .settle(founders: [1, 2, 3]))
    }

    @Test func afterTheGraceAMajorityBegins() throws {
        let history = try history()
        var a = Settlement(ids[0], .fresh(disk: 1))
        a.graceElapsed()
        #expect(a.verdict(for: history) == .wait, "alone")
        a.heard(.fresh(disk: 2), from: ids[1])
        #expect(a.verdict(for: history) == .settle(founders: [1, 2]))
    }

    @Test func whoIsAMomentLateKnowsItselfAmongTheFounders() throws {
        let history = try history()
        var b = Settlement(ids[1], .fresh(disk: 2))
        b.heard(.settled(founders: [1, 2]), from: ids[0])
        #expect(b.verdict(for: history) == .settle(founders: [1, 2]))
        // Heard before, and settled since: it has begun with this node.
        var c = Settlement(ids[2], .fresh(disk: 3))
        c.heard(.fresh(disk: 1), from: ids[0])
        c.heard(.settled(founders: [1, 2]), from: ids[0])
        c.heard(.fresh(disk: 2), from: ids[1])
        #expect(c.verdict(for: history) == .settle(founders: [1, 2, 3]))
    }

    @Test func anEmptyDiskInAClusterThatHasBegunIsALoss() throws {
        var a = Settlement(ids[0], .fresh(disk: 9))
        a.heard(.settled(founders: [1, 2, 3]), from: ids[1])
        #expect(
            a.verdict(for: try history()) == .wait,
            "one voice of three is not enough to know what it voted for")
        a.heard(.settled(founders: [1, 2, 3]), from: ids[2])
        #expect(a.verdict(for: try history()) == .declareLost)
        var first = Settlement(ids[0], .fresh(disk: 9))
        first.heard(.settled(founders: [1, 2]), from: ids[1])
        #expect(first.verdict(for: try history(2)) == .declareLost, "of two, the other is all that there is")
    }

    @Test func aDoubtfulDiskIsALoss() throws {
        var a = Settlement(ids[0], .doubtful)
        for other in ids[1...] {
            #expect(a.verdict(for: try history()) == .wait)
            a.heard(.doubtful, from: other)
        }
        #expect(a.verdict(for: try history()) == .declareLost)
        #expect(Settlement(ids[0], .doubtful).verdict(for: try history(1)) == .settle(founders: []))
    }

    @Test func whoIsNoMemberHoldsNothingOnceAQuorumHasSaidSo() throws {
        let newcomer = NodeID(name: "new")
        var node = Settlement(newcomer, .fresh(disk: 9))
        #expect(node.verdict(for: try history()) == .wait)
        node.heard(.settled(founders: []), from: ids[0])
        #expect(node.verdict(for: try history()) == .wait)
        node.heard(.settled(founders: []), from: ids[1])
        #expect(node.verdict(for: try history()) == .settle(founders: []))
    }

    @Test func whoIsSettledStaysSo() throws {
        let settled = Settlement(ids[0], .settled(founders: [1]))
        #expect(settled.verdict(for: try history()) == .settle(founders: [1]))
    }

    @Test func votesAreRenewedOnceAMemberIsBack() throws {
        var history = try history()
        #expect(!history.lacksVotes)
        try history.declareLost(ids[2], force: true)
        #expect(!history.lacksVotes, "it is not back")
        history.hasCaughtUp(ids[2])
        #expect(history.lacksVotes)
        let renewedByItself = history.renewVotes(by: ids[2])
        #expect(!renewedByItself, "it has no vote")
        try history.stage(.leave(ids[1]), by: ids[0])
        let renewed = history.renewVotes(by: ids[0])
        #expect(renewed)
        var other = history
        other.advance(as: ids[1])
        history.merge(other)
        history.advance(as: ids[0])
        other.merge(history)
        other.advance(as: ids[1])
        history.merge(other)
        #expect(history.stage == .adopting)
        #expect(history.latest.version == 2 && history.latest.members.count == 3)
        #expect(history.staged.count == 1, "what an operator asked for waits for a commit")
    }
}
