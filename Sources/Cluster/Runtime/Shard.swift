import ClusterCore
import Engine
import NIOCore

/// What the shards of a node share; constant while the node runs.
struct ShardContext: Sendable {
    var configuration: ClusterConfiguration
    var environment: Environment
    var selfID: NodeID
    var replica: Replica
    var hints: HintStore
    var trees: HashTreeStore
}

/// One event loop's part of the coordinating: every request for a partition is coordinated by the same shard, so that
/// its state needs no lock.
///
/// What a request wants of engine and peers is gathered while the loop's tick lasts and leaves at its end: one batch to
/// the writer thread, one to a reader thread, one to each peer.
final class Shard: @unchecked Sendable {
    // @unchecked: every member that changes is touched only on `loop`.

    let loop: any EventLoop
    let context: ShardContext
    /// What requests that begin now go by.
    private(set) var view: LocalView
    private let index: UInt64

    private struct Entry {
        var operation: any Operation
        /// Of the view that was in force when it began.
        var epoch: LayoutEpoch
        /// Nil if it is no client's.
        var demand: ShardLoad.Demand?
    }

    private var operations: [UInt64: Entry] = [:]
    /// What the operations of clients are, all together, and how much may be.
    private(set) var load: ShardLoad
    /// How many operations go by which view.
    private var underWay: [LayoutEpoch: Int] = [:]
    private var viewWaiters: [(epoch: LayoutEpoch, body: () -> Void)] = []
    private var nextSequence: UInt64 = 1
    private var idleWaiters: [() -> Void] = []
    private var wheel: DeadlineWheel
    private var wheelIsTurning = false

    private var transport: (any PeerTransport)?
    private var buckets: BucketTable
    private var reachable: Set<NodeID>

    private var writes: [ReplicaWriteJob.Entry] = []
    private var reads: [(id: UInt64, key: StorageKey)] = []
    private var outbox = PeerOutbox()
    private var flushIsScheduled = false
    /// Sees what clients ask of this node; nil if it is not to.
    var workload: WorkloadSampler?

    init(
        index: Int, loop: any EventLoop, context: ShardContext, view: LocalView, buckets: BucketTable,
        workload: WorkloadSampler?
    ) {
        self.index = UInt64(index)
        self.workload = workload
        self.loop = loop
        self.context = context
        self.buckets = buckets
        self.view = view
        reachable = [context.selfID]
        let now = loop.now
        wheel = DeadlineWheel(now: now)
        load = ShardLoad(context.configuration, now: now)
    }

    // MARK: Operations

    /// How many shards a node may have: a shard's number is the low byte of its operations' identifiers.
    static let maxCount = 256

    /// The shard whose operation `id` is.
    static func index(ofOperation id: UInt64) -> Int { Int(id & 0xFF) }

    /// Registers an operation and starts it.
    func begin(timeout: TimeAmount, _ make: (UInt64) -> any Operation) {
        let now = loop.now
        begin(due: now + timeout, now, nil, make)
    }

    /// Registers the operation of a request that was admitted, and starts it.
    func begin(_ attempt: Attempt, _ make: (UInt64) -> any Operation) {
        let now = loop.now
        begin(due: attempt.deadline, now, load.begin(attempt.byteCount, now: now), make)
    }

    private func begin(
        due: NIODeadline, _ now: NIODeadline, _ demand: ShardLoad.Demand?, _ make: (UInt64) -> any Operation
    ) {
        loop.preconditionInEventLoop()
        let id = nextIdentifier()
        let operation = make(id)
        register(operation, id, epoch: view.epoch, demand)
        arm(id, due: due, now: now)
        operation.start()
    }

    /// Registers what answers to an identifier of its own within the operation `whole`; it is to be ended with that.
    func register(within whole: UInt64, _ make: (UInt64) -> any Operation) -> UInt64 {
        let id = nextIdentifier()
        register(make(id), id, epoch: operations[whole]?.epoch ?? view.epoch)
        return id
    }

    private func register(
        _ operation: any Operation, _ id: UInt64, epoch: LayoutEpoch, _ demand: ShardLoad.Demand? = nil
    ) {
        operations[id] = Entry(operation: operation, epoch: epoch, demand: demand)
        underWay[epoch, default: 0] += 1
    }

    private func nextIdentifier() -> UInt64 {
        defer { nextSequence += 1 }
        return nextSequence << 8 | index
    }

