import ClusterCore
import Engine
import NIOCore

/// One batch of a peer's requests on its way to the replica: what can be answered at once is, the rest goes to the
/// engine's threads as one batch of reads and one of writes.
struct PeerIntake {
    private let node: ClusterNode
    private let peer: NodeID
    private let replies: any PeerReplyPath
    /// Kept by all that serves the batch, until the last answer.
    private let passage: Passage
    /// When the batch came; nil if nothing is recorded.
    private let arrived: NIODeadline?
    private var hasToldLayout = false
    private var answers = PeerBatches()
    /// How many of them are of keys that were read at once.
    private var readCount = 0
    private var reads: [(id: UInt64, read: ReplicaRead)] = []
    private var recordedReads: [Recorded<PartTrace>] = []
    private var writes: [ReplicaWriteJob.Entry] = []
    private var recordedWrites: [Recorded<PartTrace>] = []

    init(node: ClusterNode, peer: NodeID, replies: any PeerReplyPath) {
        self.node = node
        self.peer = peer
        self.replies = replies
        passage = node.gate.enter()
        arrived = node.tracer?.now
    }

    mutating func take(_ message: PeerRequestMessage) {
        switch message.body {
        case .get(let key): read(key, unless: nil, message)
        case .getUnlessSame(let key, let hash): read(key, unless: hash, message)
        case .put(let key, let versions, let policy):
            switch passage.view.rule(forWriteTo: key.partition, by: message.epoch) {
            case .store:
                write(
                    .init(id: message.id, key: key, mutation: .merge(versions), policy: policy), .store,
                    message)
            case .skip:
                trace(of: message, .store)?.end(nil)
                answers.append(PeerReplyMessage(id: message.id, body: .stored))
            case .refuse: refuse(message)
            }
        case .list(let list):
            guard passage.view.servesReads(of: list.firstPartition...list.lastPartition, by: message.epoch)
            else { return refuse(message) }
            let trace = trace(of: message, .list)
            node.replica.list(list, timedBy: trace?.tracer) { [replies, passage] reply, read in
                trace?.end(reply.error, after: read.map { .read($0) })
                Self.answer(message.id, reply, replies)
                withExtendedLifetime(passage) {}
            }
        case .page(let page):
            guard passage.view.servesReads(of: page.partition...page.partition, by: message.epoch) else {
                return refuse(message)
            }
            node.replica.page(page) { [replies, passage] in
                Self.answer(message.id, $0, replies)
                withExtendedLifetime(passage) {}
            }
        case .tree(let request):
            guard request.partitions.allSatisfy({ passage.view.servesReads(of: $0...$0, by: message.epoch) })
            else { return refuse(message) }
            node.replica.tree(request) { [replies, passage] in
                Self.answer(message.id, $0, replies)
                withExtendedLifetime(passage) {}
            }
        case .state, .reconcile, .confirm, .remove: takeWholeState(message)
        case .gossip(let bytes): node.hear(bytes, from: peer, replies)
        case .forward(let request):
            let source = RequestSource(.peer, trace: message.trace)
            node.submit(request.answered(within: message.timeoutMillis), from: source) { [replies] in
                Self.answer(message.id, .forwarded($0), replies)
            }
        case .buckets(let table):
            takeBuckets(table, message.id)
        case .layout(let history, let standing):
            node.learn(history, standing, of: peer) { [replies] result in
                Self.answer(message.id, result.acknowledgement, replies)
            }
        case .hint(let target, let key, let versions, let policy):
            write(
                .init(id: message.id, key: key, mutation: .hint(for: target, versions), policy: policy),
                .hint, message)
        case .hints(let key, let targets):
            let trace = trace(of: message, .hint)
            node.replica.hints(of: key, for: targets, timedBy: trace?.tracer) { [replies] reply, read in
                trace?.end(reply.error, after: read.map { .read($0) })
                Self.answer(message.id, reply, replies)
            }
        }
    }

