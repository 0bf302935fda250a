import ClusterCore
import NIOCore

/// A client's write, as the operations that coordinate it need it.
struct PutIntent {
    var key: StorageKey
    var content: Sibling.Content
    var ttlSeconds: Int
    var policy: Versions.Policy
    var returnSiblings: Bool
    var deadline: NIODeadline
    var completion: @Sendable (Response) -> Void
}

/// Performs what a `PutCoordinator` decides.
final class PutOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let intent: PutIntent
    private var coordinator: PutCoordinator

    init(id: UInt64, shard: Shard, intent: PutIntent, coordinator: PutCoordinator) {
        self.id = id
        self.shard = shard
        self.intent = intent
        self.coordinator = coordinator
    }

    func start() { step { $0.start(&$1) } }

    func wroteLocally(_ versions: Versions) { step { $0.localDone(versions, &$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .stored: step { $0.acked(from: node, &$1) }
        case .failed(let error): failed(node, error)
        case .versions, .listed, .forwarded: failed(node, .unexpectedReply)
        }
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        step {
            node == shard.context.selfID ? $0.localFailed(error, &$1) : $0.failed(node, error, &$1)
        }
    }

    func timerFired(_ now: NIODeadline) {
        if now >= intent.deadline { step { $0.deadlineElapsed(&$1) } }
    }

    private func step(_ event: (inout PutCoordinator, inout [PutCoordinator.Action]) -> Void) {
        var actions: [PutCoordinator.Action] = []
        event(&coordinator, &actions)
        for action in actions { shard.perform(action, of: intent, for: id) }
    }
}

extension Shard {
    /// The actions that every put shares, conditional or not.
    func perform(_ action: PutCoordinator.Action, of intent: PutIntent, for id: UInt64) {
        switch action {
        case .writeLocally(let context):
            let write = ClientWrite(content: intent.content, context: context, ttlSeconds: intent.ttlSeconds)
            writeLocally(intent.key, .write(write), policy: intent.policy, for: id)
        case .replicate(let node, let versions):
            send(
                .put(intent.key, versions, policy: intent.policy), to: node, for: id,
                timeout: intent.deadline - .now())
        case .respond(let versions):
            var reading = Reading(versions, of: intent.key, now: context.environment.wallMillis())
            if !intent.returnSiblings { reading.siblings = [] }
            intent.completion(.written(reading))
        case .fail(let error):
            intent.completion(.failed(error))
        case .finished:
            end(id)
        }
    }
}
