import ClusterCore
import Engine
import Instruments
import LogLimits
import Logging
import NIOCore
import Synchronization
import Tracing

/// One node of the cluster: coordinates clients' requests and serves its peers.
///
/// Every method may be called from any thread. Start: make the node, make a transport with the node as its handler,
/// `attach` it, run it. Stop: `drain`, stop the transport, then `close`.
public final class ClusterNode: Sendable {
    /// All metrics that a node tells.
    public static let metrics = RequestMetrics.definitions + BackgroundMetrics.definitions

    /// Of these, the times of requests by protocol (`peer` for those that another node has sent on), operation and outcome.
    public static let requestDurations = RequestMetrics.duration

    /// Of these, how many requests are being coordinated.
    public static let requestsInFlight = RequestMetrics.inFlight

    /// How many event loops a node can coordinate on.
    public static let maxEventLoops = Shard.maxCount

    public let configuration: ClusterConfiguration
    let replica: Replica
    let registry: BucketRegistry
    let shards: [Shard]
    let gate: ViewGate
    let keeper: LayoutKeeper
    let handoff: HandoffDriver
    let entropy: EntropyDriver
    let reaping: ReapDriver
    let gossip: GossipDriver
    /// Called once if this node has to stop, since another has its name.
    let conflictHandler = Mutex<(@Sendable (MemberRecord) -> Void)?>(nil)
    let clockWatch: ClockWatch
    let selfID: NodeID
    let executor: EngineExecutor
    let environment: Environment
    let failures: FailureMeter
    let peerReads: PeerReadMeter
    /// Nil: nothing is recorded.
    let tracer: NodeTracer?
    /// When it was made, by the wall clock and by its loops'.
    let begun: (wallMillis: UInt64, time: NIODeadline)
    /// What the peers to which there is a connection said of themselves.
    let connectedPeers = Mutex<[NodeID: PeerHello]>([:])
    let draining = Atomic(false)

    /// Opens the node's state in `executor`'s engine.
    ///
    /// - Parameters:
    ///   - loops: One shard of the coordination runs on each; 1 to 256.
    ///   - metrics: Where the node counts what it does.
    ///   - requestLogger: For the lines on slow requests; nil for `logger`.
    ///   - tracer: Makes the spans of the requests that are picked by `configuration.tracing`, all of which it is to record; it
    ///     goes by `ServiceContext.traceContext`, as to parents and as to its own spans. Each span is made when its work is over,
    ///     with its begin and its end, and those of a trace come in any order: other nodes, logs and metrics may have been told of it
    ///     before, so that it has to be what `ServiceContext.presetTraceContext` says, if that is there. Called on threads that
    ///     serve no requests, one at a time. Nil for no traces.
    /// - Throws: `StartError` if the engine holds another node's data; `EngineError`; `CodecError`; `RequestError` if
    ///   the default bucket properties don't fit the layout.
    public convenience init(
        configuration: ClusterConfiguration, executor: EngineExecutor, loops: [any EventLoop],
        environment: Environment, metrics: MetricRegistry = MetricRegistry(), logger: Logger,
        requestLogger: Logger? = nil, tracer: (any Tracer)? = nil
    ) async throws {
        let state = try await executor.maintain { engine in
            Result { try NodeState.begin(engine, configuration: configuration, environment: environment) }
        }
        try self.init(
            configuration: configuration, state: try state.get(), executor: executor, loops: loops,
            environment: environment, metrics: metrics, logger: logger, requestLogger: requestLogger,
            tracer: tracer)
    }

