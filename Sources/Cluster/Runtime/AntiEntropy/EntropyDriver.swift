import ClusterCore
import Engine
import Instruments
import LogLimits
import Logging
import NIOCore
import Synchronization

/// Compares this node's partitions with the other replicas' and has what differs repaired (`EntropySchedule`); builds the
/// hash trees for it (`TreeBuilder`).
///
/// Lives on one shard's event loop; all times are that loop's.
final class EntropyDriver: @unchecked Sendable {
    // @unchecked: what changes is touched only on the shard's loop.

    private struct Comparison: Hashable {
        var tree: TreeRef
        var peer: NodeID
    }

    private let shard: Shard
    private let configuration: AntiEntropyConfiguration
    private let trees: HashTreeStore
    private let executor: EngineExecutor
    private let logger: Logger
    /// Of rounds with each peer, in milliseconds.
    private let roundDurations: Histogram
    private var schedule: EntropySchedule
    private var builder: TreeBuilder
    private var passes: [Comparison: ComparisonPass] = [:]
    private var isStopped = true
    /// The schedule's, for other threads.
    private let published = Mutex(EntropyStatus())

    init(shard: Shard, executor: EngineExecutor, metrics: MetricRegistry, logger: Logger) {
        self.shard = shard
        self.executor = executor
        self.logger = logger
        roundDurations = metrics.histogram(BackgroundMetrics.roundDuration)
        trees = shard.context.trees
        configuration = shard.context.configuration.antiEntropy
        schedule = EntropySchedule(
            node: shard.context.selfID, limits: configuration.schedule,
            seed: shard.context.environment.randomIdentifier())
        builder = TreeBuilder(limits: configuration.building)
    }

    // MARK: Events

    func start() {
        isStopped = false
        use(shard.view)
    }

    /// Begins nothing more; what is under way ends without going on.
    func stop() {
        isStopped = true
        for pass in passes.values { pass.stop() }
    }

    /// The layout has changed.
    func use(_ view: LocalView) {
        trees.hold(view.heldPartitions)
        shard.context.replica.clocks.use(view.places(of: shard.context.selfID))
        guard !isStopped else { return }
        build { $0.needed(&$1) }
        let shared = view.layout.sharedPartitions(of: shard.context.selfID)
        step { $0.viewChanged(shared, now: $1, &$2) }
    }

    /// Properties of buckets have changed.
    func use(_ table: BucketTable) {
        let sizes = BucketSizeTable(table, defaults: shard.context.configuration.bucketDefaults)
        let areUnbuilt = trees.use(sizes)
        // After the trees: no sums by the old sizes go with clocks by the new ones.
        shard.context.replica.clocks.use(sizes)
        if areUnbuilt, !isStopped { build { $0.needed(&$1) } }
    }

    func connected(_ peer: NodeID) { step { $0.peerUp(peer, now: $1, &$2) } }

    func disconnected(_ peer: NodeID) { step { $0.peerDown(peer, now: $1, &$2) } }

    func compareNow(with peer: NodeID?, partitions: Set<Int>?) -> Int {
        var count = 0
        step { count = $0.compareNow(with: peer, partitions: partitions, now: $1, &$2) }
        return count
    }

    /// Any thread.
    var status: AntiEntropyStatus {
        let counts = trees.counts
        return AntiEntropyStatus(
            comparisons: published.withLock { $0 }, trees: counts.all, completeTrees: counts.complete)
    }

    // MARK: The schedule's actions

    private var now: UInt64 { shard.loop.now.uptimeNanoseconds / 1_000_000 }

    private func step(_ event: (inout EntropySchedule, UInt64, inout [EntropySchedule.Action]) -> Void) {
        var actions: [EntropySchedule.Action] = []
        event(&schedule, now, &actions)
        published.withLock { $0 = schedule.status }
        if isStopped { return }
        for action in actions { perform(action) }
    }

