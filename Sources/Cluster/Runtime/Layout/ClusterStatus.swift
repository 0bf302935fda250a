import ClusterCore

/// What a node knows of its cluster and of itself at one moment, for an operator.
public struct ClusterStatus: Sendable {
    /// What a member is to the layout.
    public enum Role: Sendable {
        /// Staged to join, or in the next layout alone.
        case joining
        case up
        /// Staged to leave, or in the earlier of two layouts alone.
        case leaving
        /// Declared lost, and not read from.
        case lost
    }

    public struct MemberStatus: Equatable, Sendable {
        /// As the newest layout that has it says, or what is staged for one that joins.
        public var member: Member
        public var role: Role
        /// Whether this node has a connection to it, or is it.
        public var isConnected: Bool
        /// Engine and version of software, as it told them; nil without a connection, and for this node itself.
        public var hello: PeerHello?
        /// Replicas of partitions by the layout that reads go by, and by the newest.
        public var partitions: Int
        public var partitionsAfter: Int
        /// By gossip; nil if nothing has been heard of it.
        public var liveness: Liveness?
    }

    public var cluster: String
    public var node: String
    public var history: LayoutHistory
    /// Whether this node is a member that may be read from.
    public var servesReads: Bool
    /// All members and those that are to be, by name.
    public var members: [MemberStatus]
    /// nil if nothing is copied to this node.
    public var filling: FillStatus?
    public var handoff: HandoffStatistics
    public var antiEntropy: AntiEntropyStatus
    public var reaping: ReaperStatus
    /// What this node's storage engine has shown of its files.
    public var engine: EngineStatus
    /// Timestamps of others that were further ahead of this node's wall clock than clocks may differ, since the start, and
    /// how far the furthest was, in milliseconds.
    public var refusedTimestamps: (count: Int, furthestMillis: UInt64)
    /// Nodes that live, by gossip, and are none of `members`, by name.
    public var candidates: [Member]
    /// The time by which hints age, in milliseconds since 1970.
    public var hintMillis: UInt64

    /// - Parameters:
    ///   - node: The name of this one.
    ///   - isLost: Whether this node is not read from, whoever has heard of it.
    ///   - connected: What the others said of themselves, as far as there is a connection.
    ///   - gossip: What is known of all nodes.
    public init(
        cluster: String, node: String, history: LayoutHistory, isLost: Bool, connected: [NodeID: PeerHello],
        gossip: [MemberRecord], filling: FillStatus?, handoff: HandoffStatistics,
        antiEntropy: AntiEntropyStatus, reaping: ReaperStatus, engine: EngineStatus = EngineStatus(),
        refusedTimestamps: (count: Int, furthestMillis: UInt64) = (0, 0),
        hintMillis: UInt64
    ) {
        let selfID = NodeID(name: node)
        self.cluster = cluster
        self.node = node
        self.history = history
        servesReads = history.current.member(selfID) != nil && !isLost
        let counts = history.current.replicaCounts
        let countsAfter = history.latest.replicaCounts
        let records = Dictionary(gossip.map { ($0.id, $0) }) { first, _ in first }
        let known = history.knownMembers
        members = known.map { member in
            MemberStatus(
                member: member, role: history.role(of: member.id),
                isConnected: member.id == selfID || connected[member.id] != nil, hello: connected[member.id],
                partitions: counts[member.id] ?? 0, partitionsAfter: countsAfter[member.id] ?? 0,
                liveness: records[member.id]?.liveness)
        }
        let ids = Set(known.map(\.id))
        candidates = gossip.filter { $0.liveness == .alive && !ids.contains($0.id) }.map {
            Member(name: $0.name, address: $0.address, zone: $0.zone, weight: $0.weight)
        }.sorted { $0.name < $1.name }
        self.filling = filling
        self.handoff = handoff
        self.antiEntropy = antiEntropy
        self.reaping = reaping
        self.engine = engine
        self.refusedTimestamps = refusedTimestamps
        self.hintMillis = hintMillis
    }
}

extension LayoutHistory {
    /// The members of all layouts in use and those that are staged to join, by name.
    public var knownMembers: [Member] {
        var members: [NodeID: Member] = [:]
        for case (let node, .member(let member)) in staged { members[node] = member }
        for layout in [previous, current, next] {
            for member in layout?.members ?? [] { members[member.id] = member }
        }
        return members.values.sorted { $0.name < $1.name }
    }

    fileprivate func role(of node: NodeID) -> ClusterStatus.Role {
        if isLost(node) { return .lost }
        if latest.member(node) == nil { return isConcerned(node) ? .leaving : .joining }
        if staged.contains(where: { $0.node == node && $0.role == .absent }) { return .leaving }
        return next != nil && current.member(node) == nil ? .joining : .up
    }
}

extension Layout {
    /// How many replicas of partitions each member holds.
    fileprivate var replicaCounts: [NodeID: Int] {
        var counts: [NodeID: Int] = [:]
        for partition in 0..<partitionCount {
            for node in replicas(ofPartition: partition) { counts[node, default: 0] += 1 }
        }
        return counts
    }
}
