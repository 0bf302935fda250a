/// What a change of layout would do, for an operator to look at before the commit.
public struct LayoutPlan: Equatable, Sendable {
    /// What becomes of one member, in replicas of partitions. Multiply by the bytes of a partition for an estimate.
    public struct Share: Equatable, Sendable {
        public var node: NodeID
        public var name: String
        /// What it holds now; 0 if it joins.
        public var before: Int
        /// What it will hold; 0 if it leaves.
        public var after: Int
        /// What it has to copy; the rest of `after` it has.
        public var gained: Int
    }

    /// What the operator should know before.
    public enum Warning: Equatable, Sendable, CustomStringConvertible {
        /// Some replicas of a partition share a zone. Not said where no zones are named.
        case fewerZonesThanReplicas(zones: Int, replicas: Int)
        /// The replication factor is not reached.
        case fewerMembersThanReplicas(members: Int, replicas: Int)
        /// A member is declared lost, and not read from until it is back.
        case lostMember(name: String)
        /// No replica that is not lost holds these: what is in them is given up.
        case partitionsWithoutSource(Int)

        public var description: String {
            switch self {
            case .fewerZonesThanReplicas(let zones, let replicas):
                "\(zones) zones for \(replicas) replicas: some share a zone, and fail with it"
            case .fewerMembersThanReplicas(let members, let replicas):
                "\(members) members for \(replicas) replicas: each partition has \(members) only"
            case .lostMember(let name): "member '\(name)' is declared lost and stays in the layout"
            case .partitionsWithoutSource(let count):
                "all replicas of \(count) partitions are declared lost: their data is given up"
            }
        }
    }

    /// The layout proposed.
    public let layout: Layout
    /// Of all members before and after, by name.
    public let shares: [Share]
    /// Partitions of which a replica moves.
    public let partitionsMoved: Int
    /// Replicas to be copied; more than `partitionsMoved` if several of one partition move.
    public let replicasMoved: Int
    public let warnings: [Warning]

    /// Compares two layouts of one cluster. Linear in their tables.
    init(from old: Layout, to new: Layout, isLost: (NodeID) -> Bool) {
        var gained: [NodeID: Int] = [:]
        var before: [NodeID: Int] = [:]
        var after: [NodeID: Int] = [:]
        var moved = 0
        var orphans = 0
        for partition in 0..<new.partitionCount {
            let holders = old.replicas(ofPartition: partition)
            let fresh = new.replicas(ofPartition: partition).filter { !holders.contains($0) }
            for node in holders { before[node, default: 0] += 1 }
            for node in new.replicas(ofPartition: partition) { after[node, default: 0] += 1 }
            for node in fresh { gained[node, default: 0] += 1 }
            if !fresh.isEmpty { moved += 1 }
            if holders.allSatisfy(isLost) { orphans += 1 }
        }
        layout = new
        partitionsMoved = moved
        replicasMoved = gained.values.reduce(0, +)
        let leaving = old.members.filter { new.member($0.id) == nil }
        shares = (new.members + leaving).map { member in
            Share(
                node: member.id, name: member.name, before: before[member.id] ?? 0,
                after: after[member.id] ?? 0, gained: gained[member.id] ?? 0)
        }.sorted { $0.name < $1.name }
        warnings = Self.warnings(new, orphans: orphans, isLost: isLost)
    }

    private static func warnings(_ layout: Layout, orphans: Int, isLost: (NodeID) -> Bool) -> [Warning] {
        var warnings: [Warning] = []
        let zones = Set(layout.members.map(\.zone))
        let replicas = layout.replicationFactor
        if layout.members.count < replicas {
            warnings.append(
                .fewerMembersThanReplicas(members: layout.members.count, replicas: replicas))
        } else if zones.count < replicas, zones != [""] {
            warnings.append(.fewerZonesThanReplicas(zones: zones.count, replicas: replicas))
        }
        for member in layout.members where isLost(member.id) {
            warnings.append(.lostMember(name: member.name))
        }
        if orphans > 0 { warnings.append(.partitionsWithoutSource(orphans)) }
        return warnings
    }
}