    private func perform(_ action: EntropySchedule.Action) {
        switch action {
        case .askRoots(let trees, let peer): askRoots(trees, of: peer)
        case .compare(let tree, let peer):
            let comparison = Comparison(tree: tree, peer: peer)
            let pass = ComparisonPass(tree, with: peer, shard: shard) { [self] in ended(comparison, $0) }
            passes[comparison] = pass
            pass.start()
        case .cancel(let tree, let peer):
            passes.removeValue(forKey: Comparison(tree: tree, peer: peer))?.stop()
        case .agree(let agreements, let peer): agree(agreements, with: peer)
        case .roundEnded(_, let millis): roundDurations.recordAlone(Int(millis))
        case .wake(let time):
            wake(at: time) { [self] in step { $0.tick(now: $1, &$2) } }
        }
    }

    private func askRoots(_ refs: [TreeRef], of peer: NodeID) {
        ask(.tree(.roots(refs)), of: peer) { [self] reply in
            step { schedule, now, actions in
                guard case .tree(.roots(let theirs)) = reply else {
                    return schedule.rootsFailed(refs, of: peer, now: now, &actions)
                }
                let ours = shard.context.replica.roots(refs)
                schedule.rootsCame(refs, of: peer, ours: ours, theirs: theirs, now: now, &actions)
            }
        }
    }

    /// What fails of this is made up for by the next round.
    private func agree(_ agreements: [EntropyAgreement], with peer: NodeID) {
        let limited = shard.context.limited
        shard.context.replica.agree(agreements.map(\.here)) { result in
            guard case .failure(let error) = result, error.code != .overloaded else { return }
            limited.log(
                .warning, "what was seen of other replicas cannot be stored", metadata: ["error": "\(error)"])
        }
        ask(.tree(.agreed(agreements.map(\.there))), of: peer) { _ in }
    }

    /// Calls `completion` once, on the loop.
    private func ask(_ request: PeerRequest, of peer: NodeID, _ completion: @escaping (PeerReply) -> Void) {
        shard.ask(request, of: peer, timeout: configuration.timeout, completion)
    }

    private func wake(at time: UInt64, _ body: @escaping @Sendable () -> Void) {
        shard.loop.scheduleTask(in: .milliseconds(Int64(time - min(time, now)))) { [self] in
            if !isStopped { body() }
        }
    }

    private func ended(_ comparison: Comparison, _ report: ComparisonReport) {
        // One that is cancelled has been taken out before.
        guard passes.removeValue(forKey: comparison) != nil else { return }
        let (tree, peer) = (comparison.tree, comparison.peer)
        if report.outcome == .done, report.leavesDiffering > 0, report.keysDiffering == 0 {
            // Leaves that differ over equal keys: they are written to all the time, or a tree is wrong.
            trees.unbuild(tree.partition)
            build { $0.needed(&$1) }
        }
        if report.keysDiffering + report.keysFailed > 0 {
            logger.info(
                "replicas differed",
                metadata: [
                    "partition": "\(tree.partition)", "peer": "\(shard.name(of: peer))",
                    "keys": "\(report.keysDiffering)", "repaired_here": "\(report.repairedHere)",
                    "repaired_there": "\(report.repairedThere)", "failed": "\(report.keysFailed)",
                ])
        }
        step { $0.finished(tree, with: peer, report, now: $1, &$2) }
    }

    // MARK: Building

    private func build(_ event: (inout TreeBuilder, inout [TreeBuilder.Action]) -> Void) {
        var actions: [TreeBuilder.Action] = []
        event(&builder, &actions)
        for action in actions {
            switch action {
            case .scan(let maxBytes): scan(maxBytes)
            case .wake(let time):
                wake(at: time) { [self] in
                    let now = now
                    build { $0.tick(now: now, &$1) }
                }
            }
        }
    }

    private func scan(_ maxBytes: Int) {
        executor.maintain { [trees] (engine) throws(EngineError) in
            try trees.build(engine, maxBytes: maxBytes)
        } whenDone: { [self] result in
            shard.loop.execute { [self] in
                if isStopped { return }
                let now = now
                switch result {
                case .success(let page):
                    build { $0.scanned(bytes: page.bytes, isComplete: page.isComplete, now: now, &$1) }
                case .failure(let error):
                    let level: Logger.Level = error.code == .overloaded ? .debug : .error
                    shard.context.limited.log(
                        level, "a hash tree cannot be built for now", metadata: ["error": "\(error)"])
                    build { $0.failed(now: now, &$1) }
                }
            }
        }
    }
}
