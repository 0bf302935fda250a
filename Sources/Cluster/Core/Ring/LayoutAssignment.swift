/// Which member holds which partition: few changes to the table so far that bring every member to its target.
///
/// Seen as a flow of replicas from partitions to members, the old table is a flow that overfills some members and
/// underfills others. A move takes a slot from one member (or finds it empty) and gives it to another that the rules
/// admit there.
/// 1. Replicas that no longer fit the rules are dropped.
/// 2. Each empty slot, and each replica that a member holds over its target, goes to a member that lacks some, both
///    drawn at random (the same on all nodes). Nearly all moves are of this kind, and the draw scatters the partitions
///    of one member over all others, so that those share the work when it fails.
/// 3. What found no taker so goes along a chain of moves (an augmenting path of Ford and Fulkerson): the next member
///    takes the slot and gives up another in turn, until one lacks some. See `LayoutChain`.
///
/// Only moves in the middle of a chain can be more than the targets demand. A first table has exactly the targets; a
/// later one may leave a member up to 1/16 over its target where less would take such moves.
///
/// That a layout is a maximum flow is Garage's idea (Mendes Oulamara, Auvolat, "An algorithm for geo-distributed and
/// redundant storage in Garage", 2023); this one keeps the network implicit and starts from the old table. The work
/// is near linear in Q · R.
///
/// Members and zones are indices. A slot is a place in the table; slots `p * replicaCount` and on are partition p's.
struct LayoutAssignment {
    private(set) var table: [Int32]
    /// The table before; nil for a first one.
    private let old: [Int32]?
    let zones: [Int32]
    private let replicaCount: Int
    /// The zones each partition must reach.
    private let zonesNeeded: Int
    /// The slots of each member, in no order, and where in that list a slot is.
    private(set) var held: [[Int32]]
    private var place: [Int32]
    /// How many replicas each member lacks; below 0, how many it holds too many.
    private(set) var lacking: [Int]
    /// How far each member may stay above its target where less would take moves that serve nothing else.
    let tolerance: [Int]
    private var random: SplitMix64

    /// - Parameter kept: The old table, -1 where a replica is to be found; nil for an empty one.
    init(
        zones: [Int32], weights: [Double], partitionCount: Int, replicaCount: Int, kept: [Int32]?,
        seed: UInt64
    ) {
        old = kept
        table = kept ?? [Int32](repeating: -1, count: partitionCount * replicaCount)
        self.zones = zones
        self.replicaCount = replicaCount
        zonesNeeded = min(replicaCount, Int(zones.max() ?? 0) + 1)
        held = [[Int32]](repeating: [], count: zones.count)
        place = [Int32](repeating: -1, count: table.count)
        random = SplitMix64(seed: seed)
        for slot in table.indices where table[slot] >= 0 {
            let member = Int(table[slot])
            place[slot] = Int32(held[member].count)
            held[member].append(Int32(slot))
        }
        let loads = held.map(\.count)
        let targets = LayoutTargets(
            zoneOfMember: zones, weights: weights, partitionCount: partitionCount, replicaCount: replicaCount
        ).counts(loads: loads)
        lacking = zip(targets, loads).map { $0 - $1 }
        tolerance = targets.map { $0 / 16 }
    }

    /// Brings every member to its target.
    mutating func balance() {
        for partition in 0..<table.count / replicaCount { dropCrowding(partition) }
        if old == nil { placeLargest() }
        var takers: [Int32] = []
        for member in lacking.indices where lacking[member] > 0 {
            takers.append(contentsOf: repeatElement(Int32(member), count: lacking[member]))
        }
        let empty = table.indices.filter { table[$0] < 0 }
        for slot in empty { _ = draw(&takers, from: { _ in slot }) }
        for member in lacking.indices {
            while lacking[member] < 0, draw(&takers, from: { $0.randomSlot(of: member) }) {}
        }
        for slot in empty where table[slot] < 0 { _ = move(LayoutChain.from(slot: slot, in: self)) }
        for member in lacking.indices {
            while lacking[member] < 0, move(LayoutChain.from(member: member, in: self)) {}
        }
    }

    /// Of an empty table, fills what leaves little choice: a random draw would miss partitions that have to be filled
    /// so, and each would cost a chain.
    ///
    /// First whoever is to have a quarter of the partitions or more, the largest first, each in the partitions with
    /// most empty slots, which leaves the rest most room (after Gale 1957, Ryser 1957). If no partition may
    /// have two of a zone, a zone counts as one here. Else each zone then gets the one replica that every
    /// partition owes it.
    private mutating func placeLargest() {
        var ofZone = [[Int]](repeating: [], count: Int(zones.max() ?? 0) + 1)
        for (member, zone) in zones.enumerated() { ofZone[Int(zone)].append(member) }
        let isOnePerZone = zonesNeeded == replicaCount
        let groups = isOnePerZone ? ofZone : zones.indices.map { [$0] }
        let totals = groups.map { $0.reduce(0) { $0 + lacking[$1] } }
        let large = groups.indices.filter { totals[$0] >= table.count / replicaCount / 4 }
        for group in large.sorted(by: { (totals[$1], $0) < (totals[$0], $1) }) {
            place(groups[group], onlyFirstOfZone: false)
        }
        if !isOnePerZone {
            for members in ofZone { place(members, onlyFirstOfZone: true) }
        }
    }

