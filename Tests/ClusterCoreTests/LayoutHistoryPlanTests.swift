import Testing

@testable import ClusterCore

/// What operators and coordinators are told.
@Suite struct LayoutHistoryPlanTests {
    private typealias Cluster = LayoutCluster

    @Test func aPlanCountsWhatMoves() throws {
        var cluster = try Cluster("a b c", partitions: 64)
        #expect(throws: LayoutChangeError.nothingStaged) { try cluster["a"].plan() }
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.stage(.leave(Cluster.id("b")), at: "a")
        let before = cluster["a"]
        let plan = try cluster["a"].plan()
        #expect(cluster["a"] == before)
        #expect(plan.layout.version == 2)
        #expect(plan.shares.map(\.name) == ["a", "b", "c", "d"])
        #expect(plan.shares.map(\.before) == [64, 64, 64, 0])
        #expect(plan.shares.map(\.after) == [64, 0, 64, 64])
        #expect(plan.shares.map(\.gained) == [0, 0, 0, 64])
        #expect(plan.partitionsMoved == 64 && plan.replicasMoved == 64)
        #expect(plan.warnings.isEmpty)
        let committed = try cluster["a"].commit(by: Cluster.id("a"), expecting: 1)
        #expect(committed == plan)
    }

    @Test func aPlanWarns() throws {
        var cluster = try Cluster("a b c")
        try cluster.stage(.leave(Cluster.id("c")), at: "a")
        #expect(try cluster["a"].plan().warnings == [.fewerMembersThanReplicas(members: 2, replicas: 3)])
        for name in ["a", "b"] { try cluster.stage(.zone(Cluster.id(name), "x"), at: "a") }
        cluster["a"].unstage(Cluster.id("c"), by: Cluster.id("a"))
        try cluster["a"].declareLost(Cluster.id("b"))
        #expect(
            try cluster["a"].plan().warnings
                == [.fewerZonesThanReplicas(zones: 2, replicas: 3), .lostMember(name: "b")])
        for name in ["a", "c"] { try cluster["a"].declareLost(Cluster.id(name), force: true) }
        #expect(try cluster["a"].plan().warnings.contains(.partitionsWithoutSource(8)))
        try cluster.stage(.leave(Cluster.id("a")), at: "a")
        try cluster.stage(.leave(Cluster.id("b")), at: "a")
        try cluster.stage(.leave(Cluster.id("c")), at: "a")
        #expect(throws: LayoutChangeError.layout(.noMembers)) { try cluster["a"].plan() }
    }

    @Test func anotherAddressMovesNothing() throws {
        var cluster = try Cluster("a b c", partitions: 64)
        #expect(throws: LayoutChangeError.unknownMember(Cluster.id("d"))) {
            try cluster.stage(.address(Cluster.id("d"), "d:2"), at: "a")
        }
        try cluster.stage(.address(Cluster.id("b"), "b:2"), at: "a")
        let plan = try cluster["a"].plan()
        #expect(plan.replicasMoved == 0 && plan.layout.member(Cluster.id("b"))?.address == "b:2")
        #expect(plan.layout.digest == cluster["a"].current.digest)
    }

    @Test func aNodeThatKnowsNoLayoutHasAViewBeforeAllOthers() throws {
        let unknown = LayoutHistory(try Layout.unknown(members: [Cluster.member("a")]))
        let view = unknown.view(for: Cluster.id("d"))
        let first = LayoutHistory(try Layout.initial(members: [Cluster.member("a")]))
        #expect(view.epoch < first.view(for: Cluster.id("a")).epoch)
        #expect(view.admits(view.epoch))
    }

    @Test func aWriteNeedsBothSets() {
        let (a, b, c, d) = (nodeA, nodeB, nodeC, nodeD)
        let sets = ReplicaSets(readable: [a, b, c], primary: [a, b, c], secondary: [d, a, b])
        #expect(sets.isMoving)
        #expect(sets.targets == [a, b, c, d])
        #expect(!sets.isWritten(by: [a, c], w: 2) && !sets.isWritten(by: [a, d], w: 2))
        #expect(sets.isWritten(by: [a, b], w: 2) && sets.isWritten(by: [a, c, d], w: 2))
        #expect(sets.canBeWritten(without: [c, d], w: 2) && !sets.canBeWritten(without: [a, d], w: 2))
        #expect(!sets.canBeWritten(without: [a, c], w: 2))
        let still = ReplicaSets(readable: [a, b, c], primary: [a, b, c], secondary: [c, a, b])
        #expect(!still.isMoving && still.targets == [a, b, c])
        #expect(ReplicaSets(readable: [a], primary: [a], secondary: [a, b]).isMoving)
    }

    @Test func bucketsWithFewerReplicasMoveWhenTheOrderChanges() throws {
        var cluster = try Cluster("a b c", others: "d", partitions: 64)
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b c d")
        let history = cluster["a"]
        let view = history.view(for: Cluster.id("a"))
        for n in 1...3 {
            for partition in 0..<64 {
                let sets = view.replicas(ofPartition: partition, n: n)
                #expect(sets.readable.count == n && sets.secondary.count == n)
                for node in sets.secondary where !sets.primary.contains(node) {
                    #expect(history.moves(to: node).contains { $0.partition == partition })
                }
            }
        }
    }
}
