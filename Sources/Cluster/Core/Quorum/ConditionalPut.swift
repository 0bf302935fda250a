/// A put that happens only if a reading of r replicas meets a condition: a get, then a put.
///
/// **It is not linearizable.** Between the reading and the write, another coordinator may write, and two conditional
/// puts at the same time may both find their condition met; no replica is locked and none votes. What is
/// kept is causality: the write counts as made by a client that had seen what was read (and what the client's own
/// context says), so what was written in that gap stays as a sibling and is not lost. In a bucket with
/// last-writer-wins, the later of two such writes hides the other. With r + w > n, a conditional put does fail if a put
/// that was acknowledged before it began broke its condition.
///
/// A change of a counter, a set or a map goes the same way, without a condition: what was read is joined to what the
/// coordinator has (`found`), and the change made of that, in one step, so that it replaces what it has seen and no more.
///
/// A value, driven like `GetCoordinator` and `PutCoordinator`, with the events of both; replies to `ask` and to
/// `replicate` come in by different functions. Exactly one `respond` or `fail`, then exactly one `finished`.
public struct ConditionalPut: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// An action of the reading: any but `respond`, `fail` and `finished`.
        case read(GetCoordinator.Action)
        /// An action of the write: any but `fail` and `finished`.
        case write(PutCoordinator.Action)
        /// Answer the client that nothing was written, or that the write failed.
        case fail(RequestError)
        /// No further event has an effect: drop the state and disarm the timers.
        case finished
    }

    private enum Phase {
        case reading
        /// The condition isn't met: the reading goes on to repair what is stale.
        case refused
        case writing
        case finished
    }

    private var phase = Phase.reading
    /// What was read; empty until it is.
    public private(set) var found = Versions()
    private var get: GetCoordinator
    private var put: PutCoordinator?
    private let condition: WriteCondition
    private let local: NodeID
    private let sets: ReplicaSets
    private let w: Int
    private let context: CausalContext
    private let fallbacks: [NodeID]
    private var readActions: [GetCoordinator.Action] = []
    private var writeActions: [PutCoordinator.Action] = []

    /// - Parameters:
    ///   - local: This node, one of the readable replicas.
    ///   - replicas: The replicas to read from, as for `GetCoordinator`.
    ///   - sets: The replicas to write to, as for `PutCoordinator`.
    ///   - r: How many replicas the reading needs.
    ///   - w: How many must have stored the write.
    ///   - policy: What becomes of concurrent values.
    ///   - fanout: How many replicas the reading asks at first.
    ///   - condition: What must hold.
    ///   - context: What the client had seen of the key besides; empty if it doesn't say.
    ///   - fallbacks: Who may stand in for replicas, as for `GetCoordinator` and `PutCoordinator`.
    public init(
        local: NodeID, replicas: [NodeID], sets: ReplicaSets, r: Int, w: Int, policy: Versions.Policy,
        fanout: ReadFanout, condition: WriteCondition, context: CausalContext, fallbacks: [NodeID] = []
    ) {
        get = GetCoordinator(
            replicas: replicas, r: r, policy: policy, fanout: fanout, fallbacks: fallbacks)
        self.fallbacks = fallbacks
        self.condition = condition
        self.local = local
        self.sets = sets
        self.w = w
        self.context = context
    }

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) {
        get.start(&readActions)
        // Nothing was read yet, so that no condition can be judged here and the time doesn't matter.
        take(now: 0, &actions)
    }

    /// A replica or fallback that was asked in the reading answered; `nil` if it knows nothing of the key.
    ///
    /// - Parameter now: Milliseconds since 1970, to tell which values have expired.
    public mutating func received(
        _ versions: Versions?, from node: NodeID, now: UInt64, _ actions: inout [Action]
    ) {
        guard isReading else { return }
        get.received(versions, from: node, &readActions)
        take(now: now, &actions)
    }

    /// A replica answered that it has just what `other` has, which had answered before.
    public mutating func received(
        sameAs other: NodeID, from node: NodeID, now: UInt64, _ actions: inout [Action]
    ) {
        guard isReading else { return }
        get.received(sameAs: other, from: node, &readActions)
        take(now: now, &actions)
    }

    /// A replica could not answer in the reading.
    public mutating func failedToRead(_ node: NodeID, _ error: ReplicaError, _ actions: inout [Action]) {
        guard isReading else { return }
        get.failed(node, error, &readActions)
        take(now: 0, &actions)
    }

    /// The hedge delay has passed since `startHedge`.
    public mutating func hedgeElapsed(_ actions: inout [Action]) {
        guard isReading else { return }
        get.hedgeElapsed(&readActions)
        take(now: 0, &actions)
    }

    /// This node has stored the write; see `PutCoordinator.localDone`.
    public mutating func localDone(_ versions: Versions, _ actions: inout [Action]) {
        put?.localDone(versions, &writeActions)
        takeWrite(&actions)
    }

    /// This node has found that the change cannot be made; nothing was written.
    public mutating func refused(_ error: RequestError, _ actions: inout [Action]) {
        guard phase == .writing else { return }
        put = nil
        phase = .finished
        actions.append(.fail(error))
        actions.append(.finished)
    }

    /// This node could not store the write; see `PutCoordinator.localFailed`.
    public mutating func localFailed(_ error: ReplicaError, _ actions: inout [Action]) {
        put?.localFailed(error, &writeActions)
        takeWrite(&actions)
    }

    /// A replica has stored the write.
    public mutating func acked(from node: NodeID, _ actions: inout [Action]) {
        put?.acked(from: node, &writeActions)
        takeWrite(&actions)
    }

    /// A replica has not stored the write, or nobody knows whether it has.
    public mutating func failedToWrite(_ node: NodeID, _ error: ReplicaError, _ actions: inout [Action]) {
        put?.failed(node, error, &writeActions)
        takeWrite(&actions)
    }

    /// The key's partition has moved on during the write; see `PutCoordinator.moved`.
    public mutating func moved(to sets: ReplicaSets, _ actions: inout [Action]) {
        put?.moved(to: sets, &writeActions)
        takeWrite(&actions)
    }

    /// The fallback delay has passed since the write's `startFallbackTimer`.
    public mutating func fallbackElapsed(_ actions: inout [Action]) {
        put?.fallbackElapsed(&writeActions)
        takeWrite(&actions)
    }

    /// The request's time is up.
    public mutating func deadlineElapsed(_ actions: inout [Action]) {
        if isReading {
            get.deadlineElapsed(&readActions)
            take(now: 0, &actions)
        } else {
            put?.deadlineElapsed(&writeActions)
            takeWrite(&actions)
        }
    }

    private var isReading: Bool { phase == .reading || phase == .refused }

    /// Passes on what the reading wants, and begins the write when it has its result.
    private mutating func take(now: UInt64, _ actions: inout [Action]) {
        for action in readActions where isReading {
            switch action {
            case .ask, .askFallback, .repair, .startHedge: actions.append(.read(action))
            case .fail(let error):
                actions.append(.fail(error))
                phase = .refused
            case .respond(let merged): judge(merged, now: now, &actions)
            case .finished:
                actions.append(.finished)
                phase = .finished
            }
        }
        readActions.removeAll(keepingCapacity: true)
    }

    private mutating func judge(_ merged: Versions, now: UInt64, _ actions: inout [Action]) {
        let seen: CausalContext
        switch condition.verdict(on: merged, after: context, now: now) {
        case .success(let context): seen = context
        case .failure(let refusal):
            actions.append(.fail(refusal))
            phase = .refused
            return
        }
        // What the rest of the replicas would say comes too late, and the write is a repair itself.
        phase = .writing
        found = merged
        var put = PutCoordinator(local: local, sets: sets, w: w, context: seen, fallbacks: fallbacks)
        put.start(&writeActions)
        self.put = put
        takeWrite(&actions)
    }

    private mutating func takeWrite(_ actions: inout [Action]) {
        for action in writeActions {
            switch action {
            case .writeLocally, .replicate, .hint, .keepHint, .startFallbackTimer, .respond:
                actions.append(.write(action))
            case .fail(let error): actions.append(.fail(error))
            case .finished:
                actions.append(.finished)
                phase = .finished
            }
        }
        writeActions.removeAll(keepingCapacity: true)
    }
}
