// The parts of a layout history's encoding; docs/formats.md has them byte by byte.

extension Layout {
    /// The layout with its table. Equal layouts give equal bytes.
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.layout(self)
        return writer.bytes
    }

    /// Whether this can be what the next change after `other` leads to.
    func follows(_ other: Layout) -> Bool {
        version == other.version + 1 && partitionCount == other.partitionCount
            && replicationFactor == other.replicationFactor
    }
}

/// Counters from here on are refused, so that counting on from one never overflows.
private let counterLimit: UInt64 = 1 << 48

extension LayoutRole {
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.role(self)
        return writer.bytes
    }

    func isRole(of node: NodeID) -> Bool {
        if case .member(let member) = self { member.id == node } else { true }
    }
}

extension LayoutElection {
    var candidates: [LayoutCandidate] {
        proposals.values.map(\.candidate) + (draft.map { [$0.candidate] } ?? [])
    }
}

extension ByteWriter {
    /// version (varint) · log2 of the partitions (`u8`) · replication factor (`u8`) · list of member, ascending by id ·
    /// for each partition in turn its replicas, each as the member's place in the list (varint).
    mutating func layout(_ layout: Layout) {
        varint(layout.version)
        u8(UInt8(layout.partitionCount.trailingZeroBitCount))
        u8(UInt8(layout.replicationFactor))
        varint(UInt64(layout.members.count))
        for member in layout.members { self.member(member) }
        let places = Dictionary(
            uniqueKeysWithValues: layout.members.enumerated().map { ($1.id, UInt64($0)) })
        reserve(layout.table.count)
        for id in layout.table { varint(places[id]!) }
    }

    /// name (string) · address (string) · zone (string) · weight (`u64`, the bits of a Double).
    mutating func member(_ member: Member) {
        string(member.name)
        string(member.address)
        string(member.zone)
        u64(member.weight.bitPattern)
    }

    /// `u8` 0 absent, 1 member · then the member.
    mutating func role(_ role: LayoutRole) {
        switch role {
        case .absent: u8(0)
        case .member(let member):
            u8(1)
            self.member(member)
        }
    }

    /// counter (varint) · author (`u64`).
    mutating func stamp(_ stamp: LayoutStaging.Stamp) {
        varint(stamp.counter)
        u64(stamp.node.rawValue)
    }

    /// draft (optional: ballot, candidate) · promises (list of node, ballot) · proposals (list of ballot, candidate,
    /// accepters as a list of `u64`).
    mutating func election(_ election: LayoutElection) {
        bool(election.draft != nil)
        if let draft = election.draft {
            ballot(draft.ballot)
            candidate(draft.candidate)
        }
        list(election.promises) { writer, ballot in writer.ballot(ballot) }
        varint(UInt64(election.proposals.count))
        for (ballot, proposal) in election.proposals.sorted(by: { $0.key < $1.key }) {
            self.ballot(ballot)
            candidate(proposal.candidate)
            varint(UInt64(proposal.accepters.count))
            for node in proposal.accepters.sorted() { u64(node.rawValue) }
        }
    }

    /// round (varint) · node (`u64`).
    private mutating func ballot(_ ballot: LayoutBallot) {
        varint(ballot.round)
        u64(ballot.node.rawValue)
    }

    /// layout · applied (list of node, stamp).
    private mutating func candidate(_ candidate: LayoutCandidate) {
        layout(candidate.layout)
        varint(UInt64(candidate.applied.count))
        for applied in candidate.applied {
            u64(applied.node.rawValue)
            stamp(applied.stamp)
        }
    }

    mutating func list<Value>(_ values: [NodeID: Value], _ write: (inout ByteWriter, Value) -> Void) {
        varint(UInt64(values.count))
        for (node, value) in values.sorted(by: { $0.key < $1.key }) {
            u64(node.rawValue)
            write(&self, value)
        }
    }
}

extension ByteReader {
    mutating func layout() throws(CodecError) -> Layout {
        let version = try counter()
        guard version > 0 else { throw CodecError(.malformed, "a layout of version 0") }
        let log2 = try u8()
        guard log2 <= 16 else { throw CodecError(.malformed, "2^\(log2) partitions") }
        let factor = Int(try u8())
        guard 1...Layout.maxReplicationFactor ~= factor else {
            throw CodecError(.malformed, "\(factor) replicas")
        }
        let members = try members()
        let table = try table(
            of: members, partitionCount: 1 << Int(log2), replicas: min(factor, members.count))
        return Layout(
            version: version, partitionCount: 1 << Int(log2), replicationFactor: factor, members: members,
            table: table)
    }

