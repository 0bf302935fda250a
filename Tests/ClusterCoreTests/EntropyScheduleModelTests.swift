import Testing

@testable import ClusterCore

/// A schedule and what it has asked for; a reference, since `#expect` takes no call that changes a value.
final class EntropyDesk {
    typealias Step = (inout EntropySchedule, UInt64, inout [EntropySchedule.Action]) -> Void

    var schedule: EntropySchedule
    var now: UInt64 = 1000
    var wake: UInt64?
    /// What the two nodes were to take note of.
    var agreements: [EntropyAgreement] = []
    /// How long the rounds took that came to their end, in milliseconds.
    var rounds: [UInt64] = []

    init(_ node: NodeID, limits: EntropySchedule.Limits = .init(), seed: UInt64 = 1) {
        schedule = EntropySchedule(node: node, limits: limits, seed: seed)
    }

    /// The actions but wakes, agreements and ends of rounds.
    func step(_ event: Step) -> [EntropySchedule.Action] {
        var actions: [EntropySchedule.Action] = []
        event(&schedule, now, &actions)
        return actions.filter { action in
            if case .agree(let found, _) = action {
                agreements += found
                return false
            }
            if case .roundEnded(_, let millis) = action {
                rounds.append(millis)
                return false
            }
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
        let ours = trees.map { missing.contains($0.partition) ? nil : root(UInt64($0.partition), token: 1) }
        let theirs = trees.map {
            root(UInt64($0.partition) + (differing.contains($0.partition) ? 1 : 0), token: 2)
        }
        return step { $0.rootsCame(trees, of: peer, ours: ours, theirs: theirs, now: $1, &$2) }
    }

    func root(_ sum: UInt64, token: UInt64) -> TreeRoot {
        TreeRoot(sum: sum, clock: PartitionClock(sizes: 0), token: token)
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

@Suite struct EntropyScheduleModelTests {
    /// Whatever comes in whatever order: the limits hold, and once all is calm, every round comes to its end.
    @Test func limitsHoldAndRoundsEnd() {
        for seed in 0..<80 as Range<UInt64> {
            var random = VersionRandom(seed: seed)
            var watch = Watch()
            let desk = EntropyDesk(
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
                case .wake, .agree, .roundEnded: break
                }
            }
        }

        mutating func answer(
            _ desk: EntropyDesk, _ random: inout VersionRandom, differing: Int, missing: Int, failing: Int
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
