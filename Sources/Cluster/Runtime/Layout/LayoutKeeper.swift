import ClusterCore
import Engine
import LogLimits
import Logging
import NIOCore
import Synchronization

/// Keeps this node's history of layouts: stores what it learns, then goes by it, tells the peers, and does the duties
/// that follow from it (`LayoutHistory.duties`).
final class LayoutKeeper: @unchecked Sendable {
    // @unchecked: every member that changes is touched only on `loop`.

    /// What of a change lies on the disk and is in force.
    private(set) var history: LayoutHistory
    /// What is known beyond that, on its way to the disk.
    private var draft: LayoutHistory
    /// What this node can say of its disk; stored with the history.
    private var standing: Standing
    private var storedStanding: Standing
    private var settlement: Settlement
    private var isStoring = false
    /// Called with the outcome of storing the drafts up to now.
    private var waiters: [@Sendable (Result<Void, EngineError>) -> Void] = []

    private let loop: any EventLoop
    private let context: ShardContext
    private let executor: EngineExecutor
    private let gate: ViewGate
    private let logger: Logger
    private var shards: [Shard] = []
    private var entropy: EntropyDriver?
    private var reaping: ReapDriver?
    private var gossip: GossipDriver?
    private var transport: (any PeerTransport)?
    private var connected: Set<NodeID> = []
    private var filler: PartitionFiller?
    /// See `LayoutService`.
    let filling: Mutex<FillStatus?> = Mutex(nil)
    private var inHand: [LayoutHistory.Duty] = []
    /// Whom the transport was last told to talk to.
    private var peers: [Member] = []
    private var decidingPause: Int64 = 0
    private var autoCommit: AutoCommit?
    private var isStopped = false

    init(
        _ history: LayoutHistory, _ standing: Standing, loop: any EventLoop, context: ShardContext,
        executor: EngineExecutor,
        gate: ViewGate, logger: Logger
    ) {
        self.history = history
        draft = history
        self.standing = standing
        storedStanding = standing
        settlement = Settlement(context.selfID, standing)
        self.loop = loop
        self.context = context
        self.executor = executor
        self.gate = gate
        self.logger = logger
        autoCommit = context.configuration.layouts.autoCommitDelay.map {
            AutoCommit(delay: UInt64($0.nanoseconds / 1_000_000))
        }
    }

    private var selfID: NodeID { context.selfID }
    private var settings: LayoutConfiguration { context.configuration.layouts }

    // MARK: The node's life

    /// Begins the duties that the last run left. On the loop.
    func start(
        _ transport: any PeerTransport, shards: [Shard], entropy: EntropyDriver, reaping: ReapDriver,
        gossip: GossipDriver
    ) {
        self.transport = transport
        self.shards = shards
        self.entropy = entropy
        self.reaping = reaping
        self.gossip = gossip
        filler = PartitionFiller(shard: shards[0], executor: executor) {
            [unowned self] status in
            filling.withLock { $0 = status }
        }
        updatePeers()
        loop.scheduleTask(in: settings.foundingGrace) { [self] in
            settlement.graceElapsed()
            settle()
            store { _ in }
        }
        // What the last run was to delete and did not come to.
        let held = gate.view.held
        delete(held.indices.filter { !held[$0] })
        work()
        repeatNews()
    }

    /// Begins nothing more.
    func stop() {
        isStopped = true
        filler?.stop()
    }

    /// Forgets what is under way (`ClusterNode.abandon`).
    func abandon() { (filler, waiters, transport) = (nil, [], nil) }

    func connected(_ peer: NodeID) {
        connected.insert(peer)
        tell([peer])
    }

    func disconnected(_ peer: NodeID) {
        connected.remove(peer)
        updatePeers()
    }

    // MARK: Changes of the history

    /// Takes in what a peer knows. Calls `whenDone` when nothing of it can be lost any more.
    func merge(
        _ other: LayoutHistory, _ standing: Standing?, of peer: NodeID,
        whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void = { _ in }
    ) {
        loop.preconditionInEventLoop()
        guard other.current.divides(as: draft.current) else {
            context.limited.log(
                .error,
                "a peer's layout is refused: cluster.partitions or cluster.replication is not this node's",
                metadata: ["peer": "\(shards.first?.name(of: peer) ?? "")"])
            return whenDone(
                .failure(EngineError(.invalidArgument, "the layouts cannot belong to one cluster")))
        }
        draft.merge(other)
        draft.advance(as: selfID)
        if let standing { settlement.heard(standing, from: peer) }
        settle()
        store(whenDone)
    }

    /// Changes the history by this node's own doing; what `body` throws comes through, and nothing is changed then.
    func change<Outcome: Sendable>(
        _ body: (inout LayoutHistory) throws(LayoutChangeError) -> Outcome,
        whenDone: @escaping @Sendable (Result<Outcome, EngineError>) -> Void = { _ in }
    ) throws(LayoutChangeError) {
        loop.preconditionInEventLoop()
        var changed = draft
        let outcome = try body(&changed)
        changed.advance(as: selfID)
        draft = changed
        store { result in whenDone(result.map { outcome }) }
    }