    /// The operation wants no more events.
    func end(_ id: UInt64) {
        guard let entry = operations.removeValue(forKey: id) else { return }
        leave(entry.epoch)
        if let demand = entry.demand { load.end(demand, now: loop.now) }
        if operations.isEmpty, !idleWaiters.isEmpty {
            let waiters = idleWaiters
            idleWaiters = []
            for waiter in waiters { waiter() }
        }
    }

    /// Calls `body` on the loop as soon as no operation is under way.
    func whenIdle(_ body: @escaping () -> Void) {
        if operations.isEmpty { body() } else { idleWaiters.append(body) }
    }

    /// The operation `id` goes by the present view from now on.
    func renew(_ id: UInt64) {
        guard let entry = operations[id], entry.epoch != view.epoch else { return }
        operations[id]?.epoch = view.epoch
        underWay[view.epoch, default: 0] += 1
        leave(entry.epoch)
    }

    private func leave(_ epoch: LayoutEpoch) {
        let left = underWay[epoch]! - 1
        underWay[epoch] = left == 0 ? nil : left
        if left == 0, !viewWaiters.isEmpty { callViewWaiters() }
    }

    /// What begins from now on goes by `view`.
    func use(_ view: LocalView) { self.view = view }

    /// Calls `body` on the loop as soon as no operation is under way that began by a view before that of `epoch`.
    func whenEnded(before epoch: LayoutEpoch, _ body: @escaping () -> Void) {
        viewWaiters.append((epoch, body))
        callViewWaiters()
    }

    private func callViewWaiters() {
        let earliest = underWay.keys.min()
        let isReady = { (epoch: LayoutEpoch) in earliest.map { $0 >= epoch } ?? true }
        let ready = viewWaiters.filter { isReady($0.epoch) }
        viewWaiters.removeAll { isReady($0.epoch) }
        for waiter in ready { waiter.body() }
    }

    /// Runs `body` on the loop: at once if this is it.
    func perform(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }

    /// Wakes the operation `id` after `delay`, unless it has ended by then.
    func arm(_ id: UInt64, in delay: TimeAmount) {
        let now = loop.now
        arm(id, due: now + delay, now: now)
    }

    private func arm(_ id: UInt64, due: NIODeadline, now: NIODeadline) {
        if !wheelIsTurning {
            wheel.reset(to: now)
            wheelIsTurning = true
            scheduleTick()
        }
        wheel.add(id, due: due)
    }

    private func scheduleTick() {
        loop.scheduleTask(in: DeadlineWheel.tick) { self.tick() }
    }

    private func tick() {
        let now = loop.now
        load.advance(now)
        for id in wheel.advance(to: now) { operations[id]?.operation.timerFired(now) }
        if wheel.count > 0 { scheduleTick() } else { wheelIsTurning = false }
    }

    // MARK: What operations ask for

    /// Reads a key of this node's replica: at once if it is in memory, else with the tick's batch.
    ///
    /// - Returns: The state as it is stored, if it was in memory.
    @discardableResult
    func readLocally(_ key: StorageKey, for id: UInt64) -> [UInt8]? {
        guard let found = context.replica.residentState(key) else {
            reads.append((id, key))
            scheduleFlush()
            return nil
        }
        operations[id]?.operation.received(found.reply, from: context.selfID)
        return found.state
    }

    /// Applies a mutation to this node's replica with the tick's batch; with `id` 0 nobody waits for the outcome.
    func writeLocally(_ key: StorageKey, _ mutation: Mutation, policy: Versions.Policy, for id: UInt64) {
        writes.append(.init(id: id, key: key, mutation: mutation, policy: policy))
        scheduleFlush()
    }

    /// Sends a request to a peer with the tick's batch; with `id` 0 nobody waits for the reply.
    func send(_ body: PeerRequest, to peer: NodeID, for id: UInt64, timeout: TimeAmount) {
        let millis = UInt32(clamping: max(1, timeout.nanoseconds / 1_000_000))
        let epoch = operations[id]?.epoch ?? view.epoch
        outbox.append(PeerRequestMessage(id: id, timeoutMillis: millis, epoch: epoch, body: body), to: peer)
        scheduleFlush()
    }

