import Testing

@testable import ClusterCore

@Suite struct ReaperTests {
    private static let (a, b, c) = (NodeID(name: "a"), NodeID(name: "b"), NodeID(name: "c"))

    /// A reaper of node a, and what it asks for; a reference, since `#expect` takes no call that changes a value.
    private final class Desk {
        typealias Step = (inout Reaper, UInt64, inout [Reaper.Action]) -> Void
        var reaper = Reaper(
            node: ReaperTests.a, limits: .init(interval: 1_000, bytesPerSecond: 1 << 20), seed: 1)
        var now: UInt64 = 0
        var wake: UInt64?

        init(_ partitions: [Int: [NodeID]] = [0: [a, b, c]], up: [NodeID] = [b, c]) {
            reaper.viewChanged(partitions)
            for peer in up { reaper.peerUp(peer) }
            #expect(step { $0.start(now: $1, &$2) }.isEmpty)
        }

        /// The actions but wakes.
        func step(_ event: Step) -> [Reaper.Action] {
            var actions: [Reaper.Action] = []
            event(&reaper, now, &actions)
            return actions.filter { action in
                guard case .wake(let time) = action else { return true }
                wake = min(wake ?? time, time)
                return false
            }
        }

        func awake() -> [Reaper.Action] {
            guard let time = wake else { return [] }
            wake = nil
            now = max(now, time)
            return step { $0.tick(now: $1, &$2) }
        }

        func scanned(_ candidates: [Reaper.Candidate], bytes: Int = 0, upTo: StorageKey? = nil)
            -> [Reaper.Action]
        {
            step { $0.scanned(candidates, bytes: bytes, upTo: upTo, now: $1, &$2) }
        }

        func answered(_ confirmed: [Bool], by node: NodeID) -> [Reaper.Action] {
            step { $0.answered(confirmed, by: node, now: $1, &$2) }
        }
    }

    private func row(_ number: Int, n: Int = 3) -> DeadRows.Row {
        DeadRows.Row(key: entropyKey(number, n: n), hash: UInt64(number))
    }

    private func candidates(_ numbers: Int...) -> [Reaper.Candidate] {
        numbers.map { Reaper.Candidate(row($0), n: 3) }
    }

    private func dead(_ numbers: Int...) -> DeadRows {
        DeadRows(partition: 0, rows: numbers.map { row($0) })
    }

