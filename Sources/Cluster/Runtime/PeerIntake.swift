import ClusterCore

/// One batch of a peer's requests on its way to the replica: what can be answered at once is, the rest goes to the
/// engine's threads as one batch of reads and one of writes.
struct PeerIntake {
    private let node: ClusterNode
    private let replies: any PeerReplyPath
    private var answers = ByteWriter()
    private var reads: [(id: UInt64, key: StorageKey)] = []
    private var writes: [ReplicaWriteJob.Entry] = []

    init(node: ClusterNode, replies: any PeerReplyPath) {
        self.node = node
        self.replies = replies
    }

    mutating func take(_ message: PeerRequestMessage) {
        switch message.body {
        case .get(let key):
            if let answer = node.replica.residentVersions(key) {
                PeerCodec.append(PeerReplyMessage(id: message.id, body: answer.reply), to: &answers)
                if answers.count >= PeerBatch.targetBytes { sendAnswers() }
            } else {
                reads.append((message.id, key))
            }
        case .put(let key, let versions, let policy):
            writes.append(.init(id: message.id, key: key, mutation: .merge(versions), policy: policy))
        case .list(let list):
            node.replica.list(list) { [replies] in Self.answer(message.id, $0, replies) }
        case .forward(let request):
            node.submit(request, isForwarded: true) { [replies] in
                Self.answer(message.id, .forwarded($0), replies)
            }
        case .buckets(let table):
            takeBuckets(table, message.id)
        }
    }

    /// Hands over what `take` gathered.
    mutating func serve() {
        sendAnswers()
        if !reads.isEmpty {
            node.replica.read(reads.map(\.key)) { [reads, replies] answers in
                Self.answer(zip(reads, answers).map { ($0.id, $1.reply) }, replies)
            }
        }
        if !writes.isEmpty {
            node.replica.write(writes) { [replies] entries in
                Self.answer(entries.map { ($0.id, $0.outcome!.acknowledgement) }, replies)
            }
        }
    }

    private mutating func sendAnswers() {
        if answers.count > 0 { _ = replies.send(answers.bytes) }
        answers = ByteWriter()
    }

    private func takeBuckets(_ table: BucketTable, _ id: UInt64) {
        guard node.registry.merge(table) else { return Self.answer(id, .stored, replies) }
        node.storeBuckets { [replies] result in
            switch result {
            case .success: Self.answer(id, .stored, replies)
            case .failure(let error): Self.answer(id, .failed(ReplicaError(error)), replies)
            }
        }
    }

    private static func answer(_ id: UInt64, _ reply: PeerReply, _ replies: any PeerReplyPath) {
        answer([(id, reply)], replies)
    }

    /// Nobody waits for the reply to a request with id 0. A reply that cannot be queued is one lost on the way: the
    /// peer's deadline covers it.
    private static func answer(_ all: [(id: UInt64, reply: PeerReply)], _ replies: any PeerReplyPath) {
        var writer = ByteWriter()
        for (id, reply) in all where id != 0 {
            PeerCodec.append(PeerReplyMessage(id: id, body: reply), to: &writer)
            if writer.count >= PeerBatch.targetBytes {
                _ = replies.send(writer.bytes)
                writer = ByteWriter()
            }
        }
        if writer.count > 0 { _ = replies.send(writer.bytes) }
    }
}

extension Result<Versions, ReplicaError> {
    /// What a peer whose write it was is told.
    var acknowledgement: PeerReply {
        switch self {
        case .success: .stored
        case .failure(let error): .failed(error)
        }
    }
}
