import ClusterCore
import Engine
import Logging
import NIOCore
import Synchronization

/// One node of the cluster: coordinates clients' requests and serves its peers.
///
/// Every method may be called from any thread. Start: make the node, make a transport with the node as its handler,
/// `attach` it, run it. Stop: `drain`, stop the transport, then `close`.
public final class ClusterNode: Sendable {
    /// How many event loops a node can coordinate on.
    public static let maxEventLoops = Shard.maxCount

    public let configuration: ClusterConfiguration
    let replica: Replica
    let registry: BucketRegistry
    let shards: [Shard]
    let gate: ViewGate
    let keeper: LayoutKeeper
    private let handoff: HandoffDriver
    private let entropy: EntropyDriver
    private let gossip: GossipDriver
    /// Called once if this node has to stop, since another has its name.
    private let conflictHandler = Mutex<(@Sendable (MemberRecord) -> Void)?>(nil)
    let logger: Logger
    let selfID: NodeID
    private let executor: EngineExecutor
    let environment: Environment
    /// What the peers to which there is a connection said of themselves.
    let connectedPeers = Mutex<[NodeID: PeerHello]>([:])
    private let draining = Atomic(false)

    /// Opens the node's state in `executor`'s engine.
    ///
    /// - Parameter loops: One shard of the coordination runs on each; 1 to 256.
    /// - Throws: `StartError` if the engine holds another node's data; `EngineError`; `CodecError`; `RequestError` if
    ///   the default bucket properties don't fit the layout.
    public convenience init(
        configuration: ClusterConfiguration, executor: EngineExecutor, loops: [any EventLoop],
        environment: Environment, logger: Logger
    ) async throws {
        let state = try await executor.maintain { engine in
            Result { try NodeState.begin(engine, configuration: configuration, environment: environment) }
        }
        try self.init(
            configuration: configuration, state: try state.get(), executor: executor, loops: loops,
            environment: environment, logger: logger)
    }

    /// The node with a state that was opened in `executor`'s engine; the rest is as above.
    public init(
        configuration: ClusterConfiguration, state: NodeState, executor: EngineExecutor,
        loops: [any EventLoop], environment: Environment, logger: Logger
    ) throws {
        precondition(
            (1...Self.maxEventLoops).contains(loops.count),
            "a node has 1 to \(Self.maxEventLoops) event loops")
        let selfID = NodeID(name: configuration.nodeName)
        try configuration.bucketDefaults.validate(replicationFactor: configuration.layout.replicationFactor)
        let drift = UInt64(configuration.maxClockDrift.nanoseconds / 1_000_000)
        let issuer = DotIssuer(state: state, environment: environment, maxClockDriftMillis: drift)
        let hints = HintStore(state.hints, wallMillis: environment.wallMillis)
        let view = LocalView(state.history, of: selfID, isSettled: state.standing.isSettled)
        let trees = HashTreeStore(
            state.trees, partitionCount: configuration.layout.partitionCount, held: view.heldPartitions,
            sizes: BucketSizeTable(state.buckets, defaults: configuration.bucketDefaults))
        let replica = Replica(
            executor: executor, issuer: issuer, hints: hints, trees: trees,
            rules: .init(durability: configuration.durability, maxStateSize: configuration.maxStateSize))
        let context = ShardContext(
            configuration: configuration, environment: environment, selfID: selfID, replica: replica,
            hints: hints, trees: trees)

        self.configuration = configuration
        self.executor = executor
        self.environment = environment
        self.logger = logger
        self.selfID = selfID
        self.replica = replica
        registry = BucketRegistry(state.buckets, executor: executor, tieBreak: selfID)
        gate = ViewGate(view)
        shards = loops.enumerated().map { index, loop in
            Shard(index: index, loop: loop, context: context, view: view, buckets: state.buckets)
        }
        keeper = LayoutKeeper(
            state.history, state.standing, loop: loops[0], context: context, executor: executor, gate: gate,
            logger: logger)
        handoff = HandoffDriver(shard: shards[0], executor: executor, logger: logger)
        entropy = EntropyDriver(shard: shards[0], executor: executor, logger: logger)
        gossip = GossipDriver(shard: shards[0], logger: logger)
        logger.info("the node's state is open", metadata: ["actor": "\(String(state.actor, radix: 16))"])
    }

    /// Gives the node the way to its peers. Once, before the transport runs.
    public func attach(_ transport: any PeerTransport) {
        forEachShard { $0.attach(transport) }
        onKeeper { [shards, entropy, gossip] in
            $0.start(transport, shards: shards, entropy: entropy, gossip: gossip)
        }
        onHandoff { $0.start() }
        onEntropy { $0.start() }
        onGossip { [configuration, keeper, weak self] in
            $0.start(
                seeds: configuration.layout.members, addressesChanged: { keeper.updatePeers() },
                yields: { other in self?.conflictHandler.withLock { $0 }?(other) })
        }
    }