    private mutating func members() throws(CodecError) -> [Member] {
        let count = try count(minimumSize: 12)
        guard count > 0 else { throw CodecError(.malformed, "a layout without members") }
        var members: [Member] = []
        members.reserveCapacity(count)
        for _ in 0..<count {
            let member = try member()
            if let last = members.last, last.id >= member.id {
                throw CodecError(.malformed, "a layout's members out of order")
            }
            members.append(member)
        }
        return members
    }

    private mutating func table(
        of members: [Member], partitionCount: Int, replicas: Int
    ) throws(CodecError) -> [NodeID] {
        guard remaining >= partitionCount * replicas else { throw CodecError(.truncated, "a layout's table") }
        var table: [NodeID] = []
        table.reserveCapacity(partitionCount * replicas)
        for _ in 0..<partitionCount {
            for slot in 0..<replicas {
                let place = try varint()
                guard place < members.count, !table.suffix(slot).contains(members[Int(place)].id) else {
                    throw CodecError(.malformed, "a replica on no member, or twice on one")
                }
                table.append(members[Int(place)].id)
            }
        }
        return table
    }

    private mutating func member() throws(CodecError) -> Member {
        let member = Member(
            name: try string(), address: try string(), zone: try string(),
            weight: Double(bitPattern: try u64()))
        guard !member.name.isEmpty, Layout.weights.contains(member.weight) else {
            throw CodecError(.malformed, "a member without a name, or of a weight out of range")
        }
        return member
    }

    mutating func role() throws(CodecError) -> LayoutRole {
        switch try u8() {
        case 0: return .absent
        case 1: return .member(try member())
        case let other: throw CodecError(.malformed, "a role of kind \(other)")
        }
    }

    /// A varint that there is room above.
    mutating func counter() throws(CodecError) -> UInt64 {
        let value = try varint()
        guard value < counterLimit else { throw CodecError(.tooLarge, "a counter of \(value)") }
        return value
    }

    mutating func stamp() throws(CodecError) -> LayoutStaging.Stamp {
        LayoutStaging.Stamp(counter: try counter(), node: NodeID(rawValue: try u64()))
    }

    mutating func election() throws(CodecError) -> LayoutElection {
        var election = LayoutElection()
        if try bool() {
            election.draft = LayoutElection.Draft(ballot: try ballot(), candidate: try candidate())
        }
        election.promises = try list(entrySize: 17) { reader throws(CodecError) in try reader.ballot() }
        var last: LayoutBallot?
        for _ in 0..<(try count(minimumSize: 32)) {
            let ballot = try ballot()
            if let last, last >= ballot { throw CodecError(.malformed, "proposals out of order") }
            let candidate = try candidate()
            let accepters = try nodes()
            election.proposals[ballot] = LayoutElection.Proposal(candidate: candidate, accepters: accepters)
            last = ballot
        }
        if let draft = election.draft, let last, last >= draft.ballot {
            throw CodecError(.malformed, "a draft with a later proposal")
        }
        return election
    }

    private mutating func nodes() throws(CodecError) -> Set<NodeID> {
        var nodes: Set<NodeID> = []
        var last: NodeID?
        for _ in 0..<(try count(minimumSize: 8)) {
            let node = try node(after: last)
            nodes.insert(node)
            last = node
        }
        return nodes
    }

    private mutating func node(after last: NodeID?) throws(CodecError) -> NodeID {
        let node = NodeID(rawValue: try u64())
        if let last, last >= node { throw CodecError(.malformed, "nodes out of order") }
        return node
    }

    private mutating func ballot() throws(CodecError) -> LayoutBallot {
        LayoutBallot(round: try counter(), node: NodeID(rawValue: try u64()))
    }

    private mutating func candidate() throws(CodecError) -> LayoutCandidate {
        let layout = try layout()
        var applied: [LayoutStaging.Applied] = []
        for _ in 0..<(try count(minimumSize: 17)) {
            let node = try node(after: applied.last?.node)
            applied.append(LayoutStaging.Applied(node: node, stamp: try stamp()))
        }
        return LayoutCandidate(layout: layout, applied: applied)
    }

    /// What `ByteWriter.list` wrote, of entries of at least so many bytes.
    mutating func list<Value>(
        entrySize: Int, _ read: (inout ByteReader) throws(CodecError) -> Value
    ) throws(CodecError) -> [NodeID: Value] {
        var values: [NodeID: Value] = [:]
        var last: NodeID?
        for _ in 0..<(try count(minimumSize: entrySize)) {
            let node = try node(after: last)
            values[node] = try read(&self)
            last = node
        }
        return values
    }
}
