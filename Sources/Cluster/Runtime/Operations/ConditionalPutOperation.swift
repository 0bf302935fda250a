import ClusterCore
import NIOCore

/// Performs what a `ConditionalPut` decides.
final class ConditionalPutOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let intent: PutIntent
    private var coordinator: ConditionalPut
    /// Whose failure would still be one of the reading: a node is asked to read first, and answers in order.
    private var oweReading: Set<NodeID> = []

    init(id: UInt64, shard: Shard, intent: PutIntent, coordinator: ConditionalPut) {
        self.id = id
        self.shard = shard
        self.intent = intent
        self.coordinator = coordinator
    }

    func start() { step { $0.start(&$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        let now = shard.context.environment.wallMillis()
        switch reply {
        case .versions(let versions):
            oweReading.remove(node)
            step { $0.received(versions, from: node, now: now, &$1) }
        case .stored: step { $0.acked(from: node, &$1) }
        case .failed(let error): failed(node, error)
        case .listed, .forwarded: failed(node, .unexpectedReply)
        }
    }

    func wroteLocally(_ versions: Versions) { step { $0.localDone(versions, &$1) } }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        if oweReading.remove(node) != nil {
            step { $0.failedToRead(node, error, &$1) }
        } else if node == shard.context.selfID {
            step { $0.localFailed(error, &$1) }
        } else {
            step { $0.failedToWrite(node, error, &$1) }
        }
    }

    func lost(_ node: NodeID) {
        let error = ReplicaError(.unreachable, "the connection was lost")
        if oweReading.remove(node) != nil { step { $0.failedToRead(node, error, &$1) } }
        step { $0.failedToWrite(node, error, &$1) }
    }

    func timerFired(_ now: NIODeadline) {
        step { now >= intent.deadline ? $0.deadlineElapsed(&$1) : $0.hedgeElapsed(&$1) }
    }

    private func step(_ event: (inout ConditionalPut, inout [ConditionalPut.Action]) -> Void) {
        var actions: [ConditionalPut.Action] = []
        event(&coordinator, &actions)
        for action in actions {
            switch action {
            case .read(let read):
                if case .ask(let node) = read { oweReading.insert(node) }
                shard.perform(read, of: intent.key, policy: intent.policy, until: intent.deadline, for: id)
            case .write(let write): shard.perform(write, of: intent, for: id)
            case .fail(let error): intent.completion(.failed(error))
            case .finished: shard.end(id)
            }
        }
    }
}