    /// Draws the conclusion of what is heard of the others' disks, if this node cannot vouch for its own.
    private func settle() {
        guard !standing.isSettled else { return }
        switch settlement.verdict(for: draft) {
        case .wait: return
        case .settle(let founders): standing = .settled(founders: founders)
        case .declareLost:
            _ = try? draft.declareLost(selfID, force: true)
            standing = .settled(founders: [])
        }
    }

    private func store(_ whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void) {
        waiters.append(whenDone)
        if !isStoring { storeWhatIsNew() }
    }

    private func storeWhatIsNew() {
        let (next, standing, served) = (draft, standing, waiters)
        waiters = []
        guard next != history || standing != storedStanding else {
            for waiter in served { waiter(.success(())) }
            return
        }
        isStoring = true
        // What lies there from an earlier time would bring back what was deleted since.
        let gained = next.partitions(heldBy: selfID).subtracting(history.partitions(heldBy: selfID)).sorted()
        let bytes = next.encoded()
        executor.maintain { (engine) throws(EngineError) in
            for partition in gained { try engine.deleteRange(.data, .partition(partition)) }
            var batch = WriteBatch()
            batch.put(.meta, NodeState.Key.layout, bytes)
            batch.put(.meta, NodeState.Key.standing, standing.encoded)
            StoredClocks.forget(gained, in: &batch)
            try engine.write(batch, durability: .synced)
        } whenDone: { result in
            self.loop.execute { self.stored(next, standing, result, served) }
        }
    }

    private func stored(
        _ next: LayoutHistory, _ standing: Standing, _ result: Result<Void, EngineError>,
        _ served: [@Sendable (Result<Void, EngineError>) -> Void]
    ) {
        isStoring = false
        switch result {
        case .success:
            context.limited.end("the layout cannot be stored")
            use(next, standing)
        case .failure(let error):
            context.limited.log(.error, "the layout cannot be stored", metadata: ["error": "\(error)"])
            loop.scheduleTask(in: settings.retryPause) { self.store { _ in } }
        }
        for waiter in served { waiter(result) }
        if case .success = result { storeWhatIsNew() }
    }

    /// Goes by what is now on the disk.
    private func use(_ next: LayoutHistory, _ standing: Standing) {
        if standing != storedStanding {
            logger.info("the node's standing changes", metadata: ["standing": "\(standing)"])
        }
        storedStanding = standing
        let before = history
        history = next
        let view = LocalView(next, of: selfID, isSettled: standing.isSettled)
        updatePeers()
        // The peers first: no request by the new view reaches them before what explains it.
        tell(connected.sorted())
        let changes = view.layout != gate.view.layout || view.held != gate.view.held
        gate.set(view)
        if changes {
            for shard in shards { shard.perform { shard.use(view) } }
            entropy?.use(view)
            reaping?.use(view)
            logger.info(
                "the layout changes",
                metadata: ["version": "\(next.latest.version)", "stage": "\(next.stage)"])
        }
        let lost = before.partitions(heldBy: selfID).subtracting(next.partitions(heldBy: selfID))
        if !lost.isEmpty { giveUp(lost.sorted(), before: view.epoch) }
        work()
    }

    /// Deletes what this node holds no more, once nobody reads it.
    private func giveUp(_ partitions: [Int], before epoch: LayoutEpoch) {
        // Some may have come back meanwhile, emptied then and filled since.
        whenEnded(before: epoch) { self.delete(partitions.filter { !self.gate.view.holds($0) }) }
    }

    private func delete(_ partitions: [Int]) {
        executor.maintain { (engine) throws(EngineError) in
            for partition in partitions {
                let range = KeyRange.partition(partition)
                // Most are empty, and a delete is not free.
                let isEmpty = try engine.scan(.data, range, limit: ScanLimit(rows: 1)).rows.isEmpty
                if !isEmpty { try engine.deleteRange(.data, range) }
            }
        } whenDone: { [logger] result in
            // Left for the next start, or for the day when the partition comes back.
            guard case .failure(let error) = result else { return }
            logger.warning("old copies cannot be deleted yet", metadata: ["error": "\(error)"])
        }
    }

    // MARK: News for the peers