    /// - Parameter hash: Of the state that need not be sent, since the peer has it.
    private mutating func read(_ key: StorageKey, unless hash: UInt64?, _ message: PeerRequestMessage) {
        guard passage.view.servesReads(of: key.partition...key.partition, by: message.epoch) else {
            return refuse(message)
        }
        if let reply = node.replica.residentReply(key, unless: hash) {
            readCount += 1
            trace(of: message, .read)?.end(reply.error, isInMemory: true)
            answers.append(PeerReplyMessage(id: message.id, body: reply))
        } else {
            if let trace = trace(of: message, .read) {
                recordedReads.append(Recorded(index: reads.count, trace: trace))
            }
            reads.append((message.id, ReplicaRead(key: key, hash: hash)))
        }
    }

    private mutating func write(
        _ entry: consuming ReplicaWriteJob.Entry, _ step: RequestTimeline.Step,
        _ message: PeerRequestMessage
    ) {
        if let trace = trace(of: message, step) {
            recordedWrites.append(Recorded(index: writes.count, trace: trace))
        }
        writes.append(entry)
    }

    /// For what the message asks; nil if it is not recorded.
    private func trace(of message: PeerRequestMessage, _ step: RequestTimeline.Step) -> PartTrace? {
        guard let parent = message.trace, let arrived, let tracer = node.tracer else { return nil }
        return PartTrace(step, askedBy: peer, under: parent, at: arrived, by: tracer)
    }

    /// What anti-entropy and reaping ask of a key or of rows: of a replica that is read from, which holds all of them.
    private mutating func takeWholeState(_ message: PeerRequestMessage) {
        guard let partition = message.body.partition,
            passage.view.servesReads(of: partition...partition, by: message.epoch)
        else { return refuse(message) }
        switch message.body {
        case .state(let key):
            // Before the state is read.
            let seen = node.replica.clocks.told(of: key)
            node.replica.read([ReplicaRead(key: key)]) { [replies, passage] answers, _ in
                Self.answer(message.id, answers[0].telling(seen: seen), replies)
                withExtendedLifetime(passage) {}
            }
        case .reconcile(let key, let versions, let seen, let policy):
            writes.append(
                .init(
                    id: message.id, key: key, mutation: .reconcile(versions, seen: seen), policy: policy))
        case .confirm(let dead):
            node.replica.confirm(dead, now: node.environment.wallMillis()) { [replies, passage] in
                Self.answer(message.id, $0.reply, replies)
                withExtendedLifetime(passage) {}
            }
        case .remove(let dead):
            node.replica.remove(dead) { [replies, passage] entries, _ in
                Self.answer(message.id, entries.first?.acknowledgement ?? .stored, replies)
                withExtendedLifetime(passage) {}
            }
        default: preconditionFailure("only requests after whole states come here")
        }
    }

    /// One of the two goes by a view that is too old. The sender gets this node's history before the first refusal.
    private mutating func refuse(_ message: PeerRequestMessage) {
        let layouts = node.layouts
        if !hasToldLayout, layouts.isKnown {
            hasToldLayout = true
            answers.append(PeerReplyMessage(id: 0, body: .layout(layouts)))
        }
        guard message.id != 0 else { return }
        let error = ReplicaError(.outdated, "the layout is being changed")
        answers.append(PeerReplyMessage(id: message.id, body: .failed(error)))
    }