    /// Calls `body` once, on an event loop, if another living process has this node's name and was started earlier: this
    /// one has to stop then. Before `attach`.
    public func whenConflicted(_ body: @escaping @Sendable (MemberRecord) -> Void) {
        conflictHandler.withLock { $0 = body }
    }

    /// All nodes that gossip knows, this one included, by ascending id. Any thread.
    public var gossipMembers: [MemberRecord] { gossip.members }

    /// - Parameter replies: To the process that said it, if it came as a request.
    func hear(_ bytes: [UInt8], from peer: NodeID, _ replies: (any PeerReplyPath)?) {
        onGossip { $0.received(bytes, from: peer, replies) }
    }

    private func onGossip(_ body: @escaping @Sendable (GossipDriver) -> Void) {
        shards[0].perform { [gossip] in body(gossip) }
    }

    /// What this node tells its peers of itself.
    public func hello(maxBatchBytes: Int, engine: String, softwareVersion: String) -> PeerHello {
        PeerHello(
            protocolVersion: PeerCodec.protocolVersion, cluster: configuration.clusterName,
            nodeName: configuration.nodeName, layoutVersion: configuration.layout.version,
            layoutDigest: configuration.layout.digest, maxBatchBytes: UInt32(clamping: maxBatchBytes),
            engine: engine, softwareVersion: softwareVersion)
    }

    /// Refuses new requests and waits until those under way have ended; none outlives its own deadline.
    public func drain() async {
        await withCheckedContinuation { done in drain { done.resume() } }
    }

    /// As above; calls `whenDone` on some event loop.
    public func drain(whenDone: @escaping @Sendable () -> Void) {
        draining.store(true, ordering: .releasing)
        onKeeper { $0.stop() }
        onHandoff { $0.stop() }
        onEntropy { $0.stop() }
        onGossip { $0.stop() }
        let busy = Atomic(shards.count)
        forEachShard { shard in
            shard.whenIdle {
                if busy.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { whenDone() }
            }
        }
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

    private func onEntropy(_ body: @escaping @Sendable (EntropyDriver) -> Void) {
        shards[0].perform { [entropy] in body(entropy) }
    }

    private func onHandoff(_ body: @escaping @Sendable (HandoffDriver) -> Void) {
        shards[0].perform { [handoff] in body(handoff) }
    }

    func shard(ofPartition partition: Int) -> Shard { shards[partition % shards.count] }
}

extension ClusterNode: KeyValueService {
    public func submit(_ request: Request, _ completion: @escaping @Sendable (Response) -> Void) {
        submit(request, isForwarded: false, completion)
    }

    public var isReady: Bool {
        if draining.load(ordering: .acquiring) { return false }
        let members = gate.view.layout.readable.members
        let reached = connectedPeers.withLock { peers in
            members.count { $0.id == selfID || peers[$0.id] != nil }
        }
        return reached > members.count / 2
    }

    public func properties(ofBucket bucket: String) -> BucketProperties {
        registry.current.properties(of: bucket) ?? configuration.bucketDefaults
    }

    public func setProperties(_ properties: BucketProperties, ofBucket bucket: String) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            setProperties(properties, ofBucket: bucket) { done.resume(with: $0) }
        }
    }

    /// As above; calls `completion` once, on the caller's thread, an event loop or the engine's writer thread.
    public func setProperties(
        _ properties: BucketProperties, ofBucket bucket: String,
        _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void
    ) {
        do throws(RequestError) {
            try configuration.check(bucket: bucket)
            try properties.validate(replicationFactor: configuration.layout.replicationFactor)
            let timestamp = Timestamp(milliseconds: environment.wallMillis())
            try registry.set(properties, of: bucket, at: timestamp)
        } catch {
            return completion(.failure(error))
        }
        storeBuckets { result in
            if case .failure(let error) = result {
                return completion(.failure(RequestError(.internal, error.description)))
            }
            let shard = self.shards[0]
            shard.perform { self.spreadBuckets(from: shard, completion) }
        }
    }

    /// Sends the table to every peer; done when a majority of the nodes has it.
    private func spreadBuckets(
        from shard: Shard, _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void
    ) {
        let peers = gate.view.layout.readable.members.map(\.id).filter { $0 != selfID }
        let timeout = configuration.defaultTimeout
        shard.begin(timeout: timeout) { id in
            BroadcastOperation(
                id: id, shard: shard, body: .buckets(registry.current), to: peers, timeout: timeout,
                completion: completion)
        }
    }

    /// Brings the table to the shards and to the disk.
    func storeBuckets(whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void) {
        let table = registry.current
        forEachShard { $0.update(table) }
        onEntropy { $0.use(table) }
        registry.persist(whenDone: whenDone)
    }
}

