import ClusterCore
import Testing

/// Layouts after long random histories: members join, leave, and change weight and zone, several at a time.
@Suite struct RingHistoryTests {
    @Test(arguments: 0..<80) func rulesAndBalanceHoldAfterEveryChange(seed: Int) throws {
        var history = RingHistory(seed: UInt64(seed))
        var layout = try history.begin()
        try check(layout, isFirst: true, seed)
        for _ in 0..<12 {
            let members = history.nextMembers(layout.members)
            let next = try layout.changed(members: members)
            #expect(next == (try layout.changed(members: members.reversed())), "seed \(seed)")
            #expect(next.version == layout.version + 1, "seed \(seed)")
            try check(next, isFirst: false, seed)
            layout = next
        }
    }

    /// The fair share rounded up, and in later layouts 1/16 of it more; of what a member holds it leads 1/R, rounded up.
    private func check(_ layout: Layout, isFirst: Bool, _ seed: Int) throws {
        let census = RingCensus(layout)
        let comment: Comment = "seed \(seed), version \(layout.version), \(layout.members)"
        #expect(census.broken == 0, comment)
        let replicas = min(layout.replicationFactor, layout.members.count)
        let shares = fairShares(
            layout.members, partitions: layout.partitionCount, factor: layout.replicationFactor)
        for (id, share) in shares {
            let held = census.loads[id] ?? 0
            // A zone's total is rounded before its members', so two roundings may add up.
            let most = (share - 1e-6).rounded(.up) + 1
            #expect(Double(held) <= (isFirst ? most : most * 17 / 16), comment)
            #expect(census.led[id] ?? 0 <= (held + replicas - 1) / replicas, comment)
            if isFirst { #expect(Double(held) >= (share + 1e-6).rounded(.down) - 1, comment) }
        }
    }

    /// One member at a time, with weights 1 to 4: what the whole history copies, and the worst single change.
    @Test(arguments: [0, 3, 5]) func historiesOfSingleChangesMoveLittle(zones: Int) throws {
        var random = RingRandom(seed: UInt64(zones) + 1)
        let shape = RingShape(members: 8, partitions: 256, weights: .oneToFour, zones: zones)
        var layout = try Layout.initial(members: shape.makeMembers())
        var total = (moved: 0, least: 0.0)
        var worst = (moved: 0.0, held: 0.0)
        for step in 0..<60 {
            var members = layout.members
            let least: Double
            let next: Layout
            if members.count < 6 || members.count < 14 && random.below(2) == 0 {
                let member = shape.makeMember(100 + step)
                members.append(member)
                next = try layout.changed(members: members)
                least = fairShares(members, partitions: 256, factor: 3)[member.id]!
            } else {
                let member = members.remove(at: random.below(members.count))
                next = try layout.changed(members: members)
                least = Double(RingCensus(layout).loads[member.id]!)
            }
            let copied = moved(from: layout, to: next)
            total = (total.moved + copied, total.least + least)
            worst.moved = max(worst.moved, Double(copied) / atLeast(least, from: layout, to: next, copied))
            worst.held = max(worst.held, RingCensus(next).balance(next).held)
            layout = next
        }
        let ratio = Double(total.moved) / total.least
        print(
            "ring: 60 joins and leaves among 6 to 14 members, Q=256, weights 1...4, \(zones) zones:",
            "moved/least \(RingFigures.fixed(ratio)), worst \(RingFigures.fixed(worst.moved)),",
            "held \(RingFigures.fixed(worst.held))")
        #expect(ratio <= 1.05)
        #expect(worst.moved <= 1.15)
        #expect(worst.held <= 1.10)
    }

    /// From a table that was made without regard to the old one, the least is far away, and has to be found.
    @Test func theLeastIsFoundFromATableFarFromIt() throws {
        let shape = RingShape(members: 9, partitions: 64, weights: .oneToFour, zones: 4)
        let members = shape.makeMembers()
        let old = try Layout.initial(members: Array(members.dropLast()), partitionCount: 64)
        let unrelated = try Layout.initial(members: members, partitionCount: 64)
        let related = try old.changed(members: members)
        let share = fairShares(members, partitions: 64, factor: 3)[members.last!.id]!
        let least = RingLeast(from: old, to: unrelated).moves
        #expect(moved(from: old, to: unrelated) > 2 * least)
        #expect(Double(least) > share - 1 && least <= moved(from: old, to: related))
    }

    /// What a change must copy. `counted`, the newcomer's share or what the leaver held, is a bound from below, which the
    /// rules of placement can force a table to exceed: the exact least is computed where it makes a difference.
    private func atLeast(_ counted: Double, from old: Layout, to new: Layout, _ copied: Int) -> Double {
        guard Double(copied) > 1.15 * counted else { return counted }
        let least = RingLeast(from: old, to: new).moves
        print("ring: copied \(copied), by counting \(RingFigures.fixed(counted)), least possible \(least)")
        return Double(least)
    }
}

/// Members that come and go, by a seed.
struct RingHistory {
    private var random: RingRandom
    private var made = 0
    private let zones: Int

    init(seed: UInt64) {
        random = RingRandom(seed: seed)
        zones = 1 + random.below(6)
    }

    mutating func begin() throws -> Layout {
        let members = (0...random.below(10)).map { _ in makeMember() }
        return try Layout.initial(
            members: members, partitionCount: 1 << random.below(9), replicationFactor: 1 + random.below(5))
    }

    /// One to three changes to `members`.
    mutating func nextMembers(_ members: [Member]) -> [Member] {
        var members = members
        for _ in 0...random.below(3) {
            let index = random.below(members.count)
            switch random.below(6) {
            case 0, 1: members.append(makeMember())
            case 2, 3: if members.count > 1 { members.remove(at: index) }
            case 4: members[index].weight = makeWeight()
            default: members[index].zone = makeZone()
            }
        }
        return members
    }

    private mutating func makeMember() -> Member {
        made += 1
        return Member(name: "node\(made)", address: "h:\(made)", zone: makeZone(), weight: makeWeight())
    }

    private mutating func makeZone() -> String {
        let zone = random.below(zones)
        return zone == 0 ? "" : "zone\(zone)"
    }

    /// Mostly of one size, now and then far from it.
    private mutating func makeWeight() -> Double {
        switch random.below(5) {
        case 0: Double(1 + random.below(100)) / 10
        case 1: [0.001, 1000, 1_000_000][random.below(3)]
        default: 1
        }
    }
}

/// A linear congruential generator, good enough to vary a test.
struct RingRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
