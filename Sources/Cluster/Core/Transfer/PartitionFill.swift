/// Copies partitions to this node: asks each partition's sources, one after the other, for page after page.
///
/// Every source of a partition is read to its end (`PartitionMove.sources`), since no single one is sure to have every
/// acknowledged write. Pages follow the order of the keys without a snapshot: what is written while a source is read
/// comes to this node by itself, as it is among the write's replicas.
///
/// A value, driven like the coordinators. It begins where `progress` says that an earlier run ended.
public struct PartitionFill: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Ask this node; then `stored` or `failed`.
        case ask(PageRequest, of: NodeID)
        /// Call `advance` at this time, in milliseconds of the runtime's clock, or later.
        case wake(at: UInt64)
        /// Every source of every partition was read to its end. The last action.
        case finished
    }

    public struct Limits: Equatable, Sendable {
        /// Partitions copied at a time; each has one page under way.
        public var concurrency: Int
        /// See `PageRequest.maxBytes`.
        public var pageBytes: Int
        /// Bytes of pages a second that are asked for, on average.
        public var bytesPerSecond: Int
        /// Milliseconds before a source that failed is asked again.
        public var retryPause: UInt64

        public init(
            concurrency: Int = 4, pageBytes: Int = 256 << 10, bytesPerSecond: Int = 256 << 20,
            retryPause: UInt64 = 500
        ) {
            self.concurrency = concurrency
            self.pageBytes = pageBytes
            self.bytesPerSecond = bytesPerSecond
            self.retryPause = retryPause
        }
    }

    private struct Copy {
        var move: PartitionMove
        /// When to ask (again); nil while a page is under way.
        var due: UInt64?

        var source: NodeID? { move.sources.first }
    }

    /// What is done, to be stored now and then.
    public private(set) var progress: FillProgress
    /// Partitions that are not complete.
    public var partitionsLeft: Int { waiting.count + copies.count }
    /// Rows and bytes that came in this run.
    public private(set) var rows = 0
    public private(set) var bytes = 0

    private let limits: Limits
    /// Not begun; the next one last.
    private var waiting: [PartitionMove]
    private var copies: [Int: Copy] = [:]
    /// Until then, the pages that came are as many as `bytesPerSecond` allows.
    private var paidUntil: UInt64 = 0
    private var isFinished = false

    /// - Parameters:
    ///   - moves: What to copy.
    ///   - progress: Of an earlier run for the same duty; empty if there was none.
    public init(_ moves: [PartitionMove], limits: Limits, progress: FillProgress) {
        self.limits = limits
        self.progress = progress
        waiting = moves.compactMap { move in
            var move = move
            move.sources.removeAll { progress.isDone(move.partition, from: $0) }
            return move.sources.isEmpty ? nil : move
        }.reversed()
    }

    /// Goes on. The first event, and at each `wake`.
    ///
    /// - Parameter now: Milliseconds of the runtime's monotonic clock.
    public mutating func advance(now: UInt64, _ actions: inout [Action]) {
        while copies.count < limits.concurrency, let move = waiting.popLast() {
            copies[move.partition] = Copy(move: move, due: now)
        }
        var next: UInt64?
        for partition in copies.keys.sorted() {
            guard let copy = copies[partition], let due = copy.due, let source = copy.source else { continue }
            let time = max(due, paidUntil)
            if time > now {
                next = min(next ?? time, time)
                continue
            }
            copies[partition]?.due = nil
            let after = progress.position(in: partition, from: source)
            actions.append(
                .ask(PageRequest(partition: partition, after: after, maxBytes: limits.pageBytes), of: source))
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
    ///   - isLast: Whether the source has no more.
    public mutating func stored(
        partition: Int, last: StorageKey?, rows: Int, bytes: Int, isLast: Bool, now: UInt64,
        _ actions: inout [Action]
    ) {
        guard var copy = copies[partition], copy.due == nil, let source = copy.source else { return }
        self.rows += rows
        self.bytes += bytes
        paidUntil = max(now, paidUntil) + UInt64(bytes) * 1000 / UInt64(limits.bytesPerSecond)
        if isLast {
            progress.finish(partition, from: source)
            copy.move.sources.removeFirst()
        } else if let last {
            progress.advance(in: partition, from: source, to: last)
        }
        copy.due = now
        copies[partition] = copy.source == nil ? nil : copy
        advance(now: now, &actions)
    }

    /// A page did not come, or could not be stored.
    public mutating func failed(partition: Int, now: UInt64, _ actions: inout [Action]) {
        guard copies[partition]?.due == nil else { return }
        copies[partition]?.due = now + limits.retryPause
        advance(now: now, &actions)
    }
}
