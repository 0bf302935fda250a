/// Why a change of layout can't be made, or not now.
public enum LayoutChangeError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownMember(NodeID)
    case alreadyMember(String)
    case nothingStaged
    /// The current version is another than the one that the operator saw.
    case otherVersion(expected: UInt64, current: UInt64)
    /// The change to this version is not complete.
    case changeOpen(UInt64)
    /// A change to this version was proposed and is not decided on. `resume` brings that about.
    case changeUndecided(UInt64)
    /// This node is not a member, or may not vote since it was declared lost.
    case notAVoter
    case tooManyLost(lost: Int, members: Int)
    case layout(LayoutError)

    public var description: String {
        switch self {
        case .unknownMember: "no member of that name, nor will there be one by what is staged"
        case .alreadyMember(let name): "'\(name)' is a member already, or will be by what is staged"
        case .nothingStaged: "nothing is staged that would change the layout"
        case .otherVersion(let expected, let current):
            "the layout is at version \(current), not \(expected): look at the plan again"
        case .changeOpen(let version):
            "the change to layout version \(version) is open; the next can begin when it is complete"
        case .changeUndecided(let version):
            "another change to layout version \(version) is being decided on"
        case .notAVoter: "this node has no vote on the next layout; commit on another member"
        case .tooManyLost(let lost, let members):
            "\(lost) of \(members) members would be declared lost: no majority is left that knows what was decided"
        case .layout(let error): error.description
        }
    }
}

extension LayoutHistory {
    /// What a commit would do now, or as soon as the change that is open is complete.
    ///
    /// - Throws: `nothingStaged`, `layout`.
    public func plan() throws(LayoutChangeError) -> LayoutPlan {
        let members = plannedMembers
        guard members != latest.members || !latest.members.allSatisfy({ mayVote($0.id) }) else {
            throw .nothingStaged
        }
        do {
            return LayoutPlan(from: latest, to: try latest.changed(members: members), isLost: isLost)
        } catch {
            throw .layout(error)
        }
    }

    /// Proposes all that is staged as the next layout.
    ///
    /// It opens when a quorum of the members has accepted it, which may be at once. If another commit wins, what was
    /// staged stays so. With nothing staged it is allowed only where a member has no vote: each gets it back with a
    /// new version.
    /// - Parameters:
    ///   - node: This node, a member.
    ///   - version: The current version as the operator saw it in the plan.
    /// - Returns: What was proposed.
    /// - Throws: `LayoutChangeError`; nothing is changed then.
    @discardableResult
    public mutating func commit(
        by node: NodeID, expecting version: UInt64
    ) throws(LayoutChangeError) -> LayoutPlan {
        guard current.version == version else {
            throw .otherVersion(expected: version, current: current.version)
        }
        switch stage {
        case .stable: break
        case .deciding: throw .changeUndecided(version + 1)
        case .adopting, .filling, .releasing: throw .changeOpen(latest.version)
        }
        guard mayVote(node) else { throw .notAVoter }
        let plan = try plan()
        let applied = staging.pending.map {
            LayoutStaging.Applied(node: $0.node, stamp: $0.entry.stamp)
        }
        election.propose(LayoutCandidate(layout: plan.layout, applied: applied), by: node)
        advance(as: node)
        return plan
    }

    /// Whether a member that is back from a loss has no vote yet.
    public var lacksVotes: Bool {
        stage == .stable && current.members.contains { !mayVote($0.id) && !isLost($0.id) }
    }

    /// Proposes the present layout as the next version: those who are back from a loss have a vote again with it. What is
    /// staged stays so.
    ///
    /// - Returns: Whether there was a need, and this node can.
    @discardableResult
    public mutating func renewVotes(by node: NodeID) -> Bool {
        guard lacksVotes, mayVote(node), let layout = try? current.changed(members: current.members) else {
            return false
        }
        election.propose(LayoutCandidate(layout: layout, applied: []), by: node)
        advance(as: node)
        return true
    }

    /// Finishes what another node proposed and cannot bring to its end: proposes the same with a greater ballot.
    ///
    /// Safe at any time and on several nodes at once, but each time begins the election anew: try again with growing,
    /// random pauses.
    /// - Returns: Whether there was anything to finish, and this node can.
    @discardableResult
    public mutating func resume(by node: NodeID) -> Bool {
        guard stage == .deciding, mayVote(node), let leading = election.leading else { return false }
        election.propose(leading.candidate, by: node)
        advance(as: node)
        return true
    }

    /// Takes this node's part in deciding on the next layout: call after each `merge`. Store the history before anybody
    /// is told, since it may hold a vote.
    ///
    /// - Returns: Whether that changed anything.
    @discardableResult
    public mutating func advance(as node: NodeID) -> Bool {
        guard stage == .deciding, mayVote(node) else { return false }
        let before = election
        var election = before
        election.advance(as: node, isQuorum: isQuorum)
        self.election = election
        conclude()
        return next != nil || election != before
    }
}
