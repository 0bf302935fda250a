/// Writes a key: at this node first, then at the other replicas; the client has its answer when w have stored it. While
/// the key's partition moves, w of the old and w of the new replicas (`ReplicaSets`).
///
/// A value, driven like `GetCoordinator`. This node is a replica of the key (another node forwards the request): only
/// a replica that keeps its own earlier writes can issue a dot, and what it replicates is the state after its write,
/// so that the others merge instead of deciding anything.
///
/// **A put that fails may still become visible**, as in Dynamo: a write that reached fewer than w replicas is not
/// taken back, since the replicas that could be told are those that have it safely. Read repair spreads it like
/// any other. The error says how many replicas are known to have stored it; with none, nothing was written unless the
/// message says that the outcome is unknown.
///
/// **A replica that fails is owed the write.** Under a sloppy quorum (`fallbacks`) another node keeps it as a hint, and
/// counts for the replica, once. Where there is no other node, and under a strict quorum, this node keeps the hint, which
/// counts for nothing: it is asked for when the client has its answer. A replica that refuses the write as invalid is
/// owed nothing.
///
/// Exactly one `respond` or `fail` comes out, at the deadline at the latest, and then, with or after it, exactly one
/// `finished`: when all replicas have answered, or at the deadline.
public struct PutCoordinator: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Write here, as a client that has seen this context: read the versions, apply the write with a new dot,
        /// and store the result in one step that nothing else of this key comes between. Then `localDone` or
        /// `localFailed`.
        case writeLocally(context: CausalContext)
        /// Have this replica merge these versions into what it has; then `acked` or `failed`.
        case replicate(NodeID, Versions)
        /// Have this node keep these versions as a hint for the replica `for`; then `acked` or `failed` with the node.
        case hint(NodeID, for: NodeID, Versions)
        /// Keep these versions here as a hint for the replica. No word of how it went is wanted.
        case keepHint(for: NodeID, Versions)
        /// Call `fallbackElapsed` after the fallback delay.
        case startFallbackTimer
        /// Answer the client: w replicas have it. With the versions after the write at this node.
        case respond(Versions)
        /// Answer the client that the write failed.
        case fail(RequestError)
        /// No further event has an effect: drop the state and disarm the timer.
        case finished
    }

    private enum Phase { case idle, writingLocally, replicating, settling, finished }

    private var tally: ReplicaTally
    private var standIns: StandIns
    /// Replicas for which this node is to keep a hint once the client has its answer.
    private var owed: [NodeID] = []
    private let local: NodeID
    private let w: Int
    private let context: CausalContext
    private var written = Versions()
    private var phase = Phase.idle

    /// - Parameters:
    ///   - local: This node, one of the readable replicas.
    ///   - sets: The n replicas of the key, or both sets while it moves.
    ///   - w: How many of each set must have stored it. If there are fewer replicas, the put fails at `start` and
    ///     nothing is written.
    ///   - context: What the client had seen of the key; empty if nothing.
    ///   - fallbacks: Who may stand in for replicas, preferred first; none of them one of the replicas. Empty under a
    ///     strict quorum.
    public init(
        local: NodeID, sets: ReplicaSets, w: Int, context: CausalContext, fallbacks: [NodeID] = []
    ) {
        precondition(sets.readable.contains(local), "only a replica of the key coordinates a put")
        tally = ReplicaTally(sets)
        standIns = StandIns(fallbacks)
        self.local = local
        self.w = w
        self.context = context
    }

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) {
        guard tally.possibleCount >= w else {
            actions.append(.fail(tally.quorumNotReached(needed: w, note: "; nothing was written")))
            finish(&actions)
            return
        }
        tally.ask(local)
        phase = .writingLocally
        actions.append(.writeLocally(context: context))
    }

    /// This node has stored the write.
    ///
    /// - Parameter versions: All that it has of the key now.
    public mutating func localDone(_ versions: Versions, _ actions: inout [Action]) {
        guard phase == .writingLocally, tally.noteAnswer(from: local) else { return }
        if versions.siblings.isEmpty {
            // A change that found nothing to do, of a key that nobody has.
            actions.append(.respond(versions))
            return finish(&actions)
        }
        phase = .replicating
        for node in tally.replicas where node != local {
            tally.ask(node)
            actions.append(.replicate(node, versions))
        }
        written = versions
        goOn(&actions)
        if phase == .replicating, standIns.hasSpare { actions.append(.startFallbackTimer) }
    }

    /// This node could not store the write, so no other replica was asked to.
    public mutating func localFailed(_ error: ReplicaError, _ actions: inout [Action]) {
        guard phase == .writingLocally else { return }
        actions.append(.fail(RequestError(localFailure: error, needed: w)))
        finish(&actions)
    }

    /// A replica has stored what it was sent, or a fallback its hint.
    public mutating func acked(from node: NodeID, _ actions: inout [Action]) {
        guard isReplicating, node != local else { return }
        if let replica = standIns.note(node, stored: true) {
            if !tally.replicas.contains(node) { tally.vouch(for: replica) }
        } else if !tally.noteAnswer(from: node) {
            return
        }
        goOn(&actions)
    }

    /// A replica has not stored what it was sent, or a fallback its hint, or nobody knows whether it has.
    public mutating func failed(_ node: NodeID, _ error: ReplicaError, _ actions: inout [Action]) {
        guard isReplicating, node != local else { return }
        if let replica = standIns.note(node, stored: false) {
            cover(replica, &actions)
        } else if tally.noteFailure(of: node, error.code) {
            if error.code != .invalid { cover(node, &actions) }
        } else {
            return
        }
        goOn(&actions)
    }

    /// The key's partition has moved on while the write was under way: those who have stored the write keep it, and count
    /// if they are replicas still; all others are sent it (again), also when the client has its answer.
    public mutating func moved(to sets: ReplicaSets, _ actions: inout [Action]) {
        guard isReplicating else { return }
        tally = ReplicaTally(sets, keeping: tally)
        // This node has stored it, if it counts or not.
        tally.ask(local)
        _ = tally.noteAnswer(from: local)
        // One that is a replica now counts for itself alone.
        standIns.remove(tally.replicas)
        for replica in standIns.storedReplicas { tally.vouch(for: replica) }
        owed = []
        for node in tally.replicas where !tally.hasAnswered(node) {
            tally.ask(node)
            actions.append(.replicate(node, written))
        }
        goOn(&actions)
    }

    /// The fallback delay has passed since `startFallbackTimer`: who is silent counts as lost.
    public mutating func fallbackElapsed(_ actions: inout [Action]) {
        guard phase == .replicating else { return }
        for node in tally.silent { cover(node, &actions) }
    }

    /// The request's time is up.
    public mutating func deadlineElapsed(_ actions: inout [Action]) {
        switch phase {
        case .finished: return
        case .settling: break
        case .idle, .writingLocally:
            let note = "; the outcome at this node is unknown"
            actions.append(.fail(tally.deadlineExceeded(needed: w, note: note)))
        case .replicating:
            actions.append(.fail(tally.deadlineExceeded(needed: w, note: remainder)))
        }
        if isReplicating {
            // What became of these is unknown, and nobody will be told.
            for node in tally.silent + standIns.waitingReplicas
            where !owed.contains(node) && !tally.hasAnswered(node) { owed.append(node) }
            keepHints(&actions)
        }
        finish(&actions)
    }

    private var isReplicating: Bool { phase == .replicating || phase == .settling }

    /// What a client that is told of a failure must know of what was done.
    private var remainder: String { "; the write stays where it was stored and may become visible" }

    /// Sees to it that some node keeps the write for `replica`, which has failed or is silent.
    private mutating func cover(_ replica: NodeID, _ actions: inout [Action]) {
        guard !tally.hasAnswered(replica) else { return }
        if let fallback = standIns.next(for: replica) {
            actions.append(.hint(fallback, for: replica, written))
        } else if tally.hasFailed(replica), !standIns.covers(replica) {
            owed.append(replica)
        }
    }

    private mutating func keepHints(_ actions: inout [Action]) {
        for replica in owed { actions.append(.keepHint(for: replica, written)) }
        owed = []
    }

    private var isWaiting: Bool { tally.isWaiting || standIns.isWaiting }

    /// Answers the client when that is possible: with a success as soon as w have stored the write, but with a failure
    /// only when all have answered, so that the error says how many have it and not how many were quick.
    private mutating func goOn(_ actions: inout [Action]) {
        if phase == .replicating, tally.answeredCount >= w {
            actions.append(.respond(written))
            phase = .settling
        } else if phase == .replicating, !isWaiting {
            actions.append(.fail(tally.quorumNotReached(needed: w, note: remainder)))
            phase = .settling
        }
        guard phase == .settling else { return }
        keepHints(&actions)
        if !isWaiting { finish(&actions) }
    }

    private mutating func finish(_ actions: inout [Action]) {
        written = Versions()
        phase = .finished
        actions.append(.finished)
    }
}

extension RequestError {
    /// The error of a put that its coordinator could not store, so that no replica has it.
    fileprivate init(localFailure error: ReplicaError, needed: Int) {
        let code: Code =
            switch error.code {
            case .noSpace: .noSpace
            case .overloaded: .overloaded
            case .invalid: .invalidArgument
            case .io, .corruption: .internal
            case .unreachable, .outdated, .unanswered: .quorumNotReached
            }
        self.init(
            code: code, message: "the coordinator could not store the write: \(error.message)",
            replicasAnswered: 0, replicasNeeded: needed)
    }
}