    @Test func whatAllConfirmGoesEverywhere() {
        let desk = Desk()
        #expect(desk.awake() == [.scan(partition: 0, after: nil)] && desk.now >= 1_000)
        #expect(
            desk.scanned(candidates(1, 2))
                == [Self.a, Self.b, Self.c].map { .confirm(dead(1, 2), of: $0) })
        #expect(desk.answered([true, true], by: Self.b).isEmpty)
        #expect(desk.answered([true, false], by: Self.a).isEmpty)
        #expect(
            desk.answered([true, true], by: Self.c)
                == [Self.a, Self.b, Self.c].map { .remove(dead(1), at: $0) })
        #expect(desk.reaper.status.removed == 1 && desk.reaper.status.unconfirmed == 1)
        #expect(desk.reaper.status.sweeps == 1)
        #expect(desk.awake() == [.scan(partition: 0, after: nil)])
    }

    @Test func pageFollowsPageAndPartitionPartition() {
        let desk = Desk([0: [Self.a, Self.b], 1: [Self.a, Self.c]])
        #expect(desk.awake() == [.scan(partition: 0, after: nil)])
        #expect(desk.scanned([], upTo: entropyKey(5)) == [.scan(partition: 0, after: entropyKey(5))])
        #expect(desk.scanned([]) == [.scan(partition: 1, after: nil)])
        #expect(desk.step { $0.scanFailed(now: $1, &$2) }.isEmpty && desk.reaper.status.sweeps == 1)
    }

    @Test func aReplicaThatIsAwayKeepsItAll() {
        let desk = Desk(up: [Self.b])
        _ = desk.awake()
        #expect(desk.scanned(candidates(1)).isEmpty && desk.reaper.status.unconfirmed == 1)
        #expect(desk.reaper.status.removed == 0 && desk.reaper.status.sweeps == 1)
    }

    @Test func aReplicaThatGoesOrFailsEndsThePage() {
        let desk = Desk()
        for fails in [true, false] {
            _ = desk.awake()
            _ = desk.scanned(candidates(1))
            _ = desk.answered([true], by: Self.a)
            let actions = desk.step {
                if fails {
                    $0.askFailed(Self.b, now: $1, &$2)
                } else {
                    $0.peerDown(Self.b, now: $1, &$2)
                }
            }
            #expect(actions.isEmpty)
            // What comes later is of no use.
            #expect(desk.answered([true], by: Self.b).isEmpty && desk.answered([true], by: Self.c).isEmpty)
        }
        #expect(desk.reaper.status.removed == 0 && desk.reaper.status.sweeps == 2)
    }

    @Test func anAnswerOfTheWrongLengthIsNone() {
        let desk = Desk()
        _ = desk.awake()
        _ = desk.scanned(candidates(1, 2))
        #expect(desk.answered([true], by: Self.b).isEmpty)
        for node in [Self.a, Self.c] { #expect(desk.answered([true, true], by: node).isEmpty) }
        #expect(desk.reaper.status.removed == 0)
    }

    /// A bucket with fewer replicas has its keys on the first of the list alone.
    @Test func onlyWhoHoldsARowIsAsked() {
        let desk = Desk(up: [Self.b])
        _ = desk.awake()
        let (one, two) = (row(1, n: 1), row(2, n: 2))
        let all = DeadRows(partition: 0, rows: [one, two])
        let second = DeadRows(partition: 0, rows: [two])
        #expect(
            desk.scanned([.init(one, n: 1), .init(two, n: 2)])
                == [.confirm(all, of: Self.a), .confirm(second, of: Self.b)])
        _ = desk.answered([true, true], by: Self.a)
        #expect(
            desk.answered([true], by: Self.b) == [.remove(all, at: Self.a), .remove(second, at: Self.b)])
    }

    /// The layout has changed while the rows were being confirmed: the new list's replicas have not.
    @Test func anotherListOfReplicasEndsThePage() {
        let desk = Desk()
        _ = desk.awake()
        _ = desk.scanned(candidates(1))
        desk.reaper.viewChanged([0: [Self.a, Self.b, NodeID(name: "d")]])
        for node in [Self.a, Self.b] { _ = desk.answered([true], by: node) }
        #expect(desk.answered([true], by: Self.c).isEmpty && desk.reaper.status.removed == 0)
    }

    @Test func theThrottleSpreadsASweep() {
        let desk = Desk()
        _ = desk.awake()
        let begun = desk.now
        #expect(desk.scanned([], bytes: 1 << 20, upTo: entropyKey(1)).isEmpty)
        #expect(desk.awake() == [.scan(partition: 0, after: entropyKey(1))])
        #expect(desk.now >= begun + 900)
    }

    @Test func partitionsThatMoveOrLackAReplicaAreLeftAlone() throws {
        let members = (0..<4).map { Member(name: "node\($0)", address: "") }
        let layout = try Layout.initial(members: members, partitionCount: 64, replicationFactor: 3)
        var history = LayoutHistory(layout)
        let all = members.map { history.view(for: $0.id).sweptPartitions(of: $0.id) }
        #expect(all.reduce(0) { $0 + $1.count } == 64)
        for (member, swept) in zip(members, all) {
            #expect(swept.values.allSatisfy { $0.first == member.id && $0.count == 3 })
        }
        try history.declareLost(members[3].id, force: true)
        for member in members {
            let swept = history.view(for: member.id).sweptPartitions(of: member.id)
            #expect(swept.values.allSatisfy { !$0.contains(members[3].id) })
        }
    }
}