    /// Gives the replicas that `members` lack to the partitions with most empty slots, at most one to each.
    private mutating func place(_ members: [Int], onlyFirstOfZone: Bool) {
        var takers = members.flatMap { repeatElement(Int32($0), count: lacking[$0]) }
        random.shuffle(&takers)
        var order = Array(0..<table.count / replicaCount)
        random.shuffle(&order)
        let filled = order.indices.map { partition in
            (0..<replicaCount).count { table[partition * replicaCount + $0] >= 0 }
        }
        let emptiest = (0..<replicaCount).flatMap { level in order.filter { filled[$0] == level } }
        for partition in emptiest {
            let first = partition * replicaCount
            let slot = first + filled[partition]
            guard let taker = takers.last, admits(taker, to: slot) else { continue }
            if onlyFirstOfZone, (first..<slot).contains(where: { zones[Int(table[$0])] == zones[Int(taker)] })
            {
                continue
            }
            set(slot, to: taker)
            takers.removeLast()
        }
    }

    // MARK: The rules

    /// Whether `member` may take `slot` in place of whoever has it.
    func admits(_ member: Int32, to slot: Int) -> Bool {
        let first = slot - slot % replicaCount
        let zone = zones[Int(member)]
        var empty = 0
        var zoneIsTaken = false
        for other in first..<first + replicaCount where other != slot {
            let present = table[other]
            if present == member { return false }
            if present < 0 {
                empty += 1
            } else if zones[Int(present)] == zone {
                zoneIsTaken = true
            }
        }
        if !zoneIsTaken { return true }
        // A second one in a zone: only if the other empty slots suffice for the zones that are still to be reached.
        return zonesNeeded < replicaCount && empty >= zonesNeeded - zonesReached(first, except: slot)
    }

    /// The zones of the partition whose first slot is `first`, but for one slot.
    private func zonesReached(_ first: Int, except slot: Int?) -> Int {
        var count = 0
        for a in first..<first + replicaCount where a != slot && table[a] >= 0 {
            let seen = (first..<a).contains { $0 != slot && table[$0] >= 0 && shareZone($0, a) }
            if !seen { count += 1 }
        }
        return count
    }

    /// Whether two filled slots are in one zone.
    private func shareZone(_ a: Int, _ b: Int) -> Bool {
        zones[Int(table[a])] == zones[Int(table[b])]
    }

    /// Empties slots until there is one for each zone that the partition has yet to reach: zones may have been added,
    /// or members moved to another. Of those that share a zone, the one with most over its target goes.
    private mutating func dropCrowding(_ partition: Int) {
        let slots = partition * replicaCount..<(partition + 1) * replicaCount
        while true {
            let filled = slots.filter { table[$0] >= 0 }
            let reached = zonesReached(slots.lowerBound, except: nil)
            if replicaCount - filled.count >= zonesNeeded - reached { return }
            let crowded = filled.filter { slot in filled.contains { $0 != slot && shareZone($0, slot) } }
            guard let worst = crowded.min(by: { lacking[Int(table[$0])] < lacking[Int(table[$1])] }) else {
                return
            }
            set(worst, to: -1)
        }
    }

    // MARK: Moves

    /// Gives `slot` to `member` (-1: to no one).
    mutating func set(_ slot: Int, to member: Int32) {
        let old = Int(table[slot])
        if old >= 0 {
            let last = held[old].removeLast()
            if Int(last) != slot {
                held[old][Int(place[slot])] = last
                place[Int(last)] = place[slot]
            }
            lacking[old] += 1
        }
        table[slot] = member
        if member >= 0 {
            place[slot] = Int32(held[Int(member)].count)
            held[Int(member)].append(Int32(slot))
            lacking[Int(member)] -= 1
        }
    }

    private mutating func randomSlot(of member: Int) -> Int {
        Int(held[member][random.next(below: held[member].count)])
    }

    /// Tries some random pairs of a slot and a taker, and makes the first move that the rules admit; false if none.
    ///
    /// - Parameter takers: A member for each replica that it lacks.
    private mutating func draw(_ takers: inout [Int32], from slot: (inout Self) -> Int) -> Bool {
        if takers.isEmpty { return false }
        for _ in 0..<32 {
            let candidate = slot(&self)
            let index = random.next(below: takers.count)
            if admits(takers[index], to: candidate) {
                set(candidate, to: takers[index])
                takers.swapAt(index, takers.count - 1)
                takers.removeLast()
                return true
            }
        }
        return false
    }

    /// Makes the moves of a chain; false if there is none.
    private mutating func move(_ chain: LayoutChain?) -> Bool {
        guard let chain else { return false }
        for (slot, member) in chain.moves { set(slot, to: member) }
        return true
    }

    /// Whether the holder of `slot` got the partition by this change: that it goes on to another costs no more.
    func isMoved(_ slot: Int) -> Bool {
        guard let old else { return true }
        let first = slot - slot % replicaCount
        return !(first..<first + replicaCount).contains { old[$0] == table[slot] }
    }
}
