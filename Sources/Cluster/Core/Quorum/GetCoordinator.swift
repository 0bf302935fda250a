/// How many replicas a read asks at first.
public enum ReadFanout: UInt8, Sendable {
    /// All n: the fastest r answer, and every stale replica is found.
    case all
    /// Only r, which costs less: one more for each that fails, and one more if they take long (a hedged request,
    /// Dean and Barroso, "The tail at scale", 2013).
    case quorum
}

/// Reads a key from r of its n replicas and then brings the stale ones among those asked up to date.
///
/// A value: the runtime feeds it events and performs the actions that each event appends to the array it passes.
/// Everything happens on the loop that holds the value. It owns no timer: the runtime arms the deadline with `start`,
/// and the hedge timer when told.
///
/// Under a sloppy quorum (`fallbacks`), the other nodes are asked for their hints as well when replicas fail or are slow.
/// One that has a hint of the key counts for a replica that has not answered; one that knows nothing counts for nothing,
/// so that no reading consists of nodes that could not know.
///
/// Exactly one `respond` or `fail` comes out, at the deadline at the latest, and then, with or after it, exactly one
/// `finished`. In between, replies are awaited for read repair alone (DeCandia et al., "Dynamo", 2007, section 5).
/// Replies from nodes that were not asked, or were heard before, change nothing.
public struct GetCoordinator: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Read the key at this replica (which may be this node); then `received` or `failed`.
        case ask(NodeID)
        /// Read the hints that this node, which is no replica, keeps of the key for any of `for`; then `received` or
        /// `failed`.
        case askFallback(NodeID, for: [NodeID])
        /// Answer the client: the merge of the first r replies. Empty if none of them knows the key.
        case respond(Versions)
        /// Answer the client that the read failed.
        case fail(RequestError)
        /// Store these versions at this stale replica. No word of how it went is wanted.
        case repair(NodeID, Versions)
        /// Call `hedgeElapsed` after the hedge delay.
        case startHedge
        /// No further event has an effect: drop the state and disarm the timers.
        case finished
    }

    private enum Phase { case reading, repairing, finished }

    private struct Reply {
        var node: NodeID
        var versions: Versions
    }

    private var tally: ReplicaTally
    private let r: Int
    private let policy: Versions.Policy
    private let fanout: ReadFanout
    private var replies: [Reply] = []
    private var merged = Versions()
    private var phase = Phase.reading
    /// Fallbacks that were not asked yet.
    private var spareFallbacks: ArraySlice<NodeID>
    /// Fallbacks that were asked and have neither answered nor failed.
    private var askedFallbacks: [NodeID] = []

    /// - Parameters:
    ///   - replicas: The n replicas of the key, preferred first and those that can be reached before the others; at
    ///     most `BucketProperties.maximumN`.
    ///   - r: How many must answer. If there are fewer replicas, the read fails at `start`.
    ///   - policy: What becomes of concurrent values in the merge.
    ///   - fanout: How many to ask at first.
    ///   - fallbacks: Who may keep hints for the replicas, preferred first; none of them one of the replicas. Empty
    ///     under a strict quorum.
    public init(
        replicas: [NodeID], r: Int, policy: Versions.Policy, fanout: ReadFanout, fallbacks: [NodeID] = []
    ) {
        precondition(r >= 1, "a read needs a replica")
        tally = ReplicaTally(replicas)
        self.r = r
        self.policy = policy
        self.fanout = fanout
        spareFallbacks = fallbacks[...]
    }

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) {
        guard tally.possibleCount >= r else { return goOn(&actions) }
        let first = fanout == .all ? tally.replicas.count : r
        replies.reserveCapacity(first)
        for _ in 0..<first { askNext(&actions) }
        if tally.hasSpare || !spareFallbacks.isEmpty { actions.append(.startHedge) }
    }

    /// A replica or fallback answered; `nil` if it knows nothing of the key.
    public mutating func received(_ versions: Versions?, from node: NodeID, _ actions: inout [Action]) {
        guard phase != .finished else { return }
        if tally.noteAnswer(from: node) {
            add(Reply(node: node, versions: versions ?? Versions()))
        } else if noteFallback(node) {
            if let versions, tally.vouchForAny() { merged.merge(versions, policy: policy) }
            askNextFallback(&actions)
        } else {
            return
        }
        goOn(&actions)
    }

    /// A replica answered that it has just what `other` has, which had answered before.
    public mutating func received(
        sameAs other: NodeID, from node: NodeID, _ actions: inout [Action]
    ) {
        guard let known = replies.first(where: { $0.node == other }) else {
            return failed(node, ReplicaError(.invalid, "the same as nothing"), &actions)
        }
        received(known.versions, from: node, &actions)
    }

    /// A replica or fallback could not answer.
    public mutating func failed(_ node: NodeID, _ error: ReplicaError, _ actions: inout [Action]) {
        guard phase != .finished else { return }
        if tally.noteFailure(of: node, error.code) {
            if phase == .reading { askNext(&actions) }
        } else if noteFallback(node) {
            askNextFallback(&actions)
        } else {
            return
        }
        goOn(&actions)
    }

    /// The hedge delay has passed since `startHedge`.
    public mutating func hedgeElapsed(_ actions: inout [Action]) {
        if phase == .reading { askNext(&actions) }
    }

    /// The request's time is up.
    public mutating func deadlineElapsed(_ actions: inout [Action]) {
        if phase == .reading { actions.append(.fail(tally.deadlineExceeded(needed: r))) }
        if phase != .finished { finish(&actions) }
    }

    /// One more: a replica, or if all were asked, a fallback.
    private mutating func askNext(_ actions: inout [Action]) {
        if let node = tally.askNext() {
            actions.append(.ask(node))
        } else if let node = spareFallbacks.popFirst() {
            askedFallbacks.append(node)
            actions.append(.askFallback(node, for: tally.replicas))
        }
    }

    /// Fallbacks are asked one after the other until there are r answers: few of them keep a hint of the key.
    private mutating func askNextFallback(_ actions: inout [Action]) {
        if phase == .reading, tally.answeredCount < r { askNext(&actions) }
    }

    /// False if `node` is no fallback that was asked, or was heard before.
    private mutating func noteFallback(_ node: NodeID) -> Bool {
        guard let index = askedFallbacks.firstIndex(of: node) else { return false }
        askedFallbacks.remove(at: index)
        return true
    }

    private mutating func add(_ reply: Reply) {
        merged.merge(reply.versions, policy: policy)
        replies.append(reply)
    }

    /// Answers the client when that is possible: with a success as soon as r have answered, but with a failure only
    /// when nobody is left to wait for, so that the error says how many could be read and not how many were quick.
    private mutating func goOn(_ actions: inout [Action]) {
        if phase == .reading, tally.answeredCount >= r {
            actions.append(.respond(merged))
            phase = .repairing
        } else if phase == .reading, !tally.isWaiting, askedFallbacks.isEmpty {
            actions.append(.fail(tally.quorumNotReached(needed: r)))
            phase = .repairing
        }
        if phase == .repairing, !tally.isWaiting { finish(&actions) }
    }

    /// Repairs what is known to be stale, whether or not the read succeeded.
    private mutating func finish(_ actions: inout [Action]) {
        for reply in replies where !reply.versions.descends(merged) {
            actions.append(.repair(reply.node, merged))
        }
        replies = []
        phase = .finished
        actions.append(.finished)
    }
}
