import ClusterCore
import NIOCore

/// Performs what a `PutCoordinator` decides.
final class PutOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let intent: WriteIntent
    private var coordinator: PutCoordinator
    private var written: LocalWrite?
    private var relocation = Relocation()

    init(id: UInt64, shard: Shard, intent: WriteIntent, coordinator: PutCoordinator) {
        self.id = id
        self.shard = shard
        self.intent = intent
        self.coordinator = coordinator
    }

    func start() { step { $0.start(&$1) } }

    func wroteLocally(_ write: LocalWrite) {
        written = write
        step { $0.localDone(write.versions, &$1) }
    }

    func failedToWriteLocally(_ failure: LocalFailure) {
        if shard.handOver(intent, after: failure) { return shard.end(id) }
        step { $0.localFailed(failure.error, &$1) }
    }

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
        for action in actions { shard.perform(action, of: intent, written, for: id) }
    }
}

extension Shard {
    /// The actions that every write shares.
    ///
    /// - Parameters:
    ///   - written: What this node has stored of it, once it has.
    ///   - found: What a change was told of the key.
    func perform(
        _ action: PutCoordinator.Action, of intent: WriteIntent, found: Versions = Versions(),
        _ written: LocalWrite?, for id: UInt64
    ) {
        switch action {
        case .writeLocally(let context):
            let mutation = intent.mutation(seen: context, found: found)
            writeLocally(intent.key, mutation, policy: intent.policy, for: id)
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
            intent.attempt.answer(intent.response(to: written, versions, now: now))
        case .fail(let error):
            intent.attempt.answer(.failed(error))
        case .finished:
            end(id)
        }
    }
}