    /// Asks one peer; calls `completion` once, on the loop. What the peer does not answer is a `failed`.
    func ask(
        _ request: PeerRequest, of peer: NodeID, timeout: TimeAmount,
        _ completion: @escaping (PeerReply) -> Void
    ) {
        begin(timeout: timeout) { id in
            PeerQuestion(
                id: id, shard: self, request: request, peer: peer, timeout: timeout, completion: completion)
        }
    }

    /// Lists a page of this node's replica.
    func listLocally(_ list: ReplicaList, for id: UInt64) {
        context.replica.list(list) { reply in
            self.loop.execute { self.operations[id]?.operation.received(reply, from: self.context.selfID) }
        }
    }

    // MARK: What comes back

    /// Replies of `peer` to operations of this shard.
    func received(_ replies: [PeerReplyMessage], from peer: NodeID) {
        loop.preconditionInEventLoop()
        for reply in replies { operations[reply.id]?.operation.received(reply.body, from: peer) }
    }

    func connected(_ peer: NodeID) { reachable.insert(peer) }

    func disconnected(_ peer: NodeID) {
        reachable.remove(peer)
        // A copy, since an operation that ends removes itself; in order, so that a simulation repeats itself.
        for id in operations.keys.sorted() { operations[id]?.operation.lost(peer) }
    }

    func isReachable(_ node: NodeID) -> Bool { reachable.contains(node) }

    /// Whom to read from, or to forward to, cheapest first: this node, the peers to which a batch leaves at the end of this
    /// tick anyway, the others, and last those that can't be reached.
    func readable(_ sets: ReplicaSets) -> [NodeID] {
        var nodes = Array(sets.readable)
        nodes.sort { cost(ofAsking: $0) < cost(ofAsking: $1) }
        return nodes
    }

    private func cost(ofAsking node: NodeID) -> Int {
        if node == context.selfID { return 0 }
        if !reachable.contains(node) { return 3 }
        return outbox.hasMessages(for: node) ? 1 : 2
    }

    func properties(ofBucket bucket: String) -> BucketProperties {
        buckets.properties(of: bucket) ?? context.configuration.bucketDefaults
    }

    /// Tables come from several threads in any order; merging makes the order not matter.
    func update(_ buckets: BucketTable) { self.buckets.merge(buckets) }

    /// Lets go of every operation and of whoever waits for one.
    func abandon() {
        operations = [:]
        (viewWaiters, idleWaiters) = ([], [])
        transport = nil
    }

    /// From now on requests to peers can leave.
    func attach(_ transport: any PeerTransport) { self.transport = transport }

    // MARK: The end of the tick

    private func scheduleFlush() {
        guard !flushIsScheduled else { return }
        flushIsScheduled = true
        loop.execute { self.flush() }
    }

    private func flush() {
        flushIsScheduled = false
        if !writes.isEmpty {
            context.replica.write(take(&writes)) { entries in self.loop.execute { self.wrote(entries) } }
        }
        if !reads.isEmpty {
            let batch = take(&reads)
            context.replica.read(batch.map { ($0.key, nil) }) { answers in
                self.loop.execute { self.answered(batch.map(\.id), answers) }
            }
        }
        if !outbox.isEmpty {
            outbox.flush(to: transport) { id, peer, error in
                // Not now: the operation may send again, into the outbox that is being flushed.
                self.loop.execute { self.operations[id]?.operation.failed(peer, error) }
            }
        }
    }

    private func wrote(_ entries: [ReplicaWriteJob.Entry]) {
        for entry in entries {
            switch entry.outcome {
            case .success(let versions):
                operations[entry.id]?.operation.wroteLocally(
                    LocalWrite(versions: versions, dot: entry.dot, result: entry.result))
            case .failure(let error):
                operations[entry.id]?.operation.failedToWriteLocally(
                    LocalFailure(error: error, mayBeStored: entry.isStaged))
            case nil: preconditionFailure("a write job must set every outcome")
            }
        }
    }

    private func answered(_ ids: [UInt64], _ answers: [PeerReply]) {
        for (id, answer) in zip(ids, answers) {
            operations[id]?.operation.received(answer, from: context.selfID)
        }
    }

    private func take<T>(_ batch: inout [T]) -> [T] {
        defer { batch = [] }
        return batch
    }
}

extension Result<Versions?, ReplicaError> {
    /// As a peer would put it.
    var reply: PeerReply {
        switch self {
        case .success(let versions): .versions(versions)
        case .failure(let error): .failed(error)
        }
    }
}
