/// What a node has to compare with one peer, and how far it has come.
///
/// Every partition of a round goes through: its root is to be asked for, is asked for, differs and waits for its turn,
/// is being compared; or it is not ready, and its root is asked for again later.
struct EntropyRound: Sendable {
    /// The partitions shared with the peer, and the depth of their comparison.
    private(set) var depths: [Int: Int] = [:]
    /// When the next round over all of them begins; nil: not by itself.
    var due: UInt64?
    /// Ascending.
    private(set) var toAsk: [Int] = []
    private(set) var asked: [TreeRef] = []
    /// The first goes first.
    private(set) var toCompare: [Int] = []
    /// Of those that differ or are being compared, what the two had seen: what both have in the end.
    private var roots: [Int: (ours: TreeRoot, theirs: TreeRoot)] = [:]
    private(set) var running: Set<Int> = []
    private(set) var notReady: Set<Int> = []
    /// When to ask for those again.
    private(set) var retryAt: UInt64?
    /// Whether the round is over all partitions, and each so far came to its end.
    private var isFull = false
    /// When it began to be that.
    private var begunAt: UInt64 = 0
    private(set) var totals = EntropyTotals()

    init(due: UInt64?) { self.due = due }

    var isOpen: Bool { waitingCount > 0 || !running.isEmpty }
    /// Partitions of the round that are not being compared yet.
    var waitingCount: Int { toAsk.count + asked.count + toCompare.count + notReady.count }

    /// Adds these partitions to the round, or begins one with them; nil: all.
    mutating func begin(_ partitions: Set<Int>?, now: UInt64) {
        let wanted = partitions ?? Set(depths.keys)
        let present = Set(asked.map(\.partition)).union(toCompare).union(running)
        toAsk = wanted.filter { depths[$0] != nil && !present.contains($0) }.union(toAsk).sorted()
        notReady.subtract(toAsk)
        if partitions == nil { (isFull, begunAt) = (true, now) }
    }

    /// Adds those that were not ready, if it is time.
    mutating func retry(now: UInt64) {
        guard let time = retryAt, time <= now else { return }
        retryAt = nil
        toAsk = notReady.union(toAsk).sorted()
        notReady = []
    }

    /// The trees whose roots are to be asked for next; none while others are.
    mutating func nextRoots(limit: Int) -> [TreeRef] {
        guard asked.isEmpty, !toAsk.isEmpty else { return [] }
        asked = toAsk.prefix(limit).compactMap { partition in
            depths[partition].map { TreeRef(partition: partition, depth: $0) }
        }
        toAsk.removeFirst(min(limit, toAsk.count))
        return asked
    }

    /// What was asked for has come.
    ///
    /// - Returns: Of what the two hold the same.
    mutating func rootsCame(ours: [TreeRoot?], theirs: [TreeRoot?], retryAt time: UInt64)
        -> [EntropyAgreement]
    {
        var agreements: [EntropyAgreement] = []
        for (index, tree) in asked.enumerated() where depths[tree.partition] == tree.depth {
            guard let a = ours[index], let b = theirs[index] else {
                leaveNotReady(tree.partition, retryAt: time)
                continue
            }
            totals.partitions += 1
            if a.sum == b.sum {
                agreements.append(EntropyAgreement(tree: tree, ours: a, theirs: b))
            } else {
                toCompare.append(tree.partition)
                roots[tree.partition] = (a, b)
            }
        }
        asked = []
        return agreements
    }

    /// It did not come: the next round makes up for it.
    mutating func rootsFailed() {
        asked = []
        isFull = false
    }

    mutating func nextComparison() -> TreeRef? {
        guard !toCompare.isEmpty else { return nil }
        let partition = toCompare.removeFirst()
        running.insert(partition)
        return TreeRef(partition: partition, depth: depths[partition]!)
    }

    /// A comparison has ended.
    ///
    /// - Returns: That the two agree now, if they do; nil also if it was not known.
    mutating func ended(
        _ tree: TreeRef, _ report: ComparisonReport, retryAt time: UInt64
    ) -> EntropyAgreement? {
        guard depths[tree.partition] == tree.depth, running.remove(tree.partition) != nil else { return nil }
        let before = roots.removeValue(forKey: tree.partition)
        totals.add(report)
        if report.outcome == .notReady {
            leaveNotReady(tree.partition, retryAt: time)
        } else if report.outcome != .done || report.keysFailed > 0 {
            isFull = false
        } else if let before {
            return EntropyAgreement(tree: tree, ours: before.ours, theirs: before.theirs)
        }
        return nil
    }

    private mutating func leaveNotReady(_ partition: Int, retryAt time: UInt64) {
        notReady.insert(partition)
        retryAt = retryAt ?? time
    }

    /// Notes the end of the round, if nothing is left of it.
    ///
    /// - Returns: How long it took, if it was one over all partitions.
    mutating func closeIfDone(now: UInt64) -> UInt64? {
        guard !isOpen else { return nil }
        retryAt = nil
        guard isFull else { return nil }
        isFull = false
        totals.rounds += 1
        totals.lastRoundAt = now
        return now - begunAt
    }

    /// Ends the round where it is.
    ///
    /// - Returns: The comparisons that were running.
    mutating func abandon() -> [TreeRef] {
        let cancelled = running.sorted().map { TreeRef(partition: $0, depth: depths[$0]!) }
        (toAsk, asked, toCompare, running, notReady) = ([], [], [], [], [])
        roots = [:]
        retryAt = nil
        isFull = false
        return cancelled
    }

    /// The shared partitions are others now.
    ///
    /// - Returns: The comparisons that were running and no longer count.
    mutating func change(_ new: [Int: Int]) -> [TreeRef] {
        let old = depths
        depths = new
        let stays = { (partition: Int) in new[partition] != nil && new[partition] == old[partition] }
        let cancelled = running.filter { !stays($0) }.sorted().map {
            TreeRef(partition: $0, depth: old[$0]!)
        }
        toAsk.removeAll { new[$0] == nil }
        toCompare.removeAll { !stays($0) }
        running = running.filter(stays)
        roots = roots.filter { stays($0.key) }
        notReady = notReady.filter { new[$0] != nil }
        if new != old { isFull = false }
        return cancelled
    }
}

/// That this node and a peer hold the same of a partition now, and what each had seen before.
public struct EntropyAgreement: Equatable, Sendable {
    public var tree: TreeRef
    public var ours: TreeRoot
    public var theirs: TreeRoot

    public init(tree: TreeRef, ours: TreeRoot, theirs: TreeRoot) {
        self.tree = tree
        self.ours = ours
        self.theirs = theirs
    }

    /// What this node is to take note of.
    public var here: TreeAgreement { TreeAgreement(tree: tree, clock: theirs.clock, token: ours.token) }

    /// What the peer is to take note of.
    public var there: TreeAgreement { TreeAgreement(tree: tree, clock: ours.clock, token: theirs.token) }
}