    /// The node with a state that was opened in `executor`'s engine; the rest is as above.
    public init(
        configuration: ClusterConfiguration, state: NodeState, executor: EngineExecutor,
        loops: [any EventLoop], environment: Environment, metrics: MetricRegistry = MetricRegistry(),
        logger: Logger, requestLogger: Logger? = nil, tracer: (any Tracer)? = nil
    ) throws {
        precondition(
            (1...Self.maxEventLoops).contains(loops.count),
            "a node has 1 to \(Self.maxEventLoops) event loops")
        let selfID = NodeID(name: configuration.nodeName)
        try configuration.bucketDefaults.validate(replicationFactor: configuration.layout.replicationFactor)
        let drift = UInt64(configuration.maxClockDrift.nanoseconds / 1_000_000)
        let loop = loops[0]
        let limited = LimitedLogs(logger, every: configuration.logRepeatInterval, on: loop)
        let clockWatch = ClockWatch(limited)
        let issuer = DotIssuer(
            state: state, environment: environment, maxClockDriftMillis: drift, watch: clockWatch)
        let start = loop.now
        let hints = HintStore(
            state.hints, clock: HintClock(wallMillis: environment.wallMillis()) { loop.now - start })
        let view = LocalView(state.history, of: selfID, isSettled: state.standing.isSettled)
        let gate = ViewGate(view)
        let sizes = BucketSizeTable(state.buckets, defaults: configuration.bucketDefaults)
        let trees = HashTreeStore(
            state.trees, partitionCount: configuration.layout.partitionCount, held: view.heldPartitions,
            sizes: sizes)
        let clocks = ClockStore(
            state.clocks, actor: state.actor, committed: state.reservedCounter,
            places: view.places(of: selfID), sizes: sizes, token: environment.randomIdentifier())
        let replica = Replica(
            executor: executor, issuer: issuer, hints: hints, trees: trees, clocks: clocks,
            rules: .init(
                durability: configuration.durability, maxStateSize: configuration.maxStateSize,
                watch: executor.watch))
        let nodeTracer = tracer.map {
            NodeTracer($0, configuration, environment, on: loop) {
                gate.view.layout.readable.member($0)?.name
            }
        }
        let context = ShardContext(
            configuration: configuration, environment: environment, selfID: selfID, replica: replica,
            hints: hints, trees: trees, limited: limited,
            slowRequests: configuration.slowRequests.map {
                SlowRequestLog($0, requestLogger ?? logger, on: loop)
            },
            tracer: nodeTracer)
        self.tracer = nodeTracer

        self.configuration = configuration
        self.executor = executor
        self.environment = environment
        begun = (environment.wallMillis(), loops[0].now)
        self.clockWatch = clockWatch
        self.selfID = selfID
        self.replica = replica
        registry = BucketRegistry(state.buckets, executor: executor, tieBreak: selfID)
        self.gate = gate
        let failures = FailureMeter(metrics)
        self.failures = failures
        peerReads = PeerReadMeter(metrics)
        let buckets = BucketCounters(metrics, most: configuration.maxCountedBuckets)
        shards = loops.enumerated().map { index, loop in
            let every = configuration.workloadSampleEvery
            let workload = every == 0 ? nil : WorkloadSampler(every: every, shard: index, of: loops.count)
            return Shard(
                index: index, loop: loop, context: context, view: view, buckets: state.buckets,
                workload: workload, meter: RequestMeter(metrics, failures),
                bucketMeter: configuration.maxCountedBuckets == 0 ? nil : BucketMeter(buckets))
        }
        keeper = LayoutKeeper(
            state.history, state.standing, loop: loops[0], context: context, executor: executor, gate: gate,
            logger: logger)
        handoff = HandoffDriver(shard: shards[0], executor: executor, logger: logger)
        entropy = EntropyDriver(
            shard: shards[0], executor: executor, metrics: metrics, logger: logger)
        reaping = ReapDriver(shard: shards[0], logger: logger)
        gossip = GossipDriver(shard: shards[0], logger: logger)
        metrics.declare(Self.metrics)
        metrics.collect([]) { [weak self] in self?.tellBackground(&$0) }
        logger.info("the node's state is open", metadata: ["actor": "\(String(state.actor, radix: 16))"])
    }

    /// Gives the node the way to its peers. Once, before the transport runs.
    public func attach(_ transport: any PeerTransport) {
        forEachShard { $0.attach(transport) }
        onKeeper { [shards, entropy, reaping, gossip] in
            $0.start(transport, shards: shards, entropy: entropy, reaping: reaping, gossip: gossip)
        }
        onHandoff { $0.start() }
        onEntropy { $0.start() }
        onReaping { $0.start() }
        onGossip { [configuration, weak keeper, weak self] in
            $0.start(
                seeds: configuration.layout.members, addressesChanged: { keeper?.updatePeers() },
                yields: { other in self?.conflictHandler.withLock { $0 }?(other) })
        }
    }

    /// Calls `body` once, on an event loop, if another living process has this node's name and was started earlier: this
    /// one has to stop then. Before `attach`.
    public func whenConflicted(_ body: @escaping @Sendable (MemberRecord) -> Void) {
        conflictHandler.withLock { $0 = body }
    }

    /// Under which identity this node issues dots. Constant.
    public var actor: UInt64 { replica.actor }