extension ClusterNode {
    /// Checks a request and takes it to its shard.
    func submit(_ request: Request, isForwarded: Bool, _ completion: @escaping @Sendable (Response) -> Void) {
        guard !draining.load(ordering: .acquiring) else {
            return completion(.failed(RequestError(.shuttingDown, "the node is shutting down")))
        }
        // On the shard's loop, so that the deadline is by its time.
        @Sendable func attempt(_ timeout: TimeAmount, _ shard: Shard) -> Attempt {
            Attempt(deadline: shard.loop.now + timeout, isForwarded: isForwarded, completion: completion)
        }
        do throws(RequestError) {
            switch request {
            case .get(let get):
                let key = try configuration.storageKey(bucket: get.bucket, key: get.key)
                let timeout = try configuration.timeout(millis: get.timeoutMillis)
                let shard = shard(ofPartition: key.partition)
                shard.perform { shard.coordinate(get, key: key, attempt(timeout, shard)) }
            case .put(let put):
                let key = try configuration.storageKey(bucket: put.bucket, key: put.key)
                try configuration.check(put.content)
                let context = try causalContext(put.context, for: key)
                let timeout = try configuration.timeout(millis: put.timeoutMillis)
                let shard = shard(ofPartition: key.partition)
                shard.perform { shard.coordinate(put, key: key, context: context, attempt(timeout, shard)) }
            case .list(let list):
                try configuration.check(bucket: list.bucket)
                try configuration.check(prefix: list.prefix)
                let timeout = try configuration.timeout(millis: list.timeoutMillis)
                let cursor = try ListCursor.decode(
                    list.cursor, bucket: list.bucket, partitionCount: configuration.layout.partitionCount)
                let shard = shards[0]
                shard.perform { shard.coordinate(list, cursor: cursor, attempt(timeout, shard)) }
            }
        } catch {
            completion(.failed(error))
        }
    }
}

extension ClusterNode: PeerHandler {
    public func connected(_ peer: NodeID, _ hello: PeerHello) {
        connectedPeers.withLock { $0[peer] = hello }
        let table = registry.current
        forEachShard { $0.connected(peer) }
        onHandoff { $0.connected(peer) }
        onEntropy { $0.connected(peer) }
        onGossip { $0.connected(peer) }
        // What changed while the peer was away reaches it now.
        let shard = shards[0]
        shard.perform { shard.send(.buckets(table), to: peer, for: 0, timeout: .seconds(1)) }
        onKeeper { $0.connected(peer) }
    }

    public func disconnected(_ peer: NodeID, reason: String) {
        connectedPeers.withLock { $0[peer] = nil }
        forEachShard { $0.disconnected(peer) }
        onKeeper { $0.disconnected(peer) }
        onHandoff { $0.disconnected(peer) }
        onEntropy { $0.disconnected(peer) }
        onGossip { $0.disconnected(peer) }
    }

    public func received(replies batch: [UInt8], from peer: NodeID) {
        var byShard = [[PeerReplyMessage]](repeating: [], count: shards.count)
        do throws(CodecError) {
            try PeerCodec.decodeReplies(batch) { (reply) throws(CodecError) in
                if case .layout(let history) = reply.body { return learn(history, nil, of: peer) { _ in } }
                if case .gossip(let bytes) = reply.body { return hear(bytes, from: peer, nil) }
                let index = Shard.index(ofOperation: reply.id)
                guard index < shards.count else { throw CodecError(.malformed, "a reply to nothing") }
                byShard[index].append(reply)
            }
        } catch {
            logger.error("a peer's replies cannot be read", metadata: ["error": "\(error)"])
        }
        for (shard, replies) in zip(shards, byShard) where !replies.isEmpty {
            shard.perform { shard.received(replies, from: peer) }
        }
    }

    public func received(requests batch: [UInt8], from peer: NodeID, replies: any PeerReplyPath) {
        var intake = PeerIntake(node: self, peer: peer, replies: replies)
        do throws(CodecError) {
            try PeerCodec.decodeRequests(batch) { (message) throws(CodecError) in intake.take(message) }
        } catch {
            logger.error("a peer's requests cannot be read", metadata: ["error": "\(error)"])
        }
        intake.serve()
    }
}
