import ClusterCore

/// The least number of replicas that have to be copied to get from one layout to another as good as a given one.
///
/// Over all tables that keep the rules of `Layout` for the new members, and in which no member is farther from its
/// fair share, rounded down or up, than in the given layout. Such tables are the flows of a network:
///
/// ```
/// partition -> its zone -> member -> sink
/// ```
/// A partition sends one unit for each replica; of these at most one to a zone if there are enough zones, else at
/// least one; at most one of a zone's to any member; and a member passes on what it may hold. A unit that reaches a
/// member which had no replica of the partition costs 1.
///
/// The given layout is such a flow. As long as there is a cycle of negative cost in what it leaves over, the flow is
/// changed along that; when there is none it is the cheapest (Klein, "A primal method for minimal cost flows", 1967).
/// This shares nothing with the layout's own search, neither the method nor the code.
struct RingLeast {
    /// What the cheapest flow costs.
    private(set) var moves: Int

    private let partitions: Int
    private let zones: Int
    private let zoneOf: [Int]
    /// Which units to a member cost 1, and which there are; `zoneOf.count` for each partition.
    private let isNew: [Bool]
    private var holds: [Bool]
    /// The units of each zone; `zones` for each partition.
    private var inZone: [Int]
    private let inZoneAllowed: ClosedRange<Int>
    private var loads: [Int]
    private let loadsAllowed: [ClosedRange<Int>]
    /// How cheaply each node is reached from anywhere, and from which node.
    private var distance: [Int]
    private var previous: [Int]

    init(from old: Layout, to new: Layout) {
        let names = Array(Set(new.members.map(\.zone)))
        let members = new.members
        let replicas = min(new.replicationFactor, members.count)
        let index = Dictionary(uniqueKeysWithValues: members.indices.map { (members[$0].id, $0) })
        partitions = new.partitionCount
        zones = names.count
        zoneOf = members.map { names.firstIndex(of: $0.zone)! }
        inZoneAllowed = zones >= replicas ? 0...1 : 1...replicas - zones + 1
        var isNew = [Bool](repeating: true, count: partitions * members.count)
        var holds = [Bool](repeating: false, count: partitions * members.count)
        var inZone = [Int](repeating: 0, count: partitions * zones)
        var loads = [Int](repeating: 0, count: members.count)
        for partition in 0..<partitions {
            for id in old.replicas(ofPartition: partition) {
                if let member = index[id] { isNew[partition * members.count + member] = false }
            }
            for id in new.replicas(ofPartition: partition) {
                let member = index[id]!
                holds[partition * members.count + member] = true
                inZone[partition * zones + zoneOf[member]] += 1
                loads[member] += 1
            }
        }
        let shares = fairShares(members, partitions: partitions, factor: new.replicationFactor)
        loadsAllowed = members.indices.map { member in
            let share = shares[members[member].id]!
            let low = Int((share + 1e-6).rounded(.down))
            let high = Int((share - 1e-6).rounded(.up))
            return min(low, loads[member])...max(high, loads[member])
        }
        moves = holds.indices.count { holds[$0] && isNew[$0] }
        (self.isNew, self.holds, self.inZone, self.loads) = (isNew, holds, inZone, loads)
        distance = []
        previous = []
        while let cycle = negativeCycle() { change(along: cycle) }
    }

    // MARK: Nodes: the sink, the members, then each partition followed by its zones

    private var nodeCount: Int { 1 + zoneOf.count + partitions * (1 + zones) }

    private func node(partition: Int) -> Int { 1 + zoneOf.count + partition * (1 + zones) }

    /// The partition of a node behind the members', and its zone; -1 for the partition's own.
    private func place(_ node: Int) -> (partition: Int, zone: Int) {
        let (partition, rest) = (node - 1 - zoneOf.count).quotientAndRemainder(dividingBy: 1 + zones)
        return (partition, rest - 1)
    }

    // MARK: Cycles

    /// The nodes of a cycle that lowers the cost, each before its predecessor; nil if there is none.
    ///
    /// By Bellman and Ford from all nodes at once: a circle of predecessors is such a cycle.
    private mutating func negativeCycle() -> [Int]? {
        distance = [Int](repeating: 0, count: nodeCount)
        previous = [Int](repeating: -1, count: nodeCount)
        while relaxAll() {
            if let cycle = circle() { return cycle }
        }
        return nil
    }

    /// Follows every edge along which the flow may change, once; whether any node came closer.
    private mutating func relaxAll() -> Bool {
        var closer = false
        for member in zoneOf.indices {
            if loads[member] < loadsAllowed[member].upperBound { relax(1 + member, 0, 0, &closer) }
            if loads[member] > loadsAllowed[member].lowerBound { relax(0, 1 + member, 0, &closer) }
        }
        for partition in 0..<partitions {
            let own = node(partition: partition)
            for zone in 0..<zones {
                let units = inZone[partition * zones + zone]
                if units > inZoneAllowed.lowerBound { relax(own + 1 + zone, own, 0, &closer) }
            }
            for zone in 0..<zones {
                let units = inZone[partition * zones + zone]
                if units < inZoneAllowed.upperBound { relax(own, own + 1 + zone, 0, &closer) }
            }
            for member in zoneOf.indices {
                let edge = partition * zoneOf.count + member
                let zone = own + 1 + zoneOf[member]
                let cost = isNew[edge] ? 1 : 0
                if holds[edge] {
                    relax(1 + member, zone, -cost, &closer)
                } else {
                    relax(zone, 1 + member, cost, &closer)
                }
            }
        }
        return closer
    }

    private mutating func relax(_ from: Int, _ to: Int, _ cost: Int, _ closer: inout Bool) {
        if distance[from] + cost < distance[to] {
            distance[to] = distance[from] + cost
            previous[to] = from
            closer = true
        }
    }

    private func circle() -> [Int]? {
        // The node from which the walk that came by set out.
        var seen = [Int](repeating: -1, count: nodeCount)
        for start in previous.indices {
            var node = start
            while node >= 0, seen[node] < 0 {
                seen[node] = start
                node = previous[node]
            }
            if node < 0 || seen[node] != start { continue }
            var cycle = [node]
            while previous[cycle.last!] != node { cycle.append(previous[cycle.last!]) }
            return cycle
        }
        return nil
    }

    private mutating func change(along cycle: [Int]) {
        for (index, node) in cycle.enumerated() {
            push(from: cycle[(index + 1) % cycle.count], to: node)
        }
    }

    /// Sends one unit more along an edge, or one less if the edge leads the other way.
    private mutating func push(from: Int, to: Int) {
        let (lower, upper) = (min(from, to), max(from, to))
        let step = from == upper ? 1 : -1
        if lower == 0 {
            loads[upper - 1] += step
        } else if lower <= zoneOf.count {
            let edge = place(upper).partition * zoneOf.count + lower - 1
            holds[edge] = step > 0
            if isNew[edge] { moves += step }
        } else {
            let (partition, zone) = place(upper)
            inZone[partition * zones + zone] -= step
        }
    }
}
