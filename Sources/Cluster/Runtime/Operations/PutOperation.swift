import ClusterCore
import NIOCore

/// Performs what a `PutCoordinator` decides.
final class PutOperation: Operation {
    private let id: UInt64
    /// Strong, since each use of an unowned one costs as much as a count in the metrics: the shard lets go when this ends.
    private let shard: Shard
    private let intent: WriteIntent
    private var coordinator: PutCoordinator
    private var written: LocalWrite?
    private var relocation = Relocation()
    /// Unchecked: nothing that it calls could come back here, and each event would pay for the check.
    @exclusivity(unchecked) private var timeline = RequestTimeline()

    init(id: UInt64, shard: Shard, intent: WriteIntent, coordinator: PutCoordinator) {
        self.id = id
        self.shard = shard
        self.intent = intent
        self.coordinator = coordinator
    }

    func start() { step { $0.start(&$1) } }

    func wroteLocally(_ write: LocalWrite) {
        written = write
        shard.ended(.localWrite, of: id, intent.attempt)
        note(nil, of: shard.context.selfID)
        step { $0.localDone(write.versions, &$1) }
    }

    func failedToWriteLocally(_ failure: LocalFailure) {
        note(failure.error, of: shard.context.selfID)
        if shard.handOver(intent, after: failure) { return shard.end(id) }
        step { $0.localFailed(failure.error, &$1) }
    }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .stored:
            note(nil, of: node)
            step { $0.acked(from: node, &$1) }
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    private func note(_ error: ReplicaError?, of node: NodeID) {
        shard.ended(node, error, by: id, for: intent.attempt, in: &timeline)
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        note(error, of: node)
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
        for action in actions {
            shard.note(action, by: id, for: intent.attempt, in: &timeline)
            shard.perform(action, of: intent, written, after: timeline, for: id)
        }
    }
}

extension Shard {
    /// The actions that every write shares.
    ///
    /// - Parameters:
    ///   - written: What this node has stored of it, once it has.
    ///   - found: What a change was told of the key.
    ///   - timeline: Whom the write has asked so far, by this action as well.
    func perform(
        _ action: PutCoordinator.Action, of intent: WriteIntent, found: Versions = Versions(),
        _ written: LocalWrite?, after timeline: RequestTimeline, for id: UInt64
    ) {
        switch action {
        case .writeLocally(let context):
            let mutation = intent.mutation(seen: context, found: found)
            writeLocally(
                intent.key, mutation, policy: intent.policy, for: id,
                in: intent.attempt.trace)
        case .replicate(let node, let versions):
            send(
                .put(intent.key, versions, policy: intent.policy), to: node, for: id,
                timeout: intent.attempt.deadline - now,
                in: intent.attempt.trace)
        case .hint(let node, for: let replica, let versions):
            meter.sentHint()
            send(
                .hint(for: replica, intent.key, versions, policy: intent.policy), to: node, for: id,
                timeout: intent.attempt.deadline - now,
                in: intent.attempt.trace)
        case .keepHint(for: let replica, let versions):
            writeLocally(intent.key, .hint(for: replica, versions), policy: intent.policy, for: 0)
        case .startFallbackTimer:
            arm(id, in: self.context.configuration.handoff.fallbackDelay)
        case .respond(let versions):
            ended(.writeQuorum, of: id, intent.attempt)
            let now = context.environment.wallMillis()
            answer(
                intent.attempt, intent.response(to: written, versions, now: now), about: .key(intent.key),
                after: timeline)
        case .fail(let error):
            answer(intent.attempt, .failed(error), about: .key(intent.key), after: timeline)
        case .finished:
            end(id)
        }
    }

    /// Takes down whom the action asks.
    func note(
        _ action: PutCoordinator.Action, by id: UInt64, for attempt: Attempt,
        in timeline: inout RequestTimeline
    ) {
        let asked: (node: NodeID, step: RequestTimeline.Step)
        switch action {
        case .writeLocally: asked = (self.context.selfID, .commit)
        case .replicate(let node, _): asked = (node, .store)
        case .hint(let node, for: _, _): asked = (node, .hint)
        // Nobody's answer is awaited.
        case .keepHint, .startFallbackTimer, .respond, .fail, .finished: return
        }
        self.asked(asked.node, to: asked.step, by: id, for: attempt, in: &timeline)
    }
}
