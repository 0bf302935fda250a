/// Which replicas of a key were asked, and what became of it: the books that the coordinators keep.
///
/// Sets of replicas are bit masks over their positions, so that a request costs no allocation here unless a replica
/// fails.
struct ReplicaTally: Sendable {
    /// Preferred first; at most twice `BucketProperties.maximumN`, for a partition that moves.
    let replicas: [NodeID]
    /// The quorum has to be met in each of these sets: a write's old and new replicas, otherwise the same twice.
    private let primary: UInt64
    private let secondary: UInt64
    private var asked: UInt64 = 0
    private var answered: UInt64 = 0
    private var failed: UInt64 = 0
    /// For whom a stand-in has answered.
    private var vouched: UInt64 = 0
    private var reasons: [ReplicaError.Code] = []

    /// The books of a reading: one set.
    init(_ replicas: [NodeID]) {
        precondition(replicas.count <= BucketProperties.maximumN, "more replicas than a key can have")
        self.replicas = replicas
        primary = (1 << UInt64(replicas.count)) - 1
        secondary = primary
    }

    /// The books of a write.
    init(_ sets: ReplicaSets) {
        precondition(
            max(sets.primary.count, sets.secondary.count) <= BucketProperties.maximumN,
            "more replicas than a key can have")
        let targets = sets.targets
        func mask(_ members: ArraySlice<NodeID>) -> UInt64 {
            targets.indices.reduce(0) { members.contains(targets[$1]) ? $0 | 1 << UInt64($1) : $0 }
        }
        replicas = targets
        primary = mask(sets.primary)
        secondary = mask(sets.secondary)
    }

    /// The books of a write that goes on with other replicas: who has answered has stored it.
    init(_ sets: ReplicaSets, keeping earlier: ReplicaTally) {
        self.init(sets)
        for (position, node) in replicas.enumerated() where earlier.hasAnswered(node) {
            asked |= 1 << UInt64(position)
            answered |= 1 << UInt64(position)
        }
    }

    /// How many have answered, or a stand-in for them: in the set where they are fewer.
    var answeredCount: Int { answered(in: worse) }
    /// How many could answer in the end, if all that has not failed does: in the set where they are fewer.
    var possibleCount: Int {
        min((primary & ~failed).nonzeroBitCount, (secondary & ~failed).nonzeroBitCount)
    }
    /// The set in which fewer have answered.
    private var worse: UInt64 { answered(in: secondary) < answered(in: primary) ? secondary : primary }

    private func answered(in set: UInt64) -> Int { ((answered | vouched) & set).nonzeroBitCount }
    /// Whether a replica that was asked has neither answered nor failed.
    var isWaiting: Bool { asked & ~answered & ~failed != 0 }
    /// Whether there is a replica that was not asked.
    var hasSpare: Bool { asked.nonzeroBitCount < replicas.count }

    /// Notes that the first replica not asked so far is asked now; `nil` if there is none.
    mutating func askNext() -> NodeID? {
        let position = (~asked).trailingZeroBitCount
        guard position < replicas.count else { return nil }
        asked |= 1 << UInt64(position)
        return replicas[position]
    }

    /// Notes that `node`, one of the replicas, is asked now.
    mutating func ask(_ node: NodeID) {
        if let position = replicas.firstIndex(of: node) { asked |= 1 << UInt64(position) }
    }

    /// Notes an answer. False if `node` was not asked, or was heard before.
    mutating func noteAnswer(from node: NodeID) -> Bool {
        guard let bit = waitingBit(of: node) else { return false }
        answered |= bit
        return true
    }

    /// Notes a failure. False if `node` was not asked, or was heard before.
    mutating func noteFailure(of node: NodeID, _ code: ReplicaError.Code) -> Bool {
        guard let bit = waitingBit(of: node) else { return false }
        failed |= bit
        reasons.append(code)
        return true
    }

    /// Notes that a stand-in has answered for `node`, one of the replicas: it counts as answered, but only once.
    mutating func vouch(for node: NodeID) { vouched |= bit(of: node) }

    /// Notes that a stand-in has answered for some replica that has not; false if all have.
    mutating func vouchForAny() -> Bool {
        let open = primary & ~answered & ~vouched
        vouched |= open & (~open &+ 1)
        return open != 0
    }

    func hasAnswered(_ node: NodeID) -> Bool { answered & bit(of: node) != 0 }

    func hasFailed(_ node: NodeID) -> Bool { failed & bit(of: node) != 0 }

    /// Those that were asked and have neither answered nor failed.
    var silent: [NodeID] {
        replicas.indices.filter { asked & ~answered & ~failed & 1 << UInt64($0) != 0 }.map { replicas[$0] }
    }

    private func bit(of node: NodeID) -> UInt64 {
        replicas.firstIndex(of: node).map { 1 << UInt64($0) } ?? 0
    }

    private func waitingBit(of node: NodeID) -> UInt64? {
        let bit = bit(of: node)
        return asked & ~answered & ~failed & bit == 0 ? nil : bit
    }

    // MARK: What the client is told

    /// The error of a request for which too many replicas failed.
    func quorumNotReached(needed: Int, note: String = "") -> RequestError {
        RequestError(
            code: .quorumNotReached,
            message: "\(answeredCount) of \(wanted) answered\(byStandIns), \(needed) needed"
                + failures(silent: false) + note,
            replicasAnswered: answeredCount, replicasNeeded: needed)
    }

    /// The error of a request whose time is up.
    func deadlineExceeded(needed: Int, note: String = "") -> RequestError {
        RequestError(
            code: .deadlineExceeded,
            message: "\(answeredCount) of \(wanted) answered in time\(byStandIns), \(needed) needed"
                + failures(silent: true) + note,
            replicasAnswered: answeredCount, replicasNeeded: needed)
    }

    /// Like `3 replicas`.
    private var wanted: String {
        let set = worse
        let kind = primary == secondary ? "" : set == primary ? "present " : "moving "
        return "\(set.nonzeroBitCount) \(kind)replicas"
    }

    /// Like `, 1 of them by stand-ins`; empty if none did.
    private var byStandIns: String {
        let count = (vouched & ~answered & worse).nonzeroBitCount
        return count == 0 ? "" : ", \(count) of them by stand-ins"
    }

    /// Like `: 1 unreachable, 2 timed out`; empty if no replica failed.
    private func failures(silent: Bool) -> String {
        var parts: [String] = []
        for (index, code) in reasons.enumerated() where reasons.firstIndex(of: code) == index {
            parts.append("\(reasons.lazy.filter { $0 == code }.count) \(code.inWords)")
        }
        let waiting = (asked & ~answered & ~failed).nonzeroBitCount
        if silent, waiting > 0 { parts.append("\(waiting) silent") }
        return parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    }
}

extension ReplicaError.Code {
    /// After a number of replicas: `2 out of space`.
    var inWords: String {
        switch self {
        case .noSpace: "out of space"
        case .io: "with an I/O error"
        case .corruption: "with corrupt data"
        case .overloaded: "overloaded"
        case .invalid: "refused the request"
        case .unreachable: "unreachable"
        case .outdated: "at another layout"
        case .unanswered: "without room for a reply"
        }
    }
}