    /// Hands over what `take` gathered.
    mutating func serve() {
        Self.send(&answers, replies)
        node.peerReads.read(onLoop: readCount, byReader: reads.count)
        if !reads.isEmpty {
            let tracer = recordedReads.isEmpty ? nil : node.tracer
            node.replica.read(reads.map(\.read), timedBy: tracer) {
                [reads, recordedReads, replies, passage] answers, read in
                if !recordedReads.isEmpty { recordedReads.end(answers, after: read) }
                Self.answer(zip(reads, answers).map { ($0.id, $1) }, replies)
                withExtendedLifetime(passage) {}
            }
        }
        if !writes.isEmpty {
            // Moved, not shared: the writer thread changes the entries in place.
            var leaving: [ReplicaWriteJob.Entry] = []
            swap(&leaving, &writes)
            node.replica.write(leaving, tellsCommit: !recordedWrites.isEmpty) {
                [recordedWrites, replies, passage] entries, commit in
                if !recordedWrites.isEmpty { recordedWrites.end(entries, after: commit) }
                Self.answer(entries.map { ($0.id, $0.acknowledgement) }, replies)
                withExtendedLifetime(passage) {}
            }
        }
    }

    private func takeBuckets(_ table: BucketTable, _ id: UInt64) {
        guard node.registry.merge(table) else { return Self.answer(id, .stored, replies) }
        node.storeBuckets { [replies] in Self.answer(id, $0.acknowledgement, replies) }
    }

    private static func answer(_ id: UInt64, _ reply: PeerReply, _ replies: any PeerReplyPath) {
        answer([(id, reply)], replies)
    }

    /// Nobody waits for the reply to a request with id 0.
    private static func answer(_ all: [(id: UInt64, reply: PeerReply)], _ replies: any PeerReplyPath) {
        var batches = PeerBatches()
        for (id, reply) in all where id != 0 { batches.append(PeerReplyMessage(id: id, body: reply)) }
        send(&batches, replies)
    }

    /// A reply that cannot be queued is replaced by a short one that says so. When the stream itself is gone, the peer
    /// knows without.
    private static func send(_ batches: inout PeerBatches, _ replies: any PeerReplyPath) {
        for batch in batches.take() where replies.send(batch.bytes) == .full {
            var refusals = ByteWriter()
            for id in batch.ids {
                let error = ReplicaError(
                    .unanswered, "the reply is too long for a message, or the queue for it is full")
                PeerCodec.append(PeerReplyMessage(id: id, body: .failed(error)), to: &refusals)
            }
            _ = replies.send(refusals.bytes)
        }
    }
}

extension TreeRequest {
    fileprivate var partitions: [Int] {
        switch self {
        case .roots(let trees): trees.map(\.partition)
        case .children(let children): [children.tree.partition]
        case .keys(let keys): [keys.tree.partition]
        case .agreed(let agreements): agreements.map(\.tree.partition)
        }
    }
}

extension PeerRequest {
    /// Of a request after whole states.
    fileprivate var partition: Int? {
        switch self {
        case .state(let key), .reconcile(let key, _, _, _): key.partition
        case .confirm(let dead), .remove(let dead): dead.partition
        default: nil
        }
    }
}

extension PeerReply {
    /// A key's state with what was seen before it was read.
    fileprivate func telling(seen: VersionVector) -> PeerReply {
        if case .versions(let versions) = self { .state(versions ?? Versions(), seen: seen) } else { self }
    }
}

extension Request {
    /// The request with less time than the node that forwards it has, so that the answer of this one, which knows
    /// more, comes first. That holds for a request that runs out of time, too.
    fileprivate func answered(within millis: UInt32) -> Request {
        var request = self
        request.timeoutMillis = max(1, Int(millis) - max(5, Int(millis) / 10))
        return request
    }
}

extension PeerBatches {
    fileprivate mutating func append(_ reply: PeerReplyMessage) {
        append(reply.id) { PeerCodec.append(reply, to: &$0) }
    }
}

extension ReplicaWriteJob.Entry {
    /// What a peer whose write it was is told.
    fileprivate var acknowledgement: PeerReply {
        switch outcome {
        case .success: .stored
        case .failure(let error): .failed(error)
        case nil: preconditionFailure("a write job must set every outcome")
        }
    }
}

extension Result<Void, EngineError> {
    fileprivate var acknowledgement: PeerReply {
        switch self {
        case .success: .stored
        case .failure(let error): .failed(ReplicaError(error))
        }
    }
}
