import Testing

@testable import ClusterCore

@Suite struct EntropyScheduleTests {
    /// A schedule and what it has asked for; a reference, since `#expect` takes no call that changes a value.
    private final class Desk {
        typealias Step = (inout EntropySchedule, UInt64, inout [EntropySchedule.Action]) -> Void

        var schedule: EntropySchedule
        var now: UInt64 = 1000
        var wake: UInt64?

        init(_ node: NodeID, limits: EntropySchedule.Limits = .init(), seed: UInt64 = 1) {
            schedule = EntropySchedule(node: node, limits: limits, seed: seed)
        }

        /// The actions but wakes.
        func step(_ event: Step) -> [EntropySchedule.Action] {
            var actions: [EntropySchedule.Action] = []
            event(&schedule, now, &actions)
            return actions.filter { action in
                guard case .wake(let time) = action else { return true }
                #expect(time > now)
                wake = min(wake ?? time, time)
                return false
            }
        }

        func awake() -> [EntropySchedule.Action] {
            guard let time = wake else { return [] }
            wake = nil
            now = max(now, time)
            return step { $0.tick(now: $1, &$2) }
        }

        func share(_ partitions: [Int], with peers: [NodeID], depth: Int = 2) -> [EntropySchedule.Action] {
            let shared = partitions.map { partition in
                SharedPartition(partition: partition, peers: peers.map { .init($0, depth: depth) })
            }
            return step { $0.viewChanged(shared, now: $1, &$2) }
        }

        func up(_ peer: NodeID) -> [EntropySchedule.Action] { step { $0.peerUp(peer, now: $1, &$2) } }
        func down(_ peer: NodeID) -> [EntropySchedule.Action] { step { $0.peerDown(peer, now: $1, &$2) } }

        /// The roots came; those of `differing` differ, those of `missing` are not ready.
        func roots(
            _ trees: [TreeRef], of peer: NodeID, differing: Set<Int> = [], missing: Set<Int> = []
        ) -> [EntropySchedule.Action] {
            let ours = trees.map { missing.contains($0.partition) ? nil : UInt64($0.partition) }
            let theirs = trees.map { UInt64($0.partition) + (differing.contains($0.partition) ? 1 : 0) }
            return step { $0.rootsCame(trees, of: peer, ours: ours, theirs: theirs, now: $1, &$2) }
        }

        func finish(
            _ partition: Int, with peer: NodeID, _ report: ComparisonReport = .init()
        ) -> [EntropySchedule.Action] {
            step {
                $0.finished(
                    TreeRef(partition: partition, depth: 2), with: peer, report, now: $1, &$2)
            }
        }

        func compare(with peer: NodeID?, _ partitions: Set<Int>?) -> (
            count: Int, actions: [EntropySchedule.Action]
        ) {
            var count = 0
            let actions = step { count = $0.compareNow(with: peer, partitions: partitions, now: $1, &$2) }
            return (count, actions)
        }

        func peer(_ node: NodeID) -> EntropyStatus.Peer {
            schedule.status.peers.first { $0.node == node }!
        }
    }

    private func trees(_ partitions: Int..., depth: Int = 2) -> [TreeRef] {
        partitions.map { TreeRef(partition: $0, depth: depth) }
    }

    private func tree(_ partition: Int) -> TreeRef { TreeRef(partition: partition, depth: 2) }

