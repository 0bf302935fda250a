import ClusterCore
import NIOCore

/// Performs what a `GetCoordinator` decides.
final class GetOperation: Operation {
    private let id: UInt64
    /// Strong, since each use of an unowned one costs as much as a count in the metrics: the shard lets go when this ends.
    private let shard: Shard
    private let request: GetRequest
    private let key: StorageKey
    private let policy: Versions.Policy
    private let attempt: Attempt
    private var coordinator: GetCoordinator
    /// What this node has of the key, as it is stored, if it was in memory.
    private var ownState: [UInt8]?
    private var isOutdated = false
    /// Unchecked: nothing that it calls could come back here, and each event would pay for the check.
    @exclusivity(unchecked) private var timeline = RequestTimeline()

    init(
        id: UInt64, shard: Shard, request: GetRequest, key: StorageKey, policy: Versions.Policy,
        coordinator: GetCoordinator, attempt: Attempt
    ) {
        self.id = id
        self.shard = shard
        self.request = request
        self.key = key
        self.policy = policy
        self.coordinator = coordinator
        self.attempt = attempt
    }

    func start() { step { $0.start(&$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        if node == shard.context.selfID { shard.ended(.localRead, of: id, attempt) }
        switch reply {
        case .versions(let versions):
            note(nil, of: node)
            step { $0.received(versions, from: node, &$1) }
        case .same:
            note(nil, of: node)
            step { $0.received(sameAs: shard.context.selfID, from: node, &$1) }
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    private func note(_ error: ReplicaError?, of node: NodeID) {
        shard.ended(node, error, by: id, for: attempt, in: &timeline)
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        note(error, of: node)
        if error.code == .outdated { isOutdated = true }
        step { $0.failed(node, error, &$1) }
    }

    func timerFired(_ now: NIODeadline) {
        step { now >= attempt.deadline ? $0.deadlineElapsed(&$1) : $0.hedgeElapsed(&$1) }
    }

    private func step(_ event: (inout GetCoordinator, inout [GetCoordinator.Action]) -> Void) {
        var actions: [GetCoordinator.Action] = []
        event(&coordinator, &actions)
        for action in actions { perform(action) }
    }

    private func perform(_ action: GetCoordinator.Action) {
        if let (node, step) = action.ask {
            shard.asked(node, to: step, by: id, for: attempt, in: &timeline)
        }
        switch action {
        case .respond(let versions):
            let reading = Reading(versions, of: key, now: shard.context.environment.wallMillis())
            shard.ended(.readQuorum, of: id, attempt)
            shard.meter.read(siblings: reading.siblings.count)
            shard.answer(attempt, .read(reading), about: .key(key), after: timeline)
        case .fail(let error):
            shard.fail(attempt, error, about: .key(key), after: timeline, isOutdated: isOutdated) {
                [shard, request, key] in
                shard.coordinate(request, key: key, $0)
            }
        case .finished:
            shard.end(id)
        case .ask(shard.context.selfID):
            ownState = shard.readLocally(key, for: id, in: attempt.trace)
        case .ask, .askFallback, .repair, .startHedge:
            shard.perform(action, of: key, ownState, policy: policy, for: attempt, by: id)
        }
    }
}

extension Shard {
    /// The actions that every reading shares, a conditional put's included.
    ///
    /// - Parameter ownState: What this node has of the key, if that is known: a replica that has the same need not send it.
    func perform(
        _ action: GetCoordinator.Action, of key: StorageKey, _ ownState: [UInt8]?, policy: Versions.Policy,
        for attempt: Attempt, by id: UInt64
    ) {
        switch action {
        case .ask(let node):
            let request: PeerRequest =
                ownState.map { .getUnlessSame(key, hash: RowChange.hash(of: key, state: $0)) } ?? .get(key)
            send(
                request, to: node, for: id, timeout: attempt.deadline - now,
                in: attempt.trace)
        case .askFallback(let node, for: let replicas):
            send(
                .hints(of: key, for: replicas), to: node, for: id, timeout: attempt.deadline - now,
                in: attempt.trace)
        case .repair(context.selfID, let versions):
            meter.repaired(isLocal: true)
            writeLocally(key, .merge(versions), policy: policy, for: 0)
        case .repair(let node, let versions):
            meter.repaired(isLocal: false)
            // The repair is nobody's request any more, so no deadline is left to keep.
            send(
                .put(key, versions, policy: policy), to: node, for: 0,
                timeout: context.configuration.defaultTimeout)
        case .startHedge:
            arm(id, in: context.configuration.hedgeDelay)
        case .respond, .fail, .finished:
            preconditionFailure("the operation answers its client itself")
        }
    }
}

extension GetCoordinator.Action {
    /// Who is asked what by it; nil if nobody is whose answer is awaited.
    var ask: (NodeID, RequestTimeline.Step)? {
        switch self {
        case .ask(let node): (node, .read)
        case .askFallback(let node, for: _): (node, .hint)
        case .respond, .fail, .repair, .startHedge, .finished: nil
        }
    }
}

extension Reading {
    /// What a client at `now` is told of `versions`.
    init(_ versions: Versions, of key: StorageKey, now: UInt64) {
        self.init(
            siblings: versions.reading(at: now),
            context: ContextToken.encode(versions.causalContext, for: key))
    }
}

extension ReplicaError {
    static let unexpectedReply = ReplicaError(.invalid, "the reply does not fit the request")
}
