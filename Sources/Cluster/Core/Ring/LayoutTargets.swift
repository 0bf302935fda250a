/// How many replicas each member gets: weighted water-filling, then rounding.
///
/// Every member's share is one level λ times its weight, except where a bound cuts it off:
/// - a member holds a partition once: at most Q;
/// - a zone holds a partition once if there are enough zones (Z ≥ R): at most Q together;
/// - else it holds each partition at least once and leaves one replica to every other zone: from Q to
///   Q · min(its members, R - Z + 1).
///
/// λ is the level at which the shares sum up to Q · R. Each partition can be thought to hold the fraction share/Q of
/// each member: that respects every rule, so a whole-numbered assignment with these totals exists too (the rules form
/// a flow network, and those have integral solutions). `LayoutAssignment` finds one.
///
/// Uses no operation on floating-point numbers but the four that IEEE 754 defines exactly, in one order, so that all
/// nodes come to the same numbers.
struct LayoutTargets {
    private let weights: [Double]
    private let partitionCount: Int
    private let replicaCount: Int
    /// The members of each zone, by index.
    private let zones: [[Int]]
    /// What each zone holds at least and at most, in replicas.
    private let bounds: [ClosedRange<Int>]

    init(zoneOfMember: [Int32], weights: [Double], partitionCount: Int, replicaCount: Int) {
        var zones = [[Int]](repeating: [], count: Int(zoneOfMember.max() ?? 0) + 1)
        for (member, zone) in zoneOfMember.enumerated() { zones[Int(zone)].append(member) }
        self.weights = weights
        self.partitionCount = partitionCount
        self.replicaCount = replicaCount
        self.zones = zones
        bounds = zones.map { members in
            if zones.count >= replicaCount { return 0...partitionCount }
            return partitionCount...partitionCount * min(members.count, replicaCount - zones.count + 1)
        }
    }

    /// The replicas for each member, Q · R together.
    ///
    /// - Parameter loads: What they hold now. Who already holds its share rounded up keeps that, to save a move.
    func counts(loads: [Int]) -> [Int] {
        let zoneLoads = zones.map { members in members.reduce(0) { $0 + loads[$1] } }
        let zoneCounts = Self.rounded(
            zoneShares(), total: partitionCount * replicaCount, loads: zoneLoads)
        var counts = [Int](repeating: 0, count: weights.count)
        for (zone, members) in zones.enumerated() {
            let shares = memberShares(members, total: zoneCounts[zone])
            let rounded = Self.rounded(shares, total: zoneCounts[zone], loads: members.map { loads[$0] })
            for (member, count) in zip(members, rounded) { counts[member] = count }
        }
        return counts
    }

    private func zoneShares() -> [Double] {
        var low = 0.0
        var high = Double(partitionCount) / (weights.min() ?? 1)
        // The sum grows with the level, without jumps; 128 halvings use up the precision of a Double.
        for _ in 0..<128 {
            let level = (low + high) / 2
            let sum = zones.indices.reduce(0.0) { $0 + zoneShare($1, level: level) }
            if sum < Double(partitionCount * replicaCount) { low = level } else { high = level }
        }
        return zones.indices.map { zoneShare($0, level: high) }
    }

    private func zoneShare(_ zone: Int, level: Double) -> Double {
        var sum = 0.0
        for member in zones[zone] { sum += min(Double(partitionCount), level * weights[member]) }
        return min(max(sum, Double(bounds[zone].lowerBound)), Double(bounds[zone].upperBound))
    }

    /// Divides `total` among the members of a zone by weight, none over Q.
    private func memberShares(_ members: [Int], total: Int) -> [Double] {
        // The heaviest first: whoever's part is over Q gets Q, and the others divide what is left.
        let order = members.indices.sorted { (weights[members[$1]], $0) < (weights[members[$0]], $1) }
        var shares = [Double](repeating: 0, count: members.count)
        var left = Double(total)
        var weightLeft = order.reversed().reduce(0.0) { $0 + weights[members[$1]] }
        for index in order {
            let weight = weights[members[index]]
            shares[index] = min(Double(partitionCount), left * min(1, weight / weightLeft))
            left -= shares[index]
            weightLeft -= weight
        }
        return shares
    }

    /// Rounds each share up or down so that they sum up to `total`.
    ///
    /// Up go first those who hold more than the share rounded down already, then the largest remainders.
    private static func rounded(_ shares: [Double], total: Int, loads: [Int]) -> [Int] {
        // A share that is whole but for an error of arithmetic counts as whole.
        var counts = shares.map { Int($0 + 1e-6) }
        let missing = total - counts.reduce(0, +)
        let order = shares.indices.sorted { a, b in
            let keepsA = loads[a] > counts[a]
            let keepsB = loads[b] > counts[b]
            let restA = shares[a] - Double(counts[a])
            let restB = shares[b] - Double(counts[b])
            if (restA > 1e-6) != (restB > 1e-6) { return restA > 1e-6 }
            if keepsA != keepsB { return keepsA }
            return restA != restB ? restA > restB : a < b
        }
        for index in order.prefix(missing) { counts[index] += 1 }
        return counts
    }
}
