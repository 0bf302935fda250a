import ClusterCore
import Engine
import LogLimits
import NIOCore

/// What the shards of a node share; constant while the node runs.
struct ShardContext: Sendable {
    var configuration: ClusterConfiguration
    var environment: Environment
    var selfID: NodeID
    var replica: Replica
    var hints: HintStore
    var trees: HashTreeStore
    /// For what may happen with each request or tick.
    var limited: LimitedLogs
    /// Nil: no request is told for being slow.
    var slowRequests: SlowRequestLog?
    /// Nil: nothing is recorded.
    var tracer: NodeTracer?
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
        /// Of the request, if it is recorded as it goes.
        var trace: RequestTrace?
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
    private var recordedWrites: [Recorded<WorkTrace>] = []
    private var reads: [(id: UInt64, read: ReplicaRead)] = []
    private var recordedReads: [Recorded<WorkTrace>] = []
    private var outbox = PeerOutbox()
    private var flushIsScheduled = false
    /// Sees what clients ask of this node; nil if it is not to.
    var workload: WorkloadSampler?
    /// Counts what the shard coordinates.
    let meter: RequestMeter
    /// Counts by bucket; nil if nobody is to know of buckets.
    let bucketMeter: BucketMeter?
    /// Picks requests to be recorded, where there is a tracer.
    var sampler: TraceSampler
    /// Names the spans of which others are told.
    var spanIDs: SpanIDs
    /// The time of the events that are served together, once somebody has asked for it; nil otherwise.
    private var batchTime: NIODeadline?
    private var isServingBatch = false

    init(
        index: Int, loop: any EventLoop, context: ShardContext, view: LocalView, buckets: BucketTable,
        workload: WorkloadSampler?, meter: RequestMeter, bucketMeter: BucketMeter? = nil
    ) {
        self.bucketMeter = bucketMeter
        self.index = UInt64(index)
        self.meter = meter
        self.workload = workload
        self.loop = loop
        self.context = context
        self.buckets = buckets
        self.view = view
        reachable = [context.selfID]
        // Not drawn in vain: a simulation's numbers come in a fixed order.
        let seed = { context.tracer == nil ? 0 : context.environment.randomIdentifier() }
        sampler = TraceSampler(ratio: context.configuration.tracing.sampleRatio, seed: seed())
        spanIDs = SpanIDs(seed: seed())
        let now = loop.now
        wheel = DeadlineWheel(now: now)
        load = ShardLoad(context.configuration, now: now)
        meter.mayBeInFlight(load.maxRequests)
    }

    // MARK: Operations

    /// How many shards a node may have: a shard's number is the low byte of its operations' identifiers.
    static let maxCount = 256

    /// The shard whose operation `id` is.
    static func index(ofOperation id: UInt64) -> Int { Int(id & 0xFF) }

    /// Registers an operation and starts it.
    func begin(timeout: TimeAmount, _ make: (UInt64) -> any Operation) {
        let now = loop.now
        begin(due: now + timeout, now, nil, nil, make)
    }

    /// Registers the operation of a request that was admitted, and starts it.
    func begin(_ attempt: Attempt, _ make: (UInt64) -> any Operation) {
        // Where no batch of events brings it about, it has just been taken up.
        let now = isServingBatch ? now : attempt.begun
        let demand = load.begin(attempt.byteCount, now: now)
        meter.isInFlight(load.requests)
        begin(due: attempt.deadline, now, demand, attempt.trace, make)
    }

    private func begin(
        due: NIODeadline, _ now: NIODeadline, _ demand: ShardLoad.Demand?, _ trace: RequestTrace?,
        _ make: (UInt64) -> any Operation
    ) {
        loop.preconditionInEventLoop()
        let id = nextIdentifier()
        let operation = make(id)
        register(operation, id, epoch: view.epoch, demand, trace)
        arm(id, due: due, now: now)
        serveBatch(at: now) { operation.start() }
    }

    /// Registers what answers to an identifier of its own within the operation `whole`; it is to be ended with that.
    func register(within whole: UInt64, _ make: (UInt64) -> any Operation) -> UInt64 {
        let id = nextIdentifier()
        let entry = operations[whole]
        register(make(id), id, epoch: entry?.epoch ?? view.epoch, nil, entry?.trace)
        return id
    }

    private func register(
        _ operation: any Operation, _ id: UInt64, epoch: LayoutEpoch, _ demand: ShardLoad.Demand?,
        _ trace: RequestTrace?
    ) {
        operations[id] = Entry(operation: operation, epoch: epoch, demand: demand, trace: trace)
        trace?.began()
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
        entry.trace?.ended(id)
        if let demand = entry.demand {
            load.end(demand, now: now)
            meter.isInFlight(load.requests)
        }
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
        let now = now
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
        meter.mayBeInFlight(load.maxRequests)
        serveBatch(at: now) {
            for id in wheel.advance(to: now) { operations[id]?.operation.timerFired(now) }
        }
        if wheel.count > 0 { scheduleTick() } else { wheelIsTurning = false }
    }

    // MARK: What operations ask for

