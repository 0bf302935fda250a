/// Which replicas of a key were asked, and what became of it: the books that the coordinators keep.
///
/// Sets of replicas are bit masks over their positions, so that a request costs no allocation here unless a replica
/// fails.
struct ReplicaTally: Sendable {
    /// Preferred first; at most `BucketProperties.maximumN`.
    let replicas: [NodeID]
    private var asked: UInt64 = 0
    private var answered: UInt64 = 0
    private var failed: UInt64 = 0
    private var reasons: [ReplicaError.Code] = []

    init(_ replicas: [NodeID]) {
        precondition(replicas.count <= BucketProperties.maximumN, "more replicas than a key can have")
        self.replicas = replicas
    }

    var answeredCount: Int { answered.nonzeroBitCount }
    /// How many could answer in the end, if all that has not failed does.
    var possibleCount: Int { replicas.count - failed.nonzeroBitCount }
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

    private func waitingBit(of node: NodeID) -> UInt64? {
        guard let position = replicas.firstIndex(of: node) else { return nil }
        let bit: UInt64 = 1 << UInt64(position)
        return asked & ~answered & ~failed & bit == 0 ? nil : bit
    }

    // MARK: What the client is told

    /// The error of a request for which too many replicas failed.
    func quorumNotReached(needed: Int, note: String = "") -> RequestError {
        RequestError(
            code: .quorumNotReached,
            message: "\(answeredCount) of \(replicas.count) replicas answered, \(needed) needed"
                + failures(silent: false) + note,
            replicasAnswered: answeredCount, replicasNeeded: needed)
    }

    /// The error of a request whose time is up.
    func deadlineExceeded(needed: Int, note: String = "") -> RequestError {
        RequestError(
            code: .deadlineExceeded,
            message: "\(answeredCount) of \(replicas.count) replicas answered in time, \(needed) needed"
                + failures(silent: true) + note,
            replicasAnswered: answeredCount, replicasNeeded: needed)
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
        }
    }
}
