/// What a member has confirmed: the step of the change that led to a version.
struct LayoutProgress: Comparable, Sendable {
    var version: UInt64
    var step: LayoutHistory.Step

    static func < (a: Self, b: Self) -> Bool {
        (a.version, a.step.rawValue) < (b.version, b.step.rawValue)
    }
}

/// That a member was declared lost, and perhaps came back.
///
/// A causal length (Yu, Rostad, "A low-cost set CRDT based on causal lengths", 2020) for each version: odd is lost,
/// even is back. A later version begins anew, so that nobody comes back from a loss that it has not heard of.
struct LayoutAbsence: Comparable, Sendable {
    /// Changes to this version and those before don't wait for the member.
    var version: UInt64
    var length: UInt64

    var isLost: Bool { length % 2 == 1 }

    static func < (a: Self, b: Self) -> Bool { (a.version, a.length) < (b.version, b.length) }
}

extension LayoutHistory {
    /// What each member confirms in turn, for each change.
    public enum Step: UInt8, Sendable {
        /// No operation of this node that writes to the old replicas alone is under way, or will be, or is accepted.
        case adopted = 1
        /// All that this node has to copy for the new layout is copied.
        case filled = 2
        /// No read of this node that asks the old replicas is under way, or will be, or is accepted.
        case released = 3
    }

    /// How far the change has come, as far as this history knows.
    public enum Stage: Sendable {
        case stable, deciding, adopting, filling, releasing
    }

    /// See the table at `LayoutHistory`.
    public var stage: Stage {
        if next != nil { return haveAll(.adopted) ? .filling : .adopting }
        if previous != nil { return .releasing }
        return election.leading == nil ? .stable : .deciding
    }

    /// The members whose confirmation the present stage waits for, by id; while deciding, those who have not accepted
    /// the layout proposed, of whom a majority will do.
    public var awaited: [NodeID] {
        switch stage {
        case .stable: []
        case .deciding: current.members.map(\.id).filter { !election.hasAccepted($0) }
        case .adopting: concerned.filter { !has($0, .adopted) }
        case .filling: concerned.filter { !has($0, .filled) }
        case .releasing: concerned.filter { !has($0, .released) }
        }
    }

    /// Notes that `node`, this one, has done what `duties(of:)` asked of it.
    ///
    /// Store the history before anybody is told.
    /// - Parameters:
    ///   - version: Of the layout in the duty; with `digest` it says what was done, should the history have moved on.
    /// - Returns: Whether that is news; false also if the step is not the change's at this time.
    @discardableResult
    public mutating func confirm(
        _ step: Step, version: UInt64, digest: UInt64, by node: NodeID
    ) -> Bool {
        let layout = step == .released ? current : latest
        guard (layout.version, layout.digest) == (version, digest), isConcerned(node), !has(node, step)
        else { return false }
        switch step {
        case .adopted: guard next != nil else { return false }
        case .filled: guard stage == .filling, has(node, .adopted) else { return false }
        case .released: guard stage == .releasing else { return false }
        }
        progress[node] = LayoutProgress(version: version, step: step)
        conclude()
        return true
    }

    // MARK: Members that are lost

    /// Notes that a member is lost: the change in progress goes on without it, it is no source of copies, and not read
    /// from until it `hasCaughtUp`. What only it had is given up.
    ///
    /// For the operator, of a member that is dead; and for a node that starts on an empty disk while it is a member, of
    /// itself, after it has merged the histories of a quorum (`isQuorum`). A declaration counts for the change that is
    /// open, or for the last; a later change waits for the member again. Declaring twice changes nothing.
    ///
    /// - Parameter force: Allow that half of the members or more are lost. The change then goes on without a majority:
    ///   if one of those lost is alive after all and takes part in a change, there may be two clusters.
    /// - Throws: `unknownMember`; `tooManyLost` without `force`.
    /// - Returns: Whether that is news.
    @discardableResult
    public mutating func declareLost(
        _ node: NodeID, force: Bool = false
    ) throws(LayoutChangeError) -> Bool {
        guard isConcerned(node) else { throw .unknownMember(node) }
        var absence = absences[node] ?? LayoutAbsence(version: 0, length: 0)
        if absence.version == latest.version, absence.isLost { return false }
        absence.length = absence.version == latest.version ? absence.length + 1 : 1
        absence.version = latest.version
        var after = self
        after.absences[node] = absence
        let members = latest.members
        let lost = members.count { after.absences[$0.id]?.version == latest.version }
        if !force, latest.member(node) != nil, lost * 2 >= members.count {
            throw .tooManyLost(lost: lost, members: members.count)
        }
        after.conclude()
        self = after
        return true
    }

    /// Notes that `node`, this one, was lost and has copied all that `Duty.catchUp` named: it may be read from.
    ///
    /// - Returns: Whether that is news; false if the history does not let it come back (yet).
    @discardableResult
    public mutating func hasCaughtUp(_ node: NodeID) -> Bool {
        guard mayCatchUp(node) else { return false }
        absences[node]?.length += 1
        return true
    }

    /// Whether `node` was declared lost and has not come back.
    public func isLost(_ node: NodeID) -> Bool { absences[node]?.isLost ?? false }

    /// Whether `node` is lost, and the change that did not wait for it is closed.
    func mayCatchUp(_ node: NodeID) -> Bool {
        guard let absence = absences[node], absence.isLost else { return false }
        return absence.version <= current.version && current.member(node) != nil
    }

    // MARK: Who counts

    /// Whether `nodes` are enough of the current members to have heard of, and to decide on, all that is decided.
    ///
    /// A majority; or, where half or more were declared lost, all others.
    public func isQuorum(_ nodes: Set<NodeID>) -> Bool {
        let members = current.members.lazy.map(\.id)
        let present = members.count { nodes.contains($0) }
        return present * 2 > members.count
            || present > 0 && members.allSatisfy { nodes.contains($0) || !mayVote($0) }
    }

    /// Whether a member's voice counts for the next version. Not if it was declared lost since the current one: it may
    /// have forgotten what it voted for.
    func mayVote(_ node: NodeID) -> Bool {
        current.member(node) != nil && (absences[node]?.version ?? 0) < current.version
    }

    /// Whether `node` is a member of a layout that is in use.
    public func isConcerned(_ node: NodeID) -> Bool {
        [current, previous, next].contains { $0?.member(node) != nil }
    }

    /// Whose confirmations the change in progress needs, by id.
    private var concerned: [NodeID] {
        let ids = Set([current, previous, next].flatMap { $0?.members ?? [] }.map(\.id))
        return ids.filter { (absences[$0]?.version ?? 0) < latest.version }.sorted()
    }

    func has(_ node: NodeID, _ step: Step) -> Bool {
        progress[node].map { $0 >= LayoutProgress(version: latest.version, step: step) } ?? false
    }

    func haveAll(_ step: Step) -> Bool { concerned.allSatisfy { has($0, step) } }
}
