import Testing

@testable import ClusterCore

@Suite struct EntropyScheduleTests {
    private func trees(_ partitions: Int..., depth: Int = 2) -> [TreeRef] {
        partitions.map { TreeRef(partition: $0, depth: depth) }
    }

    private func tree(_ partition: Int) -> TreeRef { TreeRef(partition: partition, depth: 2) }

    @Test func roundsComeAfterAReturnAndThenEachInterval() {
        for seed in 0..<50 as Range<UInt64> {
            let desk = EntropyDesk(nodeA, seed: seed)
            #expect(desk.share([4, 2, 7], with: [nodeB]).isEmpty && desk.wake == nil)
            #expect(desk.up(nodeB).isEmpty)
            #expect(desk.awake() == [.askRoots(trees(2, 4, 7), of: nodeB)])
            #expect(6_000...11_000 ~= desk.now, "seed \(seed)")
            #expect(desk.roots(trees(2, 4, 7), of: nodeB).isEmpty)
            #expect(desk.peer(nodeB).totals.rounds == 1 && desk.peer(nodeB).totals.lastRoundAt == desk.now)
            let first = desk.now
            #expect(desk.awake() == [.askRoots(trees(2, 4, 7), of: nodeB)])
            #expect(450_000...750_000 ~= desk.now - first, "seed \(seed)")
            #expect(desk.peer(nodeB).due! > desk.now)
        }
    }

    @Test func onlyTheLesserNodeBeginsUnlessAsked() {
        let desk = EntropyDesk(nodeC)
        _ = desk.share([1, 2], with: [nodeB, nodeD])
        #expect(desk.up(nodeB).isEmpty && desk.up(nodeD).isEmpty)
        #expect(desk.peer(nodeB).due == nil && desk.peer(nodeD).due != nil)
        #expect(desk.awake() == [.askRoots(trees(1, 2), of: nodeD)])
        let asked = desk.compare(with: nodeB, [2, 5])
        #expect(asked.count == 1 && asked.actions == [.askRoots(trees(2), of: nodeB)])
        #expect(desk.roots(trees(2), of: nodeB, differing: [2]) == [.compare(tree(2), with: nodeB)])
        #expect(desk.finish(2, with: nodeB).isEmpty)
        // A part of the partitions is no round; all of them are.
        #expect(desk.peer(nodeB).totals.rounds == 0 && desk.peer(nodeB).totals.comparisons == 1)
        #expect(desk.compare(with: nil, nil).count == 4)
        #expect(desk.roots(trees(1, 2), of: nodeB).isEmpty && desk.peer(nodeB).totals.rounds == 1)
        _ = desk.down(nodeB)
        #expect(desk.compare(with: nodeB, nil).count == 0)
    }

    @Test func whatWasDoneWithANodeThatIsNoPeerAnyMoreStillCounts() {
        let desk = EntropyDesk(nodeA)
        _ = desk.share([1, 2], with: [nodeB, nodeC])
        _ = desk.up(nodeB)
        _ = desk.compare(with: nodeB, nil)
        _ = desk.roots(trees(1, 2), of: nodeB)
        #expect(desk.schedule.status.sum.rounds == 1 && desk.schedule.status.past == EntropyTotals())
        _ = desk.share([1, 2], with: [nodeC])
        #expect(desk.schedule.status.peers.map(\.node) == [nodeC])
        #expect(desk.schedule.status.sum.rounds == 1 && desk.schedule.status.sum.partitions == 2)
    }

