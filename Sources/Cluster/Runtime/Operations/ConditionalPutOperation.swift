import ClusterCore
import NIOCore

/// Performs what a `ConditionalPut` decides: a put with a condition, or a change.
///
/// Its reading goes by the operation's own identifier, its write by a second one: a replica may be asked both, and the
/// answers come in any order.
final class ConditionalPutOperation: Operation {
    private let id: UInt64
    /// Strong, since each use of an unowned one costs as much as a count in the metrics: the shard lets go when this ends.
    private let shard: Shard
    private let intent: WriteIntent
    private var coordinator: ConditionalPut
    private var written: LocalWrite?
    private var writeID: UInt64?
    /// What this node has of the key, as it is stored, if it was in memory.
    private var ownState: [UInt8]?
    private var isOutdated = false
    private var relocation = Relocation()
    /// Unchecked: nothing that it calls could come back here, and each event would pay for the check.
    @exclusivity(unchecked) private var timeline = RequestTimeline()

    init(id: UInt64, shard: Shard, intent: WriteIntent, coordinator: ConditionalPut) {
        self.id = id
        self.shard = shard
        self.intent = intent
        self.coordinator = coordinator
    }

    func start() { step { $0.start(&$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .versions(let versions):
            note(nil, of: node, by: id)
            let now = shard.context.environment.wallMillis()
            step { $0.received(versions, from: node, now: now, &$1) }
        case .same:
            note(nil, of: node, by: id)
            let now = shard.context.environment.wallMillis()
            step { $0.received(sameAs: shard.context.selfID, from: node, now: now, &$1) }
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    /// - Parameter id: Of the part that had asked: the reading or the write.
    private func note(_ error: ReplicaError?, of node: NodeID, by id: UInt64) {
        shard.ended(node, error, by: id, for: intent.attempt, in: &timeline)
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        note(error, of: node, by: id)
        if error.code == .outdated { isOutdated = true }
        step { $0.failedToRead(node, error, &$1) }
    }

    func timerFired(_ now: NIODeadline) {
        step { now >= intent.attempt.deadline ? $0.deadlineElapsed(&$1) : $0.hedgeElapsed(&$1) }
    }

    fileprivate func wrote(_ write: LocalWrite) {
        written = write
        if let writeID {
            shard.ended(.localWrite, of: writeID, intent.attempt)
            note(nil, of: shard.context.selfID, by: writeID)
        }
        if case .failure(let error) = write.result {
            step { $0.refused(RequestError(error), &$1) }
        } else {
            step { $0.localDone(write.versions, &$1) }
        }
    }

    fileprivate func stored(_ node: NodeID) {
        if let writeID { note(nil, of: node, by: writeID) }
        step { $0.acked(from: node, &$1) }
    }

    fileprivate func failedToWrite(_ node: NodeID, _ error: ReplicaError) {
        if let writeID { note(error, of: node, by: writeID) }
        if let writeID, relocation.begin(after: error, of: writeID, on: shard) { return }
        step { $0.failedToWrite(node, error, &$1) }
    }

    func failedToWriteLocally(_ failure: LocalFailure) {
        if let writeID { note(failure.error, of: shard.context.selfID, by: writeID) }
        guard shard.handOver(intent, after: failure) else {
            return step { $0.localFailed(failure.error, &$1) }
        }
        if let writeID { shard.end(writeID) }
        shard.end(id)
    }

    /// The write's timer has come.
    fileprivate func goOn() {
        if let writeID, let sets = relocation.take(of: writeID, intent, on: shard) {
            step { $0.moved(to: sets, &$1) }
        } else {
            step { $0.fallbackElapsed(&$1) }
        }
    }

    private func step(_ event: (inout ConditionalPut, inout [ConditionalPut.Action]) -> Void) {
        var actions: [ConditionalPut.Action] = []
        event(&coordinator, &actions)
        for action in actions {
            note(action)
            switch action {
            case .read(.ask(shard.context.selfID)):
                ownState = shard.readLocally(intent.key, for: id, in: intent.attempt.trace)
            case .read(let read):
                shard.perform(
                    read, of: intent.key, ownState, policy: intent.policy, for: intent.attempt, by: id)
            case .write(let write):
                shard.perform(
                    write, of: intent, found: coordinator.found, written, after: timeline, for: beginWrite())
            case .fail(let error):
                // Once it writes, a second attempt would find the condition broken by the first.
                shard.fail(
                    intent.attempt, error, about: .key(intent.key), after: timeline,
                    isOutdated: isOutdated && writeID == nil
                ) { [shard, intent] in
                    shard.coordinate(intent, $0)
                }
            case .finished:
                if let writeID { shard.end(writeID) }
                shard.end(id)
            }
        }
    }

    /// Takes down whom the action asks.
    private func note(_ action: ConditionalPut.Action) {
        switch action {
        case .read(let read):
            guard let (node, step) = read.ask else { return }
            shard.asked(node, to: step, by: id, for: intent.attempt, in: &timeline)
        case .write(let write): shard.note(write, by: beginWrite(), for: intent.attempt, in: &timeline)
        case .fail, .finished: break
        }
    }

    private func beginWrite() -> UInt64 {
        if let writeID { return writeID }
        let id = shard.register(within: self.id) { _ in ConditionalWrite(of: self) }
        writeID = id
        return id
    }
}

/// Takes the answers to the write of a conditional put.
private final class ConditionalWrite: Operation {
    /// Which ends this one with itself.
    private let whole: ConditionalPutOperation

    init(of whole: ConditionalPutOperation) { self.whole = whole }

    /// The whole has begun.
    func start() {}

    func received(_ reply: PeerReply, from node: NodeID) {
        switch reply {
        case .stored: whole.stored(node)
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    func wroteLocally(_ write: LocalWrite) { whole.wrote(write) }

    func failedToWriteLocally(_ failure: LocalFailure) { whole.failedToWriteLocally(failure) }

    func failed(_ node: NodeID, _ error: ReplicaError) { whole.failedToWrite(node, error) }

    /// The whole is armed itself for its deadline.
    func timerFired(_ now: NIODeadline) { whole.goOn() }
}

extension RequestError {
    /// Why a change was not made.
    fileprivate init(_ error: DataError) {
        switch error {
        case .wrongType: self.init(.wrongType, "the key holds something of another kind")
        case .notANumber: self.init(.notANumber, "what is there is not a number of the kind that is added")
        case .outOfRange: self.init(.outOfRange, "the sum is out of range")
        }
    }
}