    /// Reads a key of this node's replica: at once if it is in memory, else with the tick's batch.
    ///
    /// - Parameter trace: In which it is recorded.
    /// - Returns: The state as it is stored, if it was in memory.
    @discardableResult
    func readLocally(_ key: StorageKey, for id: UInt64, in trace: RequestTrace? = nil) -> [UInt8]? {
        guard let found = context.replica.residentState(key) else {
            if let work = trace?.work(by: id) {
                recordedReads.append(Recorded(index: reads.count, trace: work))
            }
            reads.append((id, ReplicaRead(key: key)))
            scheduleFlush()
            return nil
        }
        meter.readOnLoop()
        trace?.readsInMemory(by: id)
        operations[id]?.operation.received(found.reply, from: context.selfID)
        return found.state
    }

    /// Applies a mutation to this node's replica with the tick's batch; with `id` 0 nobody waits for the outcome.
    ///
    /// - Parameter trace: In which the commit is recorded.
    func writeLocally(
        _ key: StorageKey, _ mutation: Mutation, policy: Versions.Policy, for id: UInt64,
        in trace: RequestTrace? = nil
    ) {
        if let work = trace?.work(by: id) {
            recordedWrites.append(Recorded(index: writes.count, trace: work))
        }
        writes.append(.init(id: id, key: key, mutation: mutation, policy: policy))
        scheduleFlush()
    }

    /// Sends a request to a peer with the tick's batch; with `id` 0 nobody waits for the reply.
    ///
    /// - Parameter trace: In which the peer records what it does.
    func send(
        _ body: PeerRequest, to peer: NodeID, for id: UInt64, timeout: TimeAmount,
        in trace: RequestTrace? = nil
    ) {
        let millis = UInt32(clamping: max(1, timeout.nanoseconds / 1_000_000))
        let epoch = operations[id]?.epoch ?? view.epoch
        outbox.append(
            PeerRequestMessage(
                id: id, timeoutMillis: millis, epoch: epoch, trace: trace?.context(asking: peer, by: id),
                body: body), to: peer)
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
    ///
    /// - Parameter trace: In which the reading is recorded.
    func listLocally(_ list: ReplicaList, for id: UInt64, in trace: RequestTrace?) {
        let work = trace?.work(by: id)
        context.replica.list(list, timedBy: work?.tracer) { reply, read in
            if let read { work?.record(.read(read), reply.error) }
            self.loop.execute { self.operations[id]?.operation.received(reply, from: self.context.selfID) }
        }
    }

    // MARK: What comes back

    /// Replies of `peer` to operations of this shard.
    func received(_ replies: [PeerReplyMessage], from peer: NodeID) {
        loop.preconditionInEventLoop()
        serveBatch {
            for reply in replies { operations[reply.id]?.operation.received(reply.body, from: peer) }
        }
    }

    func connected(_ peer: NodeID) { reachable.insert(peer) }

    func disconnected(_ peer: NodeID) {
        reachable.remove(peer)
        // A copy, since an operation that ends removes itself; in order, so that a simulation repeats itself.
        serveBatch { for id in operations.keys.sorted() { operations[id]?.operation.lost(peer) } }
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
        if !writes.isEmpty { flushWrites() }
        if !reads.isEmpty {
            let batch = take(&reads)
            meter.leftToReader(batch.count)
            let recorded = take(&recordedReads)
            let tracer = recorded.isEmpty ? nil : context.tracer
            context.replica.read(batch.map(\.read), timedBy: tracer) { answers, read in
                recorded.record(read, answers)
                self.loop.execute { self.answered(batch.map(\.id), answers) }
            }
        }
        if !outbox.isEmpty {
            outbox.flush(to: transport, meter: meter) { id, peer, error in
                // Not now: the operation may send again, into the outbox that is being flushed.
                self.loop.execute { self.operations[id]?.operation.failed(peer, error) }
            }
        }
    }

    private func flushWrites() {
        // Apart, so that a batch without any has no block of the heap for what it lacks.
        if recordedWrites.isEmpty {
            context.replica.write(take(&writes)) { entries, _ in
                self.loop.execute { self.wrote(entries) }
            }
        } else {
            let recorded = take(&recordedWrites)
            context.replica.write(take(&writes), tellsCommit: true) { entries, commit in
                recorded.record(commit, of: entries)
                self.loop.execute { self.wrote(entries) }
            }
        }
    }

    private func wrote(_ entries: [ReplicaWriteJob.Entry]) { serveBatch { finish(entries) } }

    private func finish(_ entries: [ReplicaWriteJob.Entry]) {
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
        serveBatch {
            for (id, answer) in zip(ids, answers) {
                operations[id]?.operation.received(answer, from: context.selfID)
            }
        }
    }

    // MARK: Time

    /// The time, read once for all that one batch of events brings about.
    var now: NIODeadline {
        if let batchTime { return batchTime }
        let now = loop.now
        if isServingBatch { batchTime = now }
        return now
    }

    /// Serves events that have come together, as of one time.
    ///
    /// - Parameter time: The present, if it is known.
    private func serveBatch(at time: NIODeadline? = nil, _ body: () -> Void) {
        // An event may bring about a batch of its own: a request that is begun anew.
        let outer = (isServingBatch, batchTime)
        if time != nil { batchTime = time }
        isServingBatch = true
        body()
        (isServingBatch, batchTime) = outer
    }

    private func take<T>(_ batch: inout [T]) -> [T] {
        defer { batch = [] }
        return batch
    }
}