    @Test func whatDiffersIsComparedAFewAtATimeByTurns() {
        let desk = EntropyDesk(nodeA, limits: .init(maxRunning: 3, maxRunningPerPeer: 2))
        _ = desk.share([1, 2, 3, 4], with: [nodeB, nodeC])
        _ = desk.up(nodeB)
        _ = desk.up(nodeC)
        _ = desk.compare(with: nil, nil)
        let all = trees(1, 2, 3, 4)
        #expect(
            desk.roots(all, of: nodeB, differing: [1, 2, 4])
                == [.compare(tree(1), with: nodeB), .compare(tree(2), with: nodeB)])
        #expect(desk.roots(all, of: nodeC, differing: [1, 2, 3, 4]) == [.compare(tree(1), with: nodeC)])
        #expect(desk.peer(nodeC).waiting == 3 && desk.peer(nodeB).running == [1, 2])
        #expect(desk.finish(1, with: nodeB) == [.compare(tree(4), with: nodeB)])
        #expect(desk.finish(2, with: nodeB) == [.compare(tree(2), with: nodeC)])
        // Told twice, or of what doesn't run: nothing.
        #expect(desk.finish(2, with: nodeB).isEmpty && desk.finish(3, with: nodeC).isEmpty)
        #expect(desk.finish(4, with: nodeB).isEmpty && desk.peer(nodeB).totals.rounds == 1)
        #expect(desk.finish(1, with: nodeC) == [.compare(tree(3), with: nodeC)])
    }

    @Test func aTreeThatIsNotReadyIsTriedAgain() {
        let desk = EntropyDesk(nodeA)
        _ = desk.share([1, 2, 3], with: [nodeB])
        _ = desk.up(nodeB)
        _ = desk.awake()
        #expect(
            desk.roots(trees(1, 2, 3), of: nodeB, differing: [3], missing: [1])
                == [.compare(tree(3), with: nodeB)])
        #expect(desk.finish(3, with: nodeB, ComparisonReport(outcome: .notReady)).isEmpty)
        #expect(desk.peer(nodeB).notReady == 2 && desk.peer(nodeB).totals.rounds == 0)
        let asked = desk.now
        #expect(desk.awake() == [.askRoots(trees(1, 3), of: nodeB)] && desk.now == asked + 30_000)
        #expect(desk.roots(trees(1, 3), of: nodeB).isEmpty)
        #expect(desk.peer(nodeB).totals.rounds == 1 && desk.peer(nodeB).notReady == 0)
    }

    /// A comparison that breaks off, or that ends and leaves keys.
    @Test(arguments: [0, 3]) func whatFailsWaitsForTheNextRound(keysFailed: Int) {
        let desk = EntropyDesk(nodeA)
        _ = desk.share([1, 2], with: [nodeB])
        _ = desk.up(nodeB)
        _ = desk.awake()
        _ = desk.roots(trees(1, 2), of: nodeB, differing: [1, 2])
        var report = ComparisonReport(outcome: keysFailed == 0 ? .failed : .done)
        (report.keysDiffering, report.repairedHere, report.repairedThere, report.keysFailed) = (
            5, 1, 2, keysFailed
        )
        #expect(desk.finish(1, with: nodeB, report).isEmpty && desk.finish(2, with: nodeB).isEmpty)
        let totals = desk.peer(nodeB).totals
        #expect(totals.rounds == 0 && totals.comparisons == 2)
        #expect(totals.failures == (keysFailed == 0 ? 1 : 0))
        #expect(totals.keysDiffering == 5 && totals.repairedHere == 1 && totals.repairedThere == 2)
        #expect(totals.keysFailed == keysFailed && totals.partitions == 2)
        let failed = desk.now
        #expect(desk.awake() == [.askRoots(trees(1, 2), of: nodeB)] && desk.now > failed + 400_000)
        #expect(desk.step { $0.rootsFailed(self.trees(1, 2), of: nodeB, now: $1, &$2) }.isEmpty)
        #expect(desk.peer(nodeB).totals.rounds == 0 && desk.peer(nodeB).waiting == 0)
        #expect(desk.awake() == [.askRoots(trees(1, 2), of: nodeB)])
        // One root too few is no answer.
        #expect(
            desk.step {
                let root = TreeRoot(sum: 1)
                $0.rootsCame(self.trees(1, 2), of: nodeB, ours: [root], theirs: [root], now: $1, &$2)
            }.isEmpty)
        #expect(desk.peer(nodeB).totals.rounds == 0 && desk.peer(nodeB).waiting == 0)
    }

    /// Where two hold the same, or were brought to, and nowhere else.
    @Test func whoAgreesTakesNoteOfIt() {
        let desk = EntropyDesk(nodeA)
        _ = desk.share([1, 2, 3, 4, 5], with: [nodeB])
        _ = desk.up(nodeB)
        _ = desk.awake()
        _ = desk.roots(trees(1, 2, 3, 4, 5), of: nodeB, differing: [2, 3, 4], missing: [5])
        #expect(desk.agreements.map(\.tree) == [tree(1)])
        #expect(desk.agreements[0].here.token == 1 && desk.agreements[0].there.token == 2)
        _ = desk.finish(2, with: nodeB)
        #expect(desk.agreements.map(\.tree) == [tree(1), tree(2)])
        var report = ComparisonReport()
        report.keysFailed = 1
        _ = desk.finish(3, with: nodeB, report)
        _ = desk.finish(4, with: nodeB, ComparisonReport(outcome: .failed))
        #expect(desk.agreements.count == 2)
    }

    /// A comparison that outlives the layout by which it began says nothing.
    @Test func whatEndsTooLateIsNoAgreement() {
        let desk = EntropyDesk(nodeA)
        _ = desk.share([1], with: [nodeB])
        _ = desk.up(nodeB)
        _ = desk.awake()
        _ = desk.roots(trees(1), of: nodeB, differing: [1])
        _ = desk.down(nodeB)
        _ = desk.finish(1, with: nodeB)
        #expect(desk.agreements.isEmpty)
    }

    @Test func aPeerThatGoesEndsItsRound() {
        let desk = EntropyDesk(nodeA)
        _ = desk.share([1, 2, 3], with: [nodeB])
        _ = desk.up(nodeB)
        _ = desk.awake()
        _ = desk.roots(trees(1, 2, 3), of: nodeB, differing: [1, 2, 3])
        #expect(desk.down(nodeB) == [.cancel(tree(1), with: nodeB), .cancel(tree(2), with: nodeB)])
        #expect(desk.peer(nodeB).waiting == 0 && !desk.peer(nodeB).isUp)
        #expect(desk.down(nodeB).isEmpty && desk.finish(1, with: nodeB).isEmpty)
        desk.wake = nil
        #expect(desk.up(nodeB).isEmpty && desk.up(nodeB).isEmpty)
        let returned = desk.now
        #expect(desk.awake() == [.askRoots(trees(1, 2, 3), of: nodeB)] && desk.now <= returned + 10_000)
        #expect(desk.peer(nodeB).totals.rounds == 0)
    }

    @Test func theRoundFollowsTheView() {
        let desk = EntropyDesk(nodeA)
        _ = desk.share([1, 2, 3], with: [nodeB, nodeC])
        _ = desk.up(nodeB)
        _ = desk.up(nodeC)
        _ = desk.compare(with: nil, nil)
        _ = desk.roots(trees(1, 2, 3), of: nodeB, differing: [1, 2, 3])
        // Partition 1 is no longer shared, the depth of 2 is another, 3 stays.
        let shared = [
            SharedPartition(partition: 2, peers: [.init(nodeB, depth: 1)]),
            SharedPartition(partition: 3, peers: [.init(nodeB, depth: 2)]),
        ]
        #expect(
            desk.step { $0.viewChanged(shared, now: $1, &$2) } == [
                .cancel(tree(1), with: nodeB), .cancel(tree(2), with: nodeB), .compare(tree(3), with: nodeB),
            ])
        #expect(desk.schedule.status.peers.map(\.node) == [nodeB])
        #expect(desk.finish(2, with: nodeB).isEmpty && desk.finish(3, with: nodeB).isEmpty)
        // The round was over other partitions.
        #expect(desk.peer(nodeB).totals.rounds == 0 && desk.peer(nodeB).waiting == 0)
        // Roots asked for by the earlier view.
        #expect(desk.roots(trees(1, 2, 3), of: nodeC, differing: [1]).isEmpty)
    }

    @Test func manyRootsGoInSeveralRequestsOneByOne() {
        let desk = EntropyDesk(nodeA, limits: .init(rootsPerRequest: 2))
        _ = desk.share([1, 2, 3, 4, 5], with: [nodeB])
        _ = desk.up(nodeB)
        #expect(desk.awake() == [.askRoots(trees(1, 2), of: nodeB)])
        #expect(desk.compare(with: nil, [1, 5]).actions.isEmpty)
        // A reply to another question than the present one.
        #expect(desk.roots(trees(3, 4), of: nodeB).isEmpty)
        #expect(desk.roots(trees(1, 2), of: nodeB) == [.askRoots(trees(3, 4), of: nodeB)])
        #expect(
            desk.roots(trees(3, 4), of: nodeB, differing: [4])
                == [.askRoots(trees(5), of: nodeB), .compare(tree(4), with: nodeB)])
        #expect(desk.roots(trees(5), of: nodeB).isEmpty && desk.peer(nodeB).totals.rounds == 0)
        #expect(desk.rounds.isEmpty)
        desk.now += 700
        #expect(desk.finish(4, with: nodeB).isEmpty && desk.peer(nodeB).totals.rounds == 1)
        #expect(desk.rounds == [700])
    }

    // MARK: The layout

    @Test func theDepthIsTheGreaterPlace() throws {
        let members = (0..<5).map { Member(name: "node\($0)", address: "") }
        let layout = try Layout.initial(members: members, partitionCount: 64, replicationFactor: 3)
        func view(lost: Set<NodeID> = []) -> LayoutView {
            LayoutView(
                epoch: .stable(1), floor: .stable(1), readable: layout, other: nil, lost: lost)
        }
        for member in members {
            let shared = view().sharedPartitions(of: member.id)
            #expect(shared.map(\.partition) == shared.map(\.partition).sorted() && !shared.isEmpty)
            for part in shared {
                let replicas = Array(layout.replicas(ofPartition: part.partition))
                #expect(part.peers.map(\.node) == replicas.filter { $0 != member.id })
                let place = try #require(replicas.firstIndex(of: member.id))
                for peer in part.peers {
                    #expect(peer.depth == max(place, replicas.firstIndex(of: peer.node)!))
                }
            }
        }
        let lost = members[2].id
        #expect(view(lost: [lost]).sharedPartitions(of: lost).isEmpty)
        let rest = view(lost: [lost]).sharedPartitions(of: members[0].id)
        #expect(rest.allSatisfy { $0.peers.allSatisfy { $0.node != lost } })
    }
}
