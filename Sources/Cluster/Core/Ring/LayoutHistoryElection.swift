/// The order of proposals: the later round, then the greater node.
struct LayoutBallot: Comparable, Hashable, Sendable {
    var round: UInt64
    /// Who proposes. No two nodes have a ballot in common, and a node uses each of its own once.
    var node: NodeID

    static func < (a: Self, b: Self) -> Bool { (a.round, a.node) < (b.round, b.node) }
}

/// A layout that may become the next, and which of the staged roles it fulfils.
struct LayoutCandidate: Equatable, Sendable {
    var layout: Layout
    /// By node, each once.
    var applied: [LayoutStaging.Applied]
}

/// Decides which layout follows the current one: Paxos (Lamport, "Paxos made simple", 2001) among the members of the
/// current layout, with the messages in a state that only grows and that gossip spreads.
///
/// A commit publishes a ballot with a draft. Members promise the greatest ballot they see. With promises of a quorum,
/// the ballot's node makes its proposal: the draft, unless there was a proposal before, which may be chosen; then that
/// layout again. Members accept a proposal unless they have promised a greater ballot. What a quorum accepted in one
/// ballot is chosen. So of two commits at the same time the greater ballot wins, unless the lesser may be chosen
/// already; and a node that dies in the middle is relieved by any other with a greater ballot.
struct LayoutElection: Equatable, Sendable {
    struct Draft: Equatable, Sendable {
        var ballot: LayoutBallot
        var candidate: LayoutCandidate
    }

    struct Proposal: Equatable, Sendable {
        var candidate: LayoutCandidate
        var accepters: Set<NodeID>
    }

    /// Of the greatest ballot, if that has no proposal yet.
    var draft: Draft?
    /// The greatest ballot that each member has promised: it accepts none below. Written by the member alone.
    var promises: [NodeID: LayoutBallot] = [:]
    /// One a ballot at most, made by the ballot's node alone; each accepter put in by itself alone.
    var proposals: [LayoutBallot: Proposal] = [:]

    /// The layout of the greatest ballot.
    var leading: (ballot: LayoutBallot, candidate: LayoutCandidate)? {
        if let draft { return (draft.ballot, draft.candidate) }
        return proposals.max { $0.key < $1.key }.map { ($0.key, $0.value.candidate) }
    }

    mutating func merge(_ other: LayoutElection) {
        if let theirs = other.draft, draft.map({ theirs.ballot > $0.ballot }) ?? true { draft = theirs }
        promises.merge(other.promises, uniquingKeysWith: max)
        for (ballot, proposal) in other.proposals {
            proposals[ballot, default: proposal].accepters.formUnion(proposal.accepters)
        }
        dropOldDraft()
    }

    /// Begins a ballot of `node`, greater than all that it knows.
    mutating func propose(_ candidate: LayoutCandidate, by node: NodeID) {
        let ballot = LayoutBallot(round: (leading?.ballot.round ?? 0) + 1, node: node)
        draft = Draft(ballot: ballot, candidate: candidate)
    }

    /// Does what `node`, a voter, can do by what is known: promise, make its proposal, accept.
    mutating func advance(as node: NodeID, isQuorum: (Set<NodeID>) -> Bool) {
        guard let ballot = leading?.ballot else { return }
        // A promise below the greatest ballot is a promise of it too as soon as it is seen.
        promises[node] = ballot
        if let draft, draft.ballot.node == node, isQuorum(promisers(of: ballot)) {
            // Whoever promised showed, with the promise, all that it had accepted. All proposals after one that is
            // chosen have its layout, so the greatest has.
            let earlier = proposals.max { $0.key < $1.key }?.value.candidate
            proposals[ballot] = Proposal(candidate: earlier ?? draft.candidate, accepters: [])
            dropOldDraft()
        }
        proposals[ballot]?.accepters.insert(node)
    }

    /// What a quorum has accepted in one ballot.
    func chosen(isQuorum: (Set<NodeID>) -> Bool) -> LayoutCandidate? {
        proposals.values.first { isQuorum($0.accepters) }?.candidate
    }

    /// Whether `node` has accepted what the greatest ballot proposes.
    func hasAccepted(_ node: NodeID) -> Bool {
        leading.flatMap { proposals[$0.ballot] }?.accepters.contains(node) ?? false
    }

    private func promisers(of ballot: LayoutBallot) -> Set<NodeID> {
        Set(promises.lazy.filter { $0.value == ballot }.map(\.key))
    }

    private mutating func dropOldDraft() {
        guard let draft, let greatest = proposals.keys.max(), greatest >= draft.ballot else { return }
        self.draft = nil
    }
}