    @Test func roundsComeAfterAReturnAndThenEachInterval() {
        for seed in 0..<50 as Range<UInt64> {
            let desk = Desk(nodeA, seed: seed)
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
        let desk = Desk(nodeC)
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

    @Test func whatDiffersIsComparedAFewAtATimeByTurns() {
        let desk = Desk(nodeA, limits: .init(maxRunning: 3, maxRunningPerPeer: 2))
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
        let desk = Desk(nodeA)
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

    @Test func whatFailsWaitsForTheNextRound() {
        let desk = Desk(nodeA)
        _ = desk.share([1, 2], with: [nodeB])
        _ = desk.up(nodeB)
        _ = desk.awake()
        _ = desk.roots(trees(1, 2), of: nodeB, differing: [1, 2])
        var report = ComparisonReport(outcome: .failed)
        (report.keysDiffering, report.repairedHere, report.repairedThere, report.keysFailed) = (5, 1, 2, 3)
        #expect(desk.finish(1, with: nodeB, report).isEmpty && desk.finish(2, with: nodeB).isEmpty)
        let totals = desk.peer(nodeB).totals
        #expect(totals.rounds == 0 && totals.comparisons == 2 && totals.failures == 1)
        #expect(totals.keysDiffering == 5 && totals.repairedHere == 1 && totals.repairedThere == 2)
        #expect(totals.keysFailed == 3 && totals.partitions == 2)
        let failed = desk.now
        #expect(desk.awake() == [.askRoots(trees(1, 2), of: nodeB)] && desk.now > failed + 400_000)
        #expect(desk.step { $0.rootsFailed(self.trees(1, 2), of: nodeB, now: $1, &$2) }.isEmpty)
        #expect(desk.peer(nodeB).totals.rounds == 0 && desk.peer(nodeB).waiting == 0)
        #expect(desk.awake() == [.askRoots(trees(1, 2), of: nodeB)])
        // One root too few is no answer.
        #expect(
            desk.step { $0.rootsCame(self.trees(1, 2), of: nodeB, ours: [1], theirs: [1], now: $1, &$2) }
                .isEmpty)
        #expect(desk.peer(nodeB).totals.rounds == 0 && desk.peer(nodeB).waiting == 0)
    }

    @Test func aPeerThatGoesEndsItsRound() {
        let desk = Desk(nodeA)
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
        let desk = Desk(nodeA)
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
        let desk = Desk(nodeA, limits: .init(rootsPerRequest: 2))
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
        #expect(desk.finish(4, with: nodeB).isEmpty && desk.peer(nodeB).totals.rounds == 1)
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

    // MARK: At random

    /// Whatever comes in whatever order: the limits hold, and once all is calm, every round comes to its end.
    @Test func limitsHoldAndRoundsEnd() {
        for seed in 0..<200 as Range<UInt64> {
            var random = VersionRandom(seed: seed)
            var watch = Watch()
            let desk = Desk(
                nodeB, limits: .init(interval: 5_000, returnPause: 50, retryPause: 300), seed: seed)
            let peers = [nodeA, nodeC, nodeD]
            for _ in 0..<300 {
                let peer = peers.randomElement(using: &random)!
                switch random.below(12) {
                case 0: watch.note(desk.up(peer))
                case 1:
                    watch.note(desk.down(peer))
                    watch.asked[peer] = nil
                case 2: watch.note(desk.share((0..<9).filter { _ in random.chance(70) }, with: peers))
                case 3: watch.note(desk.compare(with: peer, nil).actions)
                case 4...6: watch.note(desk.awake())
                default: watch.answer(desk, &random, differing: 40, missing: 10, failing: 10)
                }
                desk.now += UInt64(random.below(20))
                #expect(watch.running.count <= 4, "seed \(seed)")
                #expect(
                    peers.allSatisfy { peer in watch.running.count { $0.peer == peer } <= 2 }, "seed \(seed)")
            }
            watch.note(desk.share(Array(0..<9), with: peers))
            for peer in peers { watch.note(desk.up(peer)) }
            let rounds = peers.map { desk.peer($0).totals.rounds }
            let begun = desk.now
            watch.note(desk.compare(with: nil, nil).actions)
            for _ in 0..<400 where desk.now < begun + 12_000 {
                if watch.isIdle { watch.note(desk.awake()) }
                watch.answer(desk, &random, differing: 30, missing: 0, failing: 0)
            }
            for (peer, before) in zip(peers, rounds) {
                #expect(desk.peer(peer).totals.rounds >= before + (peer == nodeA ? 1 : 2), "seed \(seed)")
            }
        }
    }

    /// What a schedule has asked for and not got yet.
    private struct Watch {
        struct Run: Hashable {
            let tree: TreeRef
            let peer: NodeID
        }

        var asked: [NodeID: [TreeRef]] = [:]
        var running: Set<Run> = []
        var isIdle: Bool { asked.isEmpty && running.isEmpty }

        /// A set's own order differs from process to process.
        private var sorted: [Run] {
            running.sorted { ($0.peer, $0.tree.partition) < ($1.peer, $1.tree.partition) }
        }

        mutating func note(_ actions: [EntropySchedule.Action]) {
            for action in actions {
                switch action {
                case .askRoots(let trees, let peer):
                    #expect(asked.updateValue(trees, forKey: peer) == nil, "one question at a time")
                case .compare(let tree, let peer):
                    #expect(running.insert(Run(tree: tree, peer: peer)).inserted)
                case .cancel(let tree, let peer):
                    #expect(running.remove(Run(tree: tree, peer: peer)) != nil)
                case .wake: break
                }
            }
        }

        mutating func answer(
            _ desk: Desk, _ random: inout VersionRandom, differing: Int, missing: Int, failing: Int
        ) {
            let asking = asked.keys.sorted().randomElement(using: &random)
            if let peer = asking, let trees = asked[peer], random.chance(50) || running.isEmpty {
                asked[peer] = nil
                if random.chance(failing) {
                    return note(desk.step { $0.rootsFailed(trees, of: peer, now: $1, &$2) })
                }
                let partitions = trees.map(\.partition)
                let different = Set(partitions.filter { _ in random.chance(differing) })
                let absent = Set(partitions.filter { _ in random.chance(missing) })
                note(desk.roots(trees, of: peer, differing: different, missing: absent))
            } else if let run = sorted.randomElement(using: &random) {
                running.remove(run)
                let outcome: ComparisonReport.Outcome =
                    random.chance(failing) ? .failed : random.chance(missing) ? .notReady : .done
                note(desk.finish(run.tree.partition, with: run.peer, ComparisonReport(outcome: outcome)))
            }
        }
    }
}
