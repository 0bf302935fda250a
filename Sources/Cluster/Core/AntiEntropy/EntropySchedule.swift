/// Decides when a node compares which partitions with which peer.
///
/// Of two nodes, the one with the lesser id begins a *round* over all the partitions that they share: every `interval`, and
/// soon after the other has come back. The repair works in both directions, so one of them is enough; at an operator's
/// request either does it. A round asks for the roots of its partitions in one request, and only where roots differ a
/// `PartitionComparison` follows, a few at a time. So a round in which nothing differs costs two sums a partition.
///
/// A value, driven like the coordinators.
public struct EntropySchedule: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Get the roots of these trees of this node and of the peer; then `rootsCame` or `rootsFailed`.
        case askRoots([TreeRef], of: NodeID)
        /// Run a `PartitionComparison`; then `finished`.
        case compare(TreeRef, with: NodeID)
        /// Stop that comparison, whose end must not be told any more.
        case cancel(TreeRef, with: NodeID)
        /// Have both nodes' clocks take note of what each has seen now.
        case agree([EntropyAgreement], with: NodeID)
        /// A round over all partitions has come to its end with each of them, in so many milliseconds.
        case roundEnded(with: NodeID, after: UInt64)
        /// Call `tick` at this time.
        case wake(at: UInt64)
    }

    public struct Limits: Equatable, Sendable {
        /// Milliseconds from round to round with a peer, on average: each is drawn between 3/4 and 5/4 of it.
        public var interval: UInt64
        /// Milliseconds from a peer's return to the round with it; each is drawn between once and twice of it.
        public var returnPause: UInt64
        /// Milliseconds before a partition whose tree was not complete is tried again.
        public var retryPause: UInt64
        /// Comparisons that run at a time, in all and with one peer.
        public var maxRunning: Int
        public var maxRunningPerPeer: Int
        /// Roots asked for in a request, at most `TreeRequest.maxRoots`.
        public var rootsPerRequest: Int

        public init(
            interval: UInt64 = 600_000, returnPause: UInt64 = 5_000, retryPause: UInt64 = 30_000,
            maxRunning: Int = 4, maxRunningPerPeer: Int = 2, rootsPerRequest: Int = TreeRequest.maxRoots
        ) {
            self.interval = interval
            self.returnPause = returnPause
            self.retryPause = retryPause
            self.maxRunning = maxRunning
            self.maxRunningPerPeer = maxRunningPerPeer
            self.rootsPerRequest = min(rootsPerRequest, TreeRequest.maxRoots)
        }
    }

    private let node: NodeID
    private let limits: Limits
    private var random: SplitMix64
    private var rounds: [NodeID: EntropyRound] = [:]
    /// Of peers with which nothing is shared any more.
    private var past = EntropyTotals()
    private var up: Set<NodeID> = []
    private var wakeAt: UInt64?

    /// - Parameters:
    ///   - node: This one.
    ///   - seed: Of the spread of rounds over time; another on each node.
    public init(node: NodeID, limits: Limits, seed: UInt64) {
        self.node = node
        self.limits = limits
        random = SplitMix64(seed: seed)
    }

    // MARK: Events

    /// The partitions that this node shares with others, after each change of the layout's view. The first event.
    public mutating func viewChanged(
        _ partitions: [SharedPartition], now: UInt64, _ actions: inout [Action]
    ) {
        var depths: [NodeID: [Int: Int]] = [:]
        for shared in partitions {
            for peer in shared.peers { depths[peer.node, default: [:]][shared.partition] = peer.depth }
        }
        for peer in Set(rounds.keys).union(depths.keys).sorted() {
            if rounds[peer] == nil {
                let first = now + UInt64(random.next(below: Int(limits.interval) + 1))
                rounds[peer] = EntropyRound(due: begins(with: peer) ? first : nil)
            }
            let cancelled = rounds[peer]?.change(depths[peer] ?? [:]) ?? []
            for tree in cancelled { actions.append(.cancel(tree, with: peer)) }
            if depths[peer] == nil, let round = rounds.removeValue(forKey: peer) { past.add(round.totals) }
        }
        goOn(now, &actions)
    }

    /// The peer can be reached.
    public mutating func peerUp(_ peer: NodeID, now: UInt64, _ actions: inout [Action]) {
        guard up.insert(peer).inserted else { return }
        if let due = rounds[peer]?.due {
            let soon = now + limits.returnPause + UInt64(random.next(below: Int(limits.returnPause) + 1))
            rounds[peer]?.due = min(due, soon)
        }
        goOn(now, &actions)
    }

    /// The peer can no longer be reached: the round with it ends.
    public mutating func peerDown(_ peer: NodeID, now: UInt64, _ actions: inout [Action]) {
        guard up.remove(peer) != nil else { return }
        for tree in rounds[peer]?.abandon() ?? [] { actions.append(.cancel(tree, with: peer)) }
        goOn(now, &actions)
    }

    /// An operator asks for a comparison now.
    ///
    /// - Parameters:
    ///   - peer: With whom; nil: with all that can be reached.
    ///   - partitions: Nil: all.
    /// - Returns: How many partitions of how many peers that concerns; those of a peer that cannot be reached are not
    ///   among them, and are not compared.
    public mutating func compareNow(
        with peer: NodeID?, partitions: Set<Int>?, now: UInt64, _ actions: inout [Action]
    ) -> Int {
        var count = 0
        for each in rounds.keys where (peer == nil || peer == each) && up.contains(each) {
            rounds[each]?.begin(partitions, now: now)
            count += rounds[each]!.depths.keys.count { partitions?.contains($0) ?? true }
        }
        goOn(now, &actions)
        return count
    }

    /// The roots of the trees of an `askRoots`, in the same order; nil where a tree is not complete.
    public mutating func rootsCame(
        _ trees: [TreeRef], of peer: NodeID, ours: [TreeRoot?], theirs: [TreeRoot?], now: UInt64,
        _ actions: inout [Action]
    ) {
        guard ours.count == trees.count, theirs.count == trees.count else {
            return rootsFailed(trees, of: peer, now: now, &actions)
        }
        guard rounds[peer]?.asked == trees else { return }
        let agreements =
            rounds[peer]?.rootsCame(ours: ours, theirs: theirs, retryAt: now + limits.retryPause) ?? []
        if !agreements.isEmpty { actions.append(.agree(agreements, with: peer)) }
        goOn(now, &actions)
    }

    /// One of the two did not answer.
    public mutating func rootsFailed(
        _ trees: [TreeRef], of peer: NodeID, now: UInt64, _ actions: inout [Action]
    ) {
        guard rounds[peer]?.asked == trees else { return }
        rounds[peer]?.rootsFailed()
        goOn(now, &actions)
    }

    /// A comparison has ended.
    public mutating func finished(
        _ tree: TreeRef, with peer: NodeID, _ report: ComparisonReport, now: UInt64, _ actions: inout [Action]
    ) {
        if let agreement = rounds[peer]?.ended(tree, report, retryAt: now + limits.retryPause) {
            actions.append(.agree([agreement], with: peer))
        }
        goOn(now, &actions)
    }

    /// A time that `wake` named has come.
    public mutating func tick(now: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= now { self.wakeAt = nil }
        goOn(now, &actions)
    }

    /// For an operator.
    public var status: EntropyStatus {
        EntropyStatus(
            peers: rounds.sorted { $0.key < $1.key }.map { peer, round in
                EntropyStatus.Peer(
                    node: peer, isUp: up.contains(peer), partitions: round.depths.count, due: round.due,
                    waiting: round.waitingCount, notReady: round.notReady.count,
                    running: round.running.sorted(), totals: round.totals)
            }, past: past)
    }

    // MARK: Decisions

    /// Whether this node begins the rounds with the peer.
    private func begins(with peer: NodeID) -> Bool { node < peer }

    private mutating func goOn(_ now: UInt64, _ actions: inout [Action]) {
        for peer in rounds.keys.sorted() where up.contains(peer) {
            if let due = rounds[peer]!.due, due <= now {
                rounds[peer]!.begin(nil, now: now)
                let spread = UInt64(random.next(below: Int(limits.interval / 2) + 1))
                rounds[peer]!.due = now + limits.interval * 3 / 4 + spread
            }
            rounds[peer]!.retry(now: now)
            let trees = rounds[peer]!.nextRoots(limit: limits.rootsPerRequest)
            if !trees.isEmpty { actions.append(.askRoots(trees, of: peer)) }
        }
        startComparisons(&actions)
        for peer in rounds.keys.sorted() {
            guard let time = rounds[peer]!.closeIfDone(now: now) else { continue }
            actions.append(.roundEnded(with: peer, after: time))
        }
        wake(&actions)
    }

    /// The peers take turns: the next is with the one with whom the fewest run.
    private mutating func startComparisons(_ actions: inout [Action]) {
        while rounds.values.reduce(0, { $0 + $1.running.count }) < limits.maxRunning {
            let candidates = rounds.filter {
                !$0.value.toCompare.isEmpty && $0.value.running.count < limits.maxRunningPerPeer
            }
            let next = candidates.min { ($0.value.running.count, $0.key) < ($1.value.running.count, $1.key) }
            guard let peer = next?.key, let tree = rounds[peer]!.nextComparison() else { return }
            actions.append(.compare(tree, with: peer))
        }
    }

    private mutating func wake(_ actions: inout [Action]) {
        let times = rounds.filter { up.contains($0.key) }.values.flatMap { [$0.due, $0.retryAt] }
        guard let time = times.compactMap({ $0 }).min() else { return }
        if let wakeAt, wakeAt <= time { return }
        wakeAt = time
        actions.append(.wake(at: time))
    }
}
