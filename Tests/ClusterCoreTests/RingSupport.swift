import ClusterCore
import Testing

/// How the members of a test cluster are made.
struct RingShape: Sendable, CustomTestStringConvertible {
    enum Weights: String, Sendable { case equal = "equal", oneToFour = "1...4" }

    var members: Int
    var partitions: Int
    var weights: Weights
    /// 0: none are named.
    var zones: Int

    var testDescription: String {
        "\(members) members, Q=\(partitions), weights \(weights.rawValue), \(zones) zones"
    }

    func makeMembers() -> [Member] { (0..<members).map(makeMember) }

    /// Member `index`; `index == members` is the one that joins.
    func makeMember(_ index: Int) -> Member {
        Member(
            name: "node\(index)", address: "10.0.0.\(index):7401",
            zone: zones == 0 ? "" : "zone\(index % zones)",
            weight: weights == .equal ? 1 : Double(1 + (index * 7 + index / 3) % 4))
    }
}

/// The fair share of each member in replicas, by a way of computing that has nothing in common with the layout's:
/// two nested bisections, one for the level over zones, one for that inside each zone.
func fairShares(_ members: [Member], partitions: Int, factor: Int) -> [NodeID: Double] {
    let capacity = Double(partitions)
    let replicas = min(factor, members.count)
    let zones = Dictionary(grouping: members, by: \.zone).values
    func sum(_ zone: [Member], _ level: Double) -> Double {
        zone.map { min(capacity, level * $0.weight) }.sorted().reduce(0, +)
    }
    func share(_ zone: [Member], _ level: Double) -> Double {
        if zones.count >= replicas { return min(capacity, sum(zone, level)) }
        let most = capacity * Double(min(zone.count, replicas - zones.count + 1))
        return min(most, max(capacity, sum(zone, level)))
    }
    func level(reaching total: Double, _ function: (Double) -> Double) -> Double {
        var low = 0.0
        var high = capacity / members.map(\.weight).min()!
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if function(middle) < total { low = middle } else { high = middle }
        }
        return high
    }
    let total = capacity * Double(replicas)
    let outer = level(reaching: total) { candidate in zones.map { share($0, candidate) }.sorted().reduce(0, +)
    }
    var result: [NodeID: Double] = [:]
    for zone in zones {
        let inner = level(reaching: share(zone, outer)) { sum(zone, $0) }
        for member in zone { result[member.id] = min(capacity, inner * member.weight) }
    }
    return result
}

/// What a layout amounts to, read through its public interface alone.
struct RingCensus {
    var loads: [NodeID: Int] = [:]
    var led: [NodeID: Int] = [:]
    /// Partitions that break a rule.
    var broken = 0

    init(_ layout: Layout) {
        let zones = Dictionary(uniqueKeysWithValues: layout.members.map { ($0.id, $0.zone) })
        let replicas = min(layout.replicationFactor, layout.members.count)
        let zonesNeeded = min(replicas, Set(zones.values).count)
        for partition in 0..<layout.partitionCount {
            let holders = layout.replicas(ofPartition: partition)
            for id in holders { loads[id, default: 0] += 1 }
            led[holders.first!, default: 0] += 1
            let reached = Set(holders.compactMap { zones[$0] })
            if holders.count != replicas || Set(holders).count != replicas || reached.count != zonesNeeded
                || !holders.allSatisfy({ zones[$0] != nil })
            {
                broken += 1
            }
        }
    }

    /// The most that a member holds (leads), as a multiple of its fair share.
    func balance(_ layout: Layout) -> (held: Double, led: Double) {
        let replicas = Double(min(layout.replicationFactor, layout.members.count))
        let shares = fairShares(
            layout.members, partitions: layout.partitionCount, factor: layout.replicationFactor)
        var held = 0.0
        var lead = 0.0
        for (id, share) in shares {
            held = max(held, Double(loads[id] ?? 0) / share)
            lead = max(lead, Double(led[id] ?? 0) / (share / replicas))
        }
        return (held, lead)
    }
}

/// How many replicas of `new` are where `old` has none: what has to be copied.
func moved(from old: Layout, to new: Layout) -> Int {
    (0..<old.partitionCount).reduce(0) { count, partition in
        let before = old.replicas(ofPartition: partition)
        return count + new.replicas(ofPartition: partition).filter { !before.contains($0) }.count
    }
}
