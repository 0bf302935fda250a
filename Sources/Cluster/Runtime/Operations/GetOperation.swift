import ClusterCore
import NIOCore

/// Performs what a `GetCoordinator` decides.
final class GetOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let key: StorageKey
    private let policy: Versions.Policy
    private let deadline: NIODeadline
    private let completion: @Sendable (Response) -> Void
    private var coordinator: GetCoordinator

    init(
        id: UInt64, shard: Shard, key: StorageKey, policy: Versions.Policy, coordinator: GetCoordinator,
        timeout: TimeAmount, completion: @escaping @Sendable (Response) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.key = key
        self.policy = policy
        self.coordinator = coordinator
        deadline = shard.loop.now + timeout
        self.completion = completion
    }

    func start() { step { $0.start(&$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .versions(let versions): step { $0.received(versions, from: node, &$1) }
        case .failed(let error): failed(node, error)
        case .stored, .listed, .forwarded: failed(node, .unexpectedReply)
        }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) { step { $0.failed(node, error, &$1) } }

    func timerFired(_ now: NIODeadline) {
        step { now >= deadline ? $0.deadlineElapsed(&$1) : $0.hedgeElapsed(&$1) }
    }

    private func step(_ event: (inout GetCoordinator, inout [GetCoordinator.Action]) -> Void) {
        var actions: [GetCoordinator.Action] = []
        event(&coordinator, &actions)
        for action in actions { perform(action) }
    }

    private func perform(_ action: GetCoordinator.Action) {
        switch action {
        case .respond(let versions):
            completion(.read(Reading(versions, of: key, now: shard.context.environment.wallMillis())))
        case .fail(let error):
            completion(.failed(error))
        case .finished:
            shard.end(id)
        case .ask, .repair, .startHedge:
            shard.perform(action, of: key, policy: policy, until: deadline, for: id)
        }
    }
}

extension Shard {
    /// The actions that every reading shares, a conditional put's included.
    func perform(
        _ action: GetCoordinator.Action, of key: StorageKey, policy: Versions.Policy,
        until deadline: NIODeadline,
        for id: UInt64
    ) {
        switch action {
        case .ask(context.selfID):
            readLocally(key, for: id)
        case .ask(let node):
            send(.get(key), to: node, for: id, timeout: deadline - loop.now)
        case .repair(context.selfID, let versions):
            writeLocally(key, .merge(versions), policy: policy, for: 0)
        case .repair(let node, let versions):
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

extension Reading {
    /// What a client at `now` is told of `versions`.
    init(_ versions: Versions, of key: StorageKey, now: UInt64) {
        self.init(
            siblings: versions.siblings.filter { $0.isLive(at: now) },
            context: ContextToken.encode(versions.causalContext, for: key))
    }
}

extension ReplicaError {
    static let unexpectedReply = ReplicaError(.invalid, "the reply does not fit the request")
}
