/// Finds where this node and a peer differ in a partition, and repairs it in both directions.
///
/// 1. *Descend*: the children of the root, then of each node that differs, down to the leaves.
/// 2. *Pause*: a write that one side has and the other is about to get makes a leaf differ too.
/// 3. *Confirm*: the leaves are compared again; those that differ both times count.
/// 4. *Exchange*: both sides list the keys in these leaves, page by page in key order; what differs is exchanged.
///
/// A value, driven like the coordinators. It asks both sides in the same way, so that the runtime answers for this node with
/// what also answers a peer. Nothing is asked twice: what fails is left to the next comparison. Exactly one `finished`
/// comes out, provided that every question and exchange is answered or failed; then nothing has an effect any more.
public struct PartitionComparison: Sendable {
    public enum Side: Hashable, Sendable, CaseIterable {
        /// This node.
        case here
        /// The peer.
        case there
    }

    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Ask this side; then `received` or `askFailed`. Never the same side twice at a time.
        case ask(TreeRequest, of: Side)
        /// Get the peer's state of the key, with what it has seen, and merge both into this node's (`Versions.reconcile`);
        /// then `fetched` or `exchangeFailed`.
        case fetch(UInt64, StorageKey)
        /// Have the peer merge this node's present state of the key in the same way; then `pushed` or `exchangeFailed`.
        case push(UInt64, StorageKey)
        /// Call `tick` at this time.
        case wake(at: UInt64)
        case finished(ComparisonReport)
    }

    public struct Limits: Equatable, Sendable {
        /// Milliseconds between the two comparisons of a leaf; longer than a write takes to reach all replicas.
        public var confirmPause: UInt64
        /// See `TreeKeysRequest`.
        public var pageBytes: Int
        public var pageRows: Int
        /// Keys whose states are under way, and their bytes. One that is larger by itself goes alone.
        public var maxKeysInFlight: Int
        public var maxBytesInFlight: Int
        /// Bytes of states exchanged in a second.
        public var bytesPerSecond: Int
        /// Keys that may fail before the comparison gives up.
        public var maxFailures: Int

        public init(
            confirmPause: UInt64 = 2_000, pageBytes: Int = 256 << 10, pageRows: Int = 4096,
            maxKeysInFlight: Int = 64, maxBytesInFlight: Int = 4 << 20, bytesPerSecond: Int = 16 << 20,
            maxFailures: Int = 16
        ) {
            self.confirmPause = confirmPause
            self.pageBytes = pageBytes
            self.pageRows = pageRows
            self.maxKeysInFlight = maxKeysInFlight
            self.maxBytesInFlight = maxBytesInFlight
            self.bytesPerSecond = bytesPerSecond
            self.maxFailures = maxFailures
        }
    }

    private enum Phase {
        case descending(level: Int, nodes: [Int])
        case pausing(until: UInt64, leaves: LeafSet)
        /// Asks for the children of `parents`, the nodes right above the leaves.
        case confirming(leaves: LeafSet, parents: [Int])
        case exchanging(leaves: LeafSet)
        /// What is under way ends.
        case failing
        case ended
    }

    public let tree: TreeRef
    private let shape: TreeShape
    private let limits: Limits
    private var phase: Phase
    private var report = ComparisonReport()
    /// Sides whose answers are due.
    private var asked: Set<Side> = []
    /// Of the two answers that are compared, the one that came first.
    private var firstSums: [UInt64]?
    private var merge = KeyMerge()
    private var exchanges: KeyExchanges
    private var wakeAt: UInt64?

    /// - Parameter shape: The cluster's.
    public init(_ tree: TreeRef, shape: TreeShape, limits: Limits) {
        self.tree = tree
        self.shape = shape
        self.limits = limits
        phase = .descending(level: 0, nodes: [0])
        exchanges = KeyExchanges(limits: limits)
    }

    // MARK: Events

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) {
        askChildren(of: [0], level: 0, &actions)
    }

    /// A side has answered what it was asked.
    public mutating func received(
        _ reply: TreeReply, from side: Side, now: UInt64, _ actions: inout [Action]
    ) {
        guard asked.remove(side) != nil else { return }
        switch (phase, reply) {
        case (.descending, .children(let sums)), (.confirming, .children(let sums)):
            guard let sums else { return finish(.notReady, &actions) }
            guard let first = firstSums else {
                firstSums = sums
                return
            }
            firstSums = nil
            compare(first, sums, now: now, &actions)
        case (.exchanging, .keys(let page)):
            guard page.rows.allSatisfy({ $0.key.partition == tree.partition }), merge.add(page, of: side)
            else { return fail(&actions) }
            goOn(now, &actions)
        case (.failing, _), (.ended, _): break
        default: fail(&actions)
        }
    }

    /// A side was asked and has not answered, or refused to.
    public mutating func askFailed(_ side: Side, _ actions: inout [Action]) {
        guard asked.remove(side) != nil else { return }
        fail(&actions)
    }

    /// The state that was to be fetched is merged here.
    ///
    /// - Parameters:
    ///   - theirs: The peer's state; nil if it has none.
    ///   - merged: This node's after the merge; nil if it has none either.
    public mutating func fetched(
        _ number: UInt64, theirs: Versions?, merged: Versions?, now: UInt64, _ actions: inout [Action]
    ) {
        exchanges.fetched(number, theirs: theirs, merged: merged, &actions)
        goOn(now, &actions)
    }

    /// The peer has stored what was to be pushed.
    public mutating func pushed(_ number: UInt64, now: UInt64, _ actions: inout [Action]) {
        exchanges.pushed(number)
        goOn(now, &actions)
    }

    /// A fetch, the merge of what it brought, or a push has failed, or nobody knows.
    public mutating func exchangeFailed(_ number: UInt64, now: UInt64, _ actions: inout [Action]) {
        exchanges.failed(number)
        if exchanges.failed >= limits.maxFailures { fail(&actions) } else { goOn(now, &actions) }
    }

    /// A time that `wake` named has come.
    public mutating func tick(now: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= now { self.wakeAt = nil }
        if case .pausing(let until, let leaves) = phase {
            guard until <= now else { return wake(at: until, &actions) }
            let parents = Set(leaves.elements.map { $0 / TreeShape.fanOut }).sorted()
            phase = .confirming(leaves: leaves, parents: parents)
            askChildren(of: parents, level: shape.levels - 1, &actions)
        } else {
            goOn(now, &actions)
        }
    }

    /// The peer is lost, or one of the two no longer holds the partition: the comparison ends here.
    public mutating func stop(_ actions: inout [Action]) { finish(.stopped, &actions) }

    // MARK: Sums

    private mutating func askChildren(of nodes: [Int], level: Int, _ actions: inout [Action]) {
        let request = TreeChildrenRequest(tree: tree, level: level, nodes: nodes)
        for side in Side.allCases { ask(.children(request), of: side, &actions) }
    }

    private mutating func compare(
        _ a: [UInt64], _ b: [UInt64], now: UInt64, _ actions: inout [Action]
    ) {
        switch phase {
        case .descending(let level, let nodes):
            guard let differing = Self.differing(nodes, a, b) else { return fail(&actions) }
            guard !differing.isEmpty else { return finish(.done, &actions) }
            if level + 1 < shape.levels {
                phase = .descending(level: level + 1, nodes: differing)
                askChildren(of: differing, level: level + 1, &actions)
            } else {
                report.leavesSuspected = differing.count
                phase = .pausing(until: now + limits.confirmPause, leaves: LeafSet(differing))
                wake(at: now + limits.confirmPause, &actions)
            }
        case .confirming(let leaves, let parents):
            guard let differing = Self.differing(parents, a, b) else { return fail(&actions) }
            let confirmed = LeafSet(differing.lazy.filter(leaves.contains))
            report.leavesDiffering = confirmed.count
            guard !confirmed.isEmpty else { return finish(.done, &actions) }
            phase = .exchanging(leaves: confirmed)
            goOn(now, &actions)
        default: break
        }
    }

    /// The children of `nodes` whose sums differ, ascending; nil if the answers don't have the right number of them.
    private static func differing(_ nodes: [Int], _ a: [UInt64], _ b: [UInt64]) -> [Int]? {
        let fanOut = TreeShape.fanOut
        guard a.count == nodes.count * fanOut, b.count == a.count else { return nil }
        return a.indices.filter { a[$0] != b[$0] }.map { nodes[$0 / fanOut] * fanOut + $0 % fanOut }
    }

    // MARK: Keys

    private mutating func goOn(_ now: UInt64, _ actions: inout [Action]) {
        switch phase {
        case .exchanging(let leaves):
            var pause = exchanges.begin(now: now, &actions)
            if exchanges.areAllBegun {
                let differences = merge.drain()
                report.keysDiffering += differences.count
                exchanges.add(differences)
                pause = exchanges.begin(now: now, &actions)
            }
            if let pause { wake(at: pause, &actions) }
            // Not before all differences so far are under way, so that at most a page of each side is kept.
            if exchanges.areAllBegun { askPages(leaves, &actions) }
            if merge.isComplete, exchanges.isIdle { finish(.done, &actions) }
        case .failing:
            if exchanges.isIdle { finish(.failed, &actions) }
        default: break
        }
    }

    private mutating func askPages(_ leaves: LeafSet, _ actions: inout [Action]) {
        for side in Side.allCases where merge.needsPage(of: side) && !asked.contains(side) {
            let request = TreeKeysRequest(
                tree: tree, leaves: leaves, after: merge.position(of: side), maxBytes: limits.pageBytes,
                maxRows: limits.pageRows)
            ask(.keys(request), of: side, &actions)
        }
    }

    // MARK: Ends

    private mutating func ask(_ request: TreeRequest, of side: Side, _ actions: inout [Action]) {
        asked.insert(side)
        actions.append(.ask(request, of: side))
    }

    private mutating func wake(at time: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= time { return }
        wakeAt = time
        actions.append(.wake(at: time))
    }

    private mutating func fail(_ actions: inout [Action]) {
        if case .ended = phase { return }
        phase = .failing
        exchanges.dropWaiting()
        if exchanges.isIdle { finish(.failed, &actions) }
    }

    private mutating func finish(_ outcome: ComparisonReport.Outcome, _ actions: inout [Action]) {
        if case .ended = phase { return }
        phase = .ended
        report.outcome = outcome
        report.keysCompared = merge.compared
        report.repairedHere = exchanges.repairedHere
        report.repairedThere = exchanges.repairedThere
        report.keysFailed = exchanges.failed
        report.bytes = exchanges.bytes
        actions.append(.finished(report))
    }
}