    /// The properties that were set for buckets, as this node knows them. Any thread.
    public var bucketTable: BucketTable { registry.current }

    /// All nodes that gossip knows, this one included, by ascending id. Any thread.
    public var gossipMembers: [MemberRecord] { gossip.members }

    /// - Parameter replies: To the process that said it, if it came as a request.
    func hear(_ bytes: [UInt8], from peer: NodeID, _ replies: (any PeerReplyPath)?) {
        onGossip { $0.received(bytes, from: peer, replies) }
    }

    func onGossip(_ body: @escaping @Sendable (GossipDriver) -> Void) {
        shards[0].perform { [gossip] in body(gossip) }
    }

    /// What this node tells its peers of itself.
    public func hello(maxBatchBytes: Int, engine: String, softwareVersion: String) -> PeerHello {
        PeerHello(
            protocolVersion: PeerCodec.protocolVersion, cluster: configuration.clusterName,
            nodeName: configuration.nodeName, layoutVersion: configuration.layout.version,
            layoutDigest: configuration.layout.digest, maxBatchBytes: UInt32(clamping: maxBatchBytes),
            engine: engine, softwareVersion: softwareVersion, respPort: configuration.respPort)
    }

    /// Refuses new requests and waits until those under way have ended; none outlives its own deadline.
    public func drain() async {
        await withCheckedContinuation { done in drain { done.resume() } }
    }

    /// As above; calls `whenDone` on some event loop.
    public func drain(whenDone: @escaping @Sendable () -> Void) {
        stopBackground()
        let busy = Atomic(shards.count)
        forEachShard { shard in
            shard.whenIdle {
                if busy.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { whenDone() }
            }
        }
    }

    /// Forgets all that is under way, without an answer, as the end of a process does: for a simulation, which goes on
    /// after it. Neither loops nor transport carry anything any more.
    public func abandon() {
        stopBackground()
        forEachShard { $0.abandon() }
        keeper.abandon()
        gate.abandon()
    }

    private func stopBackground() {
        draining.store(true, ordering: .releasing)
        onKeeper { $0.stop() }
        onHandoff { $0.stop() }
        onEntropy { $0.stop() }
        onReaping { $0.stop() }
        onGossip { $0.stop() }
    }

    /// Marks the engine's data as complete. After `drain`, and after the transport has stopped; the executor is shut
    /// down by its owner.
    public func close() async throws {
        try await executor.maintain { (engine) throws(EngineError) in try self.close(engine) }
    }

    /// As above, where the caller is the engine's writer thread.
    public func close(_ engine: any StorageEngine) throws(EngineError) {
        try NodeState.end(engine, environment: environment, trees: shards[0].context.trees.toStore)
    }

    func forEachShard(_ body: @escaping @Sendable (Shard) -> Void) {
        for shard in shards { shard.perform { body(shard) } }
    }

    /// Runs `body` on the loop of the node's layouts.
    func onKeeper(_ body: @escaping @Sendable (LayoutKeeper) -> Void) {
        shards[0].perform { [keeper] in body(keeper) }
    }

    /// What this node keeps for others.
    public var handoffStatistics: HandoffStatistics { shards[0].context.hints.statistics }

    /// How the comparisons with the other replicas stand. Any thread.
    public var antiEntropyStatus: AntiEntropyStatus { entropy.status }

    /// Compares this node's partitions now; `body` gets how many with all peers together. Nil stands for all.
    public func compareNow(
        with peer: NodeID? = nil, partitions: Set<Int>? = nil, _ body: @escaping @Sendable (Int) -> Void
    ) {
        onEntropy { body($0.compareNow(with: peer, partitions: partitions)) }
    }

    func onEntropy(_ body: @escaping @Sendable (EntropyDriver) -> Void) {
        shards[0].perform { [entropy] in body(entropy) }
    }

    /// What the sweeps for deleted and expired rows have come to. Any thread.
    public var reaperStatus: ReaperStatus { reaping.status }

    func onReaping(_ body: @escaping @Sendable (ReapDriver) -> Void) {
        shards[0].perform { [reaping] in body(reaping) }
    }

    func onHandoff(_ body: @escaping @Sendable (HandoffDriver) -> Void) {
        shards[0].perform { [handoff] in body(handoff) }
    }

    func shard(ofPartition partition: Int) -> Shard { shards[shardIndex(ofPartition: partition)] }

    func shardIndex(ofPartition partition: Int) -> Int { partition % shards.count }
}
