import ClusterCore
import NIOCore

/// A client's write, as the operations that coordinate it need it.
struct PutIntent {
    var request: PutRequest
    var key: StorageKey
    /// Of the bucket, as they were when the request came.
    var properties: BucketProperties
    /// What the client had seen by its own account.
    var seen: CausalContext
    var attempt: Attempt

    var policy: Versions.Policy { properties.policy }
}

/// Performs what a `PutCoordinator` decides.
final class PutOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let intent: PutIntent
    private var coordinator: PutCoordinator
    private var dot: Dot?
    private var relocation = Relocation()

    init(id: UInt64, shard: Shard, intent: PutIntent, coordinator: PutCoordinator) {
        self.id = id
        self.shard = shard
        self.intent = intent
        self.coordinator = coordinator
    }

    func start() { step { $0.start(&$1) } }

    func wroteLocally(_ versions: Versions, as dot: Dot?) {
        self.dot = dot
        step { $0.localDone(versions, &$1) }
    }

    func failedToWriteLocally(_ error: ReplicaError) { step { $0.localFailed(error, &$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .stored: step { $0.acked(from: node, &$1) }
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        if relocation.begin(after: error, of: id, on: shard) { return }
        step { $0.failed(node, error, &$1) }
    }

    func timerFired(_ now: NIODeadline) {
        if now >= intent.attempt.deadline { return step { $0.deadlineElapsed(&$1) } }
        if let sets = relocation.take(of: id, intent, on: shard) {
            step { $0.moved(to: sets, &$1) }
        } else {
            step { $0.fallbackElapsed(&$1) }
        }
    }

    private func step(_ event: (inout PutCoordinator, inout [PutCoordinator.Action]) -> Void) {
        var actions: [PutCoordinator.Action] = []
        event(&coordinator, &actions)
        for action in actions { shard.perform(action, of: intent, as: dot, for: id) }
    }
}

extension Shard {
    /// The actions that every put shares, conditional or not. `dot` is the write's, once it has one.
    func perform(_ action: PutCoordinator.Action, of intent: PutIntent, as dot: Dot?, for id: UInt64) {
        switch action {
        case .writeLocally(let context):
            let write = ClientWrite(
                content: intent.request.content, context: context, expiry: intent.request.expiry,
                properties: intent.properties)
            writeLocally(intent.key, .write(write), policy: intent.policy, for: id)
        case .replicate(let node, let versions):
            send(
                .put(intent.key, versions, policy: intent.policy), to: node, for: id,
                timeout: intent.attempt.deadline - loop.now)
        case .hint(let node, for: let replica, let versions):
            send(
                .hint(for: replica, intent.key, versions, policy: intent.policy), to: node, for: id,
                timeout: intent.attempt.deadline - loop.now)
        case .keepHint(for: let replica, let versions):
            writeLocally(intent.key, .hint(for: replica, versions), policy: intent.policy, for: 0)
        case .startFallbackTimer:
            arm(id, in: self.context.configuration.handoff.fallbackDelay)
        case .respond(let versions):
            let now = context.environment.wallMillis()
            intent.attempt.answer(.written(Reading(after: dot, in: versions, of: intent, now: now)))
        case .fail(let error):
            intent.attempt.answer(.failed(error))
        case .finished:
            end(id)
        }
    }
}

extension Reading {
    /// What the writer of `dot` is told of the state after its write.
    ///
    /// The context must cover nothing that the client was not shown: its next write would replace, unseen, what another
    /// client wrote. So without the siblings it gets what it had seen and its own write, if there are others beside it;
    /// and no context, if even that would cover one of them, as it does for two writes through the same coordinator.
    fileprivate init(after dot: Dot?, in versions: Versions, of intent: PutIntent, now: UInt64) {
        self.init(versions, of: intent.key, now: now)
        guard !intent.request.returnSiblings else { return }
        siblings = []
        let others = versions.siblings.filter { $0.dot != dot }
        guard let dot, !others.isEmpty else { return }
        var known = intent.seen
        known.vector.insert(dot)
        known.latest = versions.causalContext.latest
        let isSafe = !others.contains { known.vector.covers($0.dot) }
        context = isSafe ? ContextToken.encode(known, for: intent.key) : []
    }
}
