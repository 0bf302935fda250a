/// Which members hold which partition: one version of the cluster's partition table.
///
/// A plain value, computed and never edited: every node that is given the same members, or the same layout and the
/// same change, comes to the same table. `LayoutTargets` says how much each member gets, `LayoutAssignment` which
/// partitions, `LayoutPrimaries` who comes first.
///
/// Of each partition's replicas
/// - no two are on one member,
/// - no two are in one zone if there are at least as many zones as replicas; else all zones have one,
/// - each member has its share by weight, rounded up or down, as far as the first two rules allow,
/// - the first, which coordinates most requests, is spread in the same proportion.
public struct Layout: Equatable, Sendable {
    /// 1 for the first layout of a cluster, one more with each change; 0 for what is no cluster's (`unknown`).
    public let version: UInt64
    /// Q, a power of two; fixed for the life of a cluster.
    public let partitionCount: Int
    /// N, the replicas wanted. With fewer members there are as many replicas as members.
    public let replicationFactor: Int
    /// By ascending id.
    public let members: [Member]
    /// A hash of all that decides where data lies: the table, Q, N and the members' ids. Not addresses, and not
    /// weights and zones, which show in the table. Nodes compare it to find that they disagree.
    public let digest: UInt64
    /// Replicas of each partition.
    let replicaCount: Int
    /// `replicaCount` ids for each partition, one partition after the other.
    let table: [NodeID]

    /// Q at most: what the two bytes of a `StorageKey` hold.
    public static let maxPartitionCount = 65_536
    /// N at most.
    public static let maxReplicationFactor = 16
    /// What a member's weight may be.
    public static let weights = 0.001...1_000_000

    /// The first layout of a cluster, version 1. The order of `members` does not matter.
    ///
    /// Near linear: well under a second for 1,000 members and 65,536 partitions.
    public static func initial(
        members: [Member], partitionCount: Int = 256, replicationFactor: Int = 3
    ) throws(LayoutError) -> Layout {
        guard accepts(partitionCount: partitionCount) else { throw .badPartitionCount(partitionCount) }
        guard 1...maxReplicationFactor ~= replicationFactor else {
            throw .badReplicationFactor(replicationFactor)
        }
        return try Layout(
            version: 1, partitionCount: partitionCount, replicationFactor: replicationFactor,
            members: members,
            previous: nil)
    }

    /// What a node that joins a cluster goes by until it hears of the cluster's layout: version 0, before all others.
    ///
    /// - Parameter members: Nodes of the cluster that it can ask.
    public static func unknown(
        members: [Member], partitionCount: Int = 256, replicationFactor: Int = 3
    ) throws(LayoutError) -> Layout {
        let first = try initial(
            members: members, partitionCount: partitionCount, replicationFactor: replicationFactor)
        return Layout(
            version: 0, partitionCount: partitionCount, replicationFactor: replicationFactor,
            members: first.members, table: first.table)
    }

    /// Whether the two can be layouts of one cluster.
    public func divides(as other: Layout) -> Bool {
        (partitionCount, replicationFactor) == (other.partitionCount, other.replicationFactor)
    }

    /// The next version, with `members` in place of the present ones and few replicas moved.
    ///
    /// A member is the same if its id is. A change of addresses alone moves nothing.
    public func changed(members: [Member]) throws(LayoutError) -> Layout {
        try Layout(
            version: version + 1, partitionCount: partitionCount, replicationFactor: replicationFactor,
            members: members, previous: self)
    }

    /// The `min(replicationFactor, members.count)` replicas of a partition, the preferred coordinator first.
    ///
    /// Shares the table's storage: no allocation. The slice's indices do not start at 0.
    public func replicas(ofPartition partition: Int) -> ArraySlice<NodeID> {
        table[partition * replicaCount..<(partition + 1) * replicaCount]
    }

    /// The member with this id; nil if it isn't one of the layout's.
    public func member(_ id: NodeID) -> Member? {
        index(of: id).map { members[$0] }
    }

    static func accepts(partitionCount: Int) -> Bool {
        1...maxPartitionCount ~= partitionCount && partitionCount.nonzeroBitCount == 1
    }
}

extension Layout {
    /// A layout as another node computed it: a change is computed once, and all go by that table.
    ///
    /// - Precondition: `members` are valid and ascend by id; `table` has `min(replicationFactor, members.count)` of
    ///   their ids for each partition.
    init(
        version: UInt64, partitionCount: Int, replicationFactor: Int, members: [Member], table: [NodeID]
    ) {
        let replicaCount = min(replicationFactor, members.count)
        precondition(table.count == partitionCount * replicaCount, "a table of another size")
        self.version = version
        self.partitionCount = partitionCount
        self.replicationFactor = replicationFactor
        self.members = members
        self.replicaCount = replicaCount
        self.table = table
        self.digest = Self.digest(partitionCount, replicationFactor, members, table)
    }

