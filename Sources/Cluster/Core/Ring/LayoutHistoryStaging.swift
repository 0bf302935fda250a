/// A change of one member's role, asked for by an operator and not in force before a commit.
public enum RoleChange: Equatable, Sendable {
    /// A node becomes a member.
    case join(Member)
    /// A member leaves; its data is copied to others first, from itself too if it is not declared lost.
    case leave(NodeID)
    /// `join` and `leave` in one.
    case replace(NodeID, with: Member)
    /// A member gets another weight.
    case weight(NodeID, Double)
    /// A member gets another zone.
    case zone(NodeID, String)
    /// A member is reached at another address. Moves nothing.
    case address(NodeID, String)
}

/// The role that a node is to have.
public enum LayoutRole: Equatable, Sendable {
    case member(Member)
    case absent
}

/// The roles asked for: a map of last-writer-wins registers, ordered by a counter and the node that staged.
struct LayoutStaging: Equatable, Sendable {
    struct Stamp: Comparable, Sendable {
        var counter: UInt64
        var node: NodeID

        static func < (a: Self, b: Self) -> Bool { (a.counter, a.node) < (b.counter, b.node) }
    }

    /// What of a node's register a layout has fulfilled.
    struct Applied: Equatable, Sendable {
        var node: NodeID
        var stamp: Stamp
    }

    struct Entry: Equatable, Sendable {
        var stamp: Stamp
        /// nil if it is fulfilled or taken back. The entry stays, so that no old history brings the role back.
        var role: LayoutRole?

        /// That what is fulfilled counts more lets it win over its own beginnings. The bytes decide only if a node has
        /// used a stamp twice, after losing its disk.
        func supersedes(_ other: Entry) -> Bool {
            if stamp != other.stamp { return stamp > other.stamp }
            guard let role, let theirs = other.role else { return role == nil && other.role != nil }
            return theirs.encoded().lexicographicallyPrecedes(role.encoded())
        }
    }

    /// By the node whose role it is.
    var entries: [NodeID: Entry] = [:]

    mutating func merge(_ other: LayoutStaging) {
        for (node, entry) in other.entries { take(entry, of: node) }
    }

    mutating func set(_ role: LayoutRole?, of node: NodeID, by author: NodeID) {
        let counter = (entries.values.map(\.stamp.counter).max() ?? 0) + 1
        entries[node] = Entry(stamp: Stamp(counter: counter, node: author), role: role)
    }

    /// Notes that a layout has fulfilled these, even those that this node never saw.
    mutating func settle(_ applied: [Applied]) {
        for done in applied { take(Entry(stamp: done.stamp, role: nil), of: done.node) }
    }

    private mutating func take(_ entry: Entry, of node: NodeID) {
        if let mine = entries[node], !entry.supersedes(mine) { return }
        entries[node] = entry
    }

    /// What is still to be fulfilled, by node.
    var pending: [(node: NodeID, entry: Entry, role: LayoutRole)] {
        entries.compactMap { node, entry in entry.role.map { (node, entry, $0) } }.sorted {
            $0.node < $1.node
        }
    }
}

extension LayoutHistory {
    /// The roles asked for that would change something, by node.
    public var staged: [(node: NodeID, role: LayoutRole)] {
        staging.pending.filter { changes($0.role, of: $0.node) }.map { ($0.node, $0.role) }
    }

    /// Asks for a change of roles. It comes into force with the next commit, here or on a node that hears of it.
    ///
    /// - Parameter author: This node.
    /// - Throws: `unknownMember`, `alreadyMember`, or what makes a layout impossible (`layout`).
    public mutating func stage(_ change: RoleChange, by author: NodeID) throws(LayoutChangeError) {
        switch change {
        case .join(let member):
            try requireNew(member)
            staging.set(.member(member), of: member.id, by: author)
        case .leave(let node):
            _ = try planned(node)
            staging.set(.absent, of: node, by: author)
        case .replace(let node, let member):
            _ = try planned(node)
            try requireNew(member)
            staging.set(.absent, of: node, by: author)
            staging.set(.member(member), of: member.id, by: author)
        case .weight(let node, let weight):
            var member = try planned(node)
            member.weight = weight
            try requireWeight(member)
            staging.set(.member(member), of: node, by: author)
        case .zone(let node, let zone):
            var member = try planned(node)
            member.zone = zone
            staging.set(.member(member), of: node, by: author)
        case .address(let node, let address):
            var member = try planned(node)
            member.address = address
            staging.set(.member(member), of: node, by: author)
        }
    }

    /// Takes back what was asked for a node. Returns whether there was anything.
    @discardableResult
    public mutating func unstage(_ node: NodeID, by author: NodeID) -> Bool {
        guard staging.entries[node]?.role != nil else { return false }
        staging.set(nil, of: node, by: author)
        return true
    }

    /// The members after all that is staged, by id.
    var plannedMembers: [Member] {
        var members = Dictionary(uniqueKeysWithValues: latest.members.map { ($0.id, $0) })
        for (node, _, role) in staging.pending {
            switch role {
            case .member(let member): members[node] = member
            case .absent: members[node] = nil
            }
        }
        return members.values.sorted { $0.id < $1.id }
    }

    /// What `node` will be by what is staged so far.
    private func planned(_ node: NodeID) throws(LayoutChangeError) -> Member {
        guard let member = plannedMembers.first(where: { $0.id == node }) else { throw .unknownMember(node) }
        return member
    }

    private func requireNew(_ member: Member) throws(LayoutChangeError) {
        guard !plannedMembers.contains(where: { $0.id == member.id }) else {
            throw .alreadyMember(member.name)
        }
        guard !member.name.isEmpty else { throw .layout(.emptyName) }
        try requireWeight(member)
    }

    private func requireWeight(_ member: Member) throws(LayoutChangeError) {
        guard Layout.weights.contains(member.weight) else {
            throw .layout(.badWeight(name: member.name, weight: member.weight))
        }
    }

    private func changes(_ role: LayoutRole, of node: NodeID) -> Bool {
        switch role {
        case .member(let member): latest.member(node) != member
        case .absent: latest.member(node) != nil
        }
    }
}