    /// All members there are or may soon be, those that the configuration names, who can tell a node that was away for
    /// long what the cluster has come to, and those that gossip knows.
    ///
    /// Of several addresses of a node, its own word counts most, which gossip brings; then the configuration, which was
    /// read at this start; last the history, which may be from a time before the node moved. But while a stream to it is
    /// up, it stays where it is: whoever says otherwise may be another process of that name.
    func updatePeers() {
        var members: [NodeID: Member] = [:]
        for member in history.knownMembers { members[member.id] = member }
        gossip?.retain(Array(members.values))
        for member in context.configuration.layout.members + (gossip?.peers ?? []) {
            members[member.id, default: member].address = member.address
        }
        for peer in peers where connected.contains(peer.id) { members[peer.id]?.address = peer.address }
        members[selfID] = nil
        let wanted = members.values.sorted { $0.id < $1.id }
        guard wanted != peers else { return }
        peers = wanted
        transport?.update(peers: wanted)
    }

    private func tell(_ peers: [NodeID]) {
        guard let transport, !peers.isEmpty, history.isKnown else { return }
        var writer = ByteWriter()
        PeerCodec.append(
            PeerRequestMessage(id: 0, epoch: gate.view.epoch, body: .layout(history, storedStanding)),
            to: &writer)
        // A queue that is full takes it later: see `repeatNews`.
        for peer in peers { _ = transport.send(writer.bytes, to: peer) }
    }

    /// What a full queue refused, or a broken stream lost, is told again; an election that nobody ends is taken up,
    /// members that are back from a loss get their vote, and what is staged is committed if this node does that by itself.
    private func repeatNews() {
        loop.scheduleTask(in: settings.newsInterval) { [self] in
            if isStopped { return }
            tell(connected.sorted())
            endElection()
            commitByItself()
            repeatNews()
        }
    }

    private func commitByItself() {
        let now = loop.now.uptimeNanoseconds / 1_000_000
        guard autoCommit?.isDue(history, of: selfID, now: now) == true else { return }
        let selfID = selfID
        do throws(LayoutChangeError) {
            try change { (history) throws(LayoutChangeError) in
                try history.commit(by: selfID, expecting: history.current.version)
            }
            logger.info("what is staged is committed: cluster.auto_commit")
        } catch {
            context.limited.log(
                .warning, "what is staged cannot be committed", metadata: ["error": "\(error)"])
        }
    }

    /// With growing, random pauses, so that one node's attempt ends before another begins.
    private func endElection() {
        guard history.stage == .deciding || history.lacksVotes else { return }
        if decidingPause > 0 { return decidingPause -= 1 }
        decidingPause = Int64(context.environment.randomIdentifier() % 8)
        if !draft.resume(by: selfID) { draft.renewVotes(by: selfID) }
        store { _ in }
    }

    // MARK: Duties

    private func work() {
        guard transport != nil, !isStopped else { return }
        let duties = history.duties(of: selfID)
        inHand.removeAll { !duties.contains($0) }
        if !duties.contains(where: \.copies) { filler?.cancel() }
        // One copying at a time: the change's goes first, and what was copied to make up for a loss begins anew after it.
        let fills = duties.contains { if case .fill = $0 { true } else { false } }
        if fills { inHand.removeAll(where: \.catchesUp) }
        for duty in duties where !inHand.contains(duty) && !(fills && duty.catchesUp) {
            inHand.append(duty)
            begin(duty)
        }
    }

    private func begin(_ duty: LayoutHistory.Duty) {
        switch duty {
        case .adopt(let version, let digest):
            whenEnded(before: gate.view.epoch) { self.confirm(.adopted, version, digest) }
        case .release(let version, let digest):
            whenEnded(before: gate.view.epoch) { self.confirm(.released, version, digest) }
        case .fill(let version, let digest, let moves):
            var mark = ByteWriter()
            mark.u64(version)
            mark.u64(digest)
            filler?.fill(moves, mark: mark.bytes) { self.confirm(.filled, version, digest) }
        case .catchUp(let moves):
            // Whatever was copied before this loss was declared counts for nothing, and that is told by no number.
            filler?.fill(moves, mark: []) { [self] in
                draft.hasCaughtUp(selfID)
                store { _ in }
            }
        }
    }

    private func confirm(_ step: LayoutHistory.Step, _ version: UInt64, _ digest: UInt64) {
        draft.confirm(step, version: version, digest: digest, by: selfID)
        store { _ in }
    }

    /// Calls `body` on the loop when all has ended that goes by views before that of `epoch`: operations coordinated
    /// here, and peers' requests accepted here.
    private func whenEnded(before epoch: LayoutEpoch, _ body: @escaping @Sendable () -> Void) {
        let last = Countdown(shards.count + 1) { [self] in loop.execute { if !self.isStopped { body() } } }
        for shard in shards { shard.perform { shard.whenEnded(before: epoch) { last.count() } } }
        gate.whenEnded(before: epoch) { last.count() }
    }
}

extension LayoutHistory.Duty {
    fileprivate var copies: Bool {
        switch self {
        case .fill, .catchUp: true
        case .adopt, .release: false
        }
    }

    fileprivate var catchesUp: Bool { if case .catchUp = self { true } else { false } }
}