    private init(
        version: UInt64, partitionCount: Int, replicationFactor: Int, members unordered: [Member],
        previous: Layout?
    ) throws(LayoutError) {
        let members = try Self.validated(unordered)
        let replicaCount = min(replicationFactor, members.count)
        let table: [NodeID]
        if let previous, previous.divides(as: members) {
            table = previous.table
        } else {
            table = Self.assigned(
                members, partitionCount: partitionCount, replicaCount: replicaCount,
                kept: previous?.replicas(stillIn: members, count: replicaCount), seed: version)
        }
        self.version = version
        self.partitionCount = partitionCount
        self.replicationFactor = replicationFactor
        self.members = members
        self.replicaCount = replicaCount
        self.table = table
        self.digest = Self.digest(partitionCount, replicationFactor, members, table)
    }

    private static func assigned(
        _ members: [Member], partitionCount: Int, replicaCount: Int, kept: [Int32]?, seed: UInt64
    ) -> [NodeID] {
        // The work is done on indices into `members`, in 32 bits: the whole table stays in cache.
        var assignment = LayoutAssignment(
            zones: zoneIndices(members), weights: members.map(\.weight), partitionCount: partitionCount,
            replicaCount: replicaCount, kept: kept, seed: seed)
        assignment.balance()
        var primaries = LayoutPrimaries(
            table: assignment.table, memberCount: members.count, replicaCount: replicaCount)
        primaries.balance()
        return primaries.table.map { members[Int($0)].id }
    }

    /// Whether `members`, by ascending id, differ from the layout's in nothing that decides where data lies.
    private func divides(as members: [Member]) -> Bool {
        members.elementsEqual(self.members) { ($0.id, $0.zone, $0.weight) == ($1.id, $1.zone, $1.weight) }
    }

    /// `members` by id, checked.
    private static func validated(_ members: [Member]) throws(LayoutError) -> [Member] {
        guard !members.isEmpty else { throw .noMembers }
        for member in members {
            guard !member.name.isEmpty else { throw .emptyName }
            guard weights.contains(member.weight) else {
                throw .badWeight(name: member.name, weight: member.weight)
            }
        }
        let sorted = members.sorted { ($0.id, $0.name) < ($1.id, $1.name) }
        for (a, b) in zip(sorted, sorted.dropFirst()) where a.id == b.id {
            throw a.name == b.name ? .duplicateName(a.name) : .sameID(a.name, b.name)
        }
        return sorted
    }

    /// The zone of each member as a number from 0, in the order in which the sorted members first name them.
    private static func zoneIndices(_ members: [Member]) -> [Int32] {
        var numbers: [String: Int32] = [:]
        return members.map { member in
            let next = Int32(numbers.count)
            let number = numbers[member.zone] ?? next
            numbers[member.zone] = number
            return number
        }
    }

    /// The table as indices into `members`, with `count` slots for each partition; -1 where a replica is to be found.
    private func replicas(stillIn members: [Member], count: Int) -> [Int32] {
        var newIndex = [Int32](repeating: -1, count: self.members.count)
        for (index, member) in members.enumerated() {
            if let old = self.index(of: member.id) { newIndex[old] = Int32(index) }
        }
        var kept = [Int32](repeating: -1, count: partitionCount * count)
        for partition in 0..<partitionCount {
            var slot = partition * count
            for id in replicas(ofPartition: partition) {
                guard let old = index(of: id), newIndex[old] >= 0 else { continue }
                kept[slot] = newIndex[old]
                slot += 1
            }
        }
        return kept
    }

    /// Where `id` is in `members`.
    private func index(of id: NodeID) -> Int? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low].id == id ? low : nil
    }

    private static func digest(
        _ partitionCount: Int, _ replicationFactor: Int, _ members: [Member], _ table: [NodeID]
    ) -> UInt64 {
        var words = [UInt64(partitionCount), UInt64(replicationFactor), UInt64(members.count)]
        words.reserveCapacity(words.count + members.count + table.count)
        for member in members { words.append(member.id.rawValue) }
        for id in table { words.append(id.rawValue) }
        for index in words.indices { words[index] = words[index].littleEndian }
        return hash64(words.span.bytes)
    }
}
