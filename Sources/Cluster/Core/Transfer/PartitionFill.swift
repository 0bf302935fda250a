/// Copies partitions to this node: page after page from the first of each partition's sources, and compares what it has
/// then with each of the others.
///
/// Every source counts (`PartitionMove.sources`), since no single one is sure to have every acknowledged write. But they hold
/// nearly the same, so a comparison of hash trees (`PartitionComparison`) brings what the first one lacked at a fraction of
/// what reading them all would cost. A source that cannot be compared with, since its tree is being built, is read instead.
/// A node that was a replica before and is promoted begins with comparisons.
///
/// A source that was read to its end leaves its clock as well (`PartitionClock`), so that what it had seen and reaped does
/// not come back to this node with a late message. As it may have lost something between two pages, only what it had seen
/// at each of them counts.
///
/// Pages follow the order of the keys without a snapshot: what is written while a source is read comes to this node by
/// itself, as it is among the write's replicas.
///
/// A value, driven like the coordinators. It begins where `progress` says that an earlier run ended.
public struct PartitionFill: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Ask this node; then `stored` or `failed`.
        case ask(PageRequest, of: NodeID)
        /// Run a `PartitionComparison` with this node; then `compared`.
        case compare(TreeRef, with: NodeID)
        /// Take note that all of the tree that this clock covers was seen.
        case note(TreeRef, PartitionClock)
        /// Call `advance` at this time, in milliseconds of the runtime's clock, or later.
        case wake(at: UInt64)
        /// Every source of every partition was read to its end, or compared with. The last action.
        case finished
    }

    public struct Limits: Equatable, Sendable {
        /// Partitions copied at a time, and pages under way; comparisons that turn out to need pages wait for their turn.
        public var concurrency: Int
        /// Comparisons that run before no other partition is begun; most of their time is `confirmPause`.
        public var maxComparisons: Int
        /// See `PageRequest.maxBytes`.
        public var pageBytes: Int
        /// Bytes of pages a second that are asked for, on average.
        public var bytesPerSecond: Int
        /// Of a partition's time, how much it may have a page under way, 1 to 100: after a page comes a pause in proportion
        /// to the time that pages take. So a machine that is busy, where they take longer, is left longer to its requests.
        ///
        /// The quickest of the last eight pages counts: one that waited for something else says nothing of what it cost, and an
        /// even pace disturbs requests less than one that stops and hurries.
        public var percent: Int
        /// Milliseconds before a source that failed is asked again; the other pauses are no longer than this.
        public var retryPause: UInt64
        /// How often in a row a source may fail, 1 or more, before the other partitions and the partition's other sources come
        /// before it.
        public var maxFailures: Int

        public init(
            concurrency: Int = 1, maxComparisons: Int = 16, pageBytes: Int = 32 << 10,
            bytesPerSecond: Int = 256 << 20, percent: Int = 30, retryPause: UInt64 = 500,
            maxFailures: Int = 10
        ) {
            precondition(1...100 ~= percent, "a share of the time")
            precondition(maxFailures > 0, "a source fails once before it waits")
            self.concurrency = concurrency
            self.maxComparisons = maxComparisons
            self.pageBytes = pageBytes
            self.bytesPerSecond = bytesPerSecond
            self.percent = percent
            self.retryPause = retryPause
            self.maxFailures = maxFailures
        }
    }

    private struct Copy {
        enum Step { case copying, comparing }

        /// With the sources that are left.
        var move: PartitionMove
        /// Whether what this node has is worth a comparison: it was a replica before, or is done with a source.
        var isBegun: Bool
        /// How the first of the sources left is dealt with.
        var step: Step
        /// When to go on with it; nil while a page or a comparison is under way.
        var due: UInt64? = 0
        /// Of the first of the sources, in a row.
        var failures = 0
    }

    /// What is done, to be stored now and then.
    public private(set) var progress: FillProgress
    /// Partitions that are not complete.
    public var partitionsLeft: Int { waiting.count + copies.count }
    /// Rows that came in this run, and bytes of pages and comparisons.
    public private(set) var rows = 0
    public private(set) var bytes = 0

    private let limits: Limits
    private var throttle: Throttle
    /// Not begun; the next one last.
    private var waiting: [Copy]
    private var copies: [Int: Copy] = [:]
    private var isFinished = false
    /// Microseconds that the last pages took.
    private var lastPages: [UInt64] = []
    private static let pagesRemembered = 8

    /// - Parameters:
    ///   - moves: What to copy.
    ///   - progress: Of an earlier run for the same duty; empty if there was none.
    public init(_ moves: [PartitionMove], limits: Limits, progress: FillProgress) {
        self.limits = limits
        self.progress = progress
        throttle = Throttle(bytesPerSecond: limits.bytesPerSecond)
        waiting = moves.compactMap { Self.copy($0, progress) }.reversed()
    }

    /// What is left of `move`; nil if nothing is.
    private static func copy(_ move: PartitionMove, _ progress: FillProgress) -> Copy? {
        var left = move
        left.sources.removeAll { progress.isDone(move.partition, from: $0.node) }
        if left.sources.isEmpty { return nil }
        let isBegun = move.reason == .promoted || left.sources.count < move.sources.count
        return Copy(move: left, isBegun: isBegun, step: step(left, isBegun: isBegun, progress))
    }

    /// A source of which pages were read is read on; another one is read if there is nothing yet to compare with it.
    private static func step(_ move: PartitionMove, isBegun: Bool, _ progress: FillProgress) -> Copy.Step {
        let wereRead = move.sources.map { progress.place(in: move.partition, from: $0.node) != nil }
        return wereRead[0] || !isBegun && !wereRead.contains(true) ? .copying : .comparing
    }

    // MARK: Events

    /// Goes on. The first event, and at each `wake`.
    ///
    /// - Parameter now: Milliseconds of the runtime's monotonic clock.
    public mutating func advance(now: UInt64, _ actions: inout [Action]) {
        while count(.copying) < limits.concurrency, count(.comparing) < limits.maxComparisons,
            var copy = waiting.popLast()
        {
            copy.due = max(now, copy.due ?? now)
            copies[copy.move.partition] = copy
        }
        var next: UInt64?
        for partition in copies.keys.sorted() {
            guard let copy = copies[partition], let due = copy.due else { continue }
            let time = copy.step == .copying ? max(due, throttle.opensAt) : due
            if time > now {
                next = min(next ?? time, time)
            } else if copy.step == .comparing || pagesUnderWay < limits.concurrency {
                begin(partition, now, &actions)
            }
        }
        if let next { actions.append(.wake(at: next)) }
        if copies.isEmpty, !isFinished {
            isFinished = true
            actions.append(.finished)
        }
    }

    /// A page has come and is stored at this node.
    ///
    /// - Parameters:
    ///   - last: The page's last key; nil if it has no rows.
    ///   - rows: How many rows it has.
    ///   - bytes: Of its keys and states.
    ///   - seen: What the source had seen before it read the page.
    ///   - isLast: Whether the source has no more.
    ///   - took: Microseconds since it was asked for.
    public mutating func stored(
        partition: Int, last: StorageKey?, rows: Int, bytes: Int, seen: PartitionClock, isLast: Bool,
        took: UInt64, now: UInt64, _ actions: inout [Action]
    ) {
        guard let copy = copies[partition], copy.step == .copying, copy.due == nil else { return }
        self.rows += rows
        self.bytes += bytes
        throttle.spend(bytes, now: now)
        let source = copy.move.sources[0]
        var seen = seen
        if let before = progress.place(in: partition, from: source.node) { seen.meet(before.seen) }
        if isLast {
            actions.append(.note(TreeRef(partition: partition, depth: source.depth), seen))
            endSource(of: partition, now)
        } else {
            if let last {
                progress.advance(
                    in: partition, from: source.node, to: FillProgress.Place(position: last, seen: seen))
            }
            copies[partition]!.due = now + pause(after: took)
            copies[partition]!.failures = 0
        }
        advance(now: now, &actions)
    }

    /// A page did not come, or could not be stored.
    public mutating func failed(partition: Int, now: UInt64, _ actions: inout [Action]) {
        guard let copy = copies[partition], copy.step == .copying, copy.due == nil else { return }
        retry(partition, now)
        advance(now: now, &actions)
    }

    /// A comparison has ended.
    public mutating func compared(
        partition: Int, _ report: ComparisonReport, now: UInt64, _ actions: inout [Action]
    ) {
        guard let copy = copies[partition], copy.step == .comparing, copy.due == nil else { return }
        rows += report.repairedHere
        bytes += report.bytes
        switch report.outcome {
        case .done where report.keysFailed == 0: endSource(of: partition, now)
        case .notReady:
            copies[partition]!.step = .copying
            copies[partition]!.due = now
        case .done, .failed, .stopped: retry(partition, now)
        }
        advance(now: now, &actions)
    }

    // MARK: Decisions

    private func count(_ step: Copy.Step) -> Int { copies.values.count { $0.step == step } }

    private var pagesUnderWay: Int { copies.values.count { $0.step == .copying && $0.due == nil } }

    private mutating func begin(_ partition: Int, _ now: UInt64, _ actions: inout [Action]) {
        let copy = copies[partition]!
        let source = copy.move.sources[0]
        copies[partition]!.due = nil
        switch copy.step {
        case .copying:
            let after = progress.place(in: partition, from: source.node)?.position
            actions.append(
                .ask(
                    PageRequest(partition: partition, after: after, maxBytes: limits.pageBytes),
                    of: source.node))
        case .comparing:
            actions.append(
                .compare(TreeRef(partition: partition, depth: source.depth), with: source.node))
        }
    }

    private mutating func endSource(of partition: Int, _ now: UInt64) {
        var copy = copies[partition]!
        progress.finish(partition, from: copy.move.sources.removeFirst().node)
        copy.isBegun = true
        copy.step = .comparing
        copy.due = now
        copy.failures = 0
        copies[partition] = copy.move.sources.isEmpty ? nil : copy
    }

    /// A source that goes on failing, such as one that can't read a row, makes way: it is asked again, since it may have what
    /// no other has, but after all that can be copied without it.
    private mutating func retry(_ partition: Int, _ now: UInt64) {
        var copy = copies[partition]!
        copy.due = now + limits.retryPause
        copy.failures += 1
        guard copy.failures >= limits.maxFailures else {
            copies[partition] = copy
            return
        }
        copy.failures = 0
        copy.move.sources.append(copy.move.sources.removeFirst())
        copy.step = Self.step(copy.move, isBegun: copy.isBegun, progress)
        copies[partition] = nil
        waiting.insert(copy, at: 0)
    }

    /// Milliseconds to rest after a page that took that many microseconds.
    private mutating func pause(after took: UInt64) -> UInt64 {
        if lastPages.count == Self.pagesRemembered { lastPages.removeFirst() }
        lastPages.append(took)
        let percent = UInt64(limits.percent)
        let pause = lastPages.min()! * (100 - percent) / percent
        return min((pause + 999) / 1000, limits.retryPause)
    }
}
