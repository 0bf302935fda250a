/// Looks through the partitions whose first replica this node is for rows that are dead, and has them removed by all their
/// replicas once each has confirmed that it holds the same, durably, and has seen every write that it stands for.
///
/// That is what makes it safe: an earlier value of the key may still come, from a hint or a message that was on its way,
/// but every replica knows by its clock (`PartitionClock`) that it has seen it, and drops it. If one of the replicas
/// removes its row and another cannot, anti-entropy ends it: the one has seen what the other holds, and no longer has it.
///
/// A sweep takes one page of a partition after the other. Nothing is asked twice: what fails is left to the next sweep.
///
/// A value, driven like the coordinators.
public struct Reaper: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Read the next page of this node's rows; then `scanned` or `scanFailed`.
        case scan(partition: Int, after: StorageKey?)
        /// Ask this replica, which may be this node, for which of the rows it confirms; then `answered` or `askFailed`.
        case confirm(DeadRows, of: NodeID)
        /// Have this replica remove the rows, if they still are what they were. Nothing comes back.
        case remove(DeadRows, at: NodeID)
        /// Call `tick` at this time.
        case wake(at: UInt64)
    }

    public struct Limits: Equatable, Sendable {
        /// Milliseconds from the end of a sweep to the next, at least.
        public var interval: UInt64
        /// For how many milliseconds a row has been dead before it is looked at.
        public var grace: UInt64
        /// Bytes of rows in a page, and dead rows after which it ends, up to `DeadRows.maxCount`.
        public var pageBytes: Int
        public var pageRows: Int
        /// Bytes of rows read in a second.
        public var bytesPerSecond: Int

        public init(
            interval: UInt64 = 600_000, grace: UInt64 = 60_000, pageBytes: Int = 256 << 10,
            pageRows: Int = 512, bytesPerSecond: Int = 8 << 20
        ) {
            self.interval = interval
            self.grace = grace
            self.pageBytes = pageBytes
            self.pageRows = min(pageRows, DeadRows.maxCount)
            self.bytesPerSecond = bytesPerSecond
        }
    }

    /// A row that might go, with the n of its bucket.
    public struct Candidate: Equatable, Sendable {
        public var row: DeadRows.Row
        public var n: Int

        public init(_ row: DeadRows.Row, n: Int) {
            self.row = row
            self.n = n
        }
    }

    private enum Phase {
        case waiting(until: UInt64)
        case scanning
        case confirming
        case pausing(until: UInt64)
    }

    private let node: NodeID
    private let limits: Limits
    private var throttle: Throttle
    private var random: SplitMix64
    private var partitions: [Int: [NodeID]] = [:]
    private var up: Set<NodeID>
    private var phase: Phase
    private var wakeAt: UInt64?
    /// Of this sweep, not begun; the next one last.
    private var waiting: [Int] = []
    private var partition: Int?
    private var position: StorageKey?
    /// What is being confirmed, by whom, and by whom not yet.
    private var candidates: [Candidate] = []
    private var replicas: [NodeID] = []
    private var awaited: [NodeID: DeadRows] = [:]
    public private(set) var status = ReaperStatus()

    /// - Parameters:
    ///   - node: This one.
    ///   - seed: Of the spread of sweeps over time; another on each node.
    public init(node: NodeID, limits: Limits, seed: UInt64) {
        self.node = node
        self.limits = limits
        throttle = Throttle(bytesPerSecond: limits.bytesPerSecond)
        random = SplitMix64(seed: seed)
        up = [node]
        phase = .waiting(until: 0)
    }

    // MARK: Events

    /// Begins to wait for the first sweep. The first event, once.
    public mutating func start(now: UInt64, _ actions: inout [Action]) {
        rest(now, &actions)
    }

    /// The partitions that this node is to look through, with all their replicas, itself first. Those that are being moved,
    /// or of which a replica is lost, are not among them.
    public mutating func viewChanged(_ partitions: [Int: [NodeID]]) { self.partitions = partitions }

    public mutating func peerUp(_ peer: NodeID) { up.insert(peer) }

    public mutating func peerDown(_ peer: NodeID, now: UInt64, _ actions: inout [Action]) {
        up.remove(peer)
        askFailed(peer, now: now, &actions)
    }

    /// A page was read.
    ///
    /// - Parameters:
    ///   - candidates: What of it is dead for long enough, and covered by this node's clock; ascending by key.
    ///   - bytes: Of its rows, dead or not.
    ///   - upTo: Where it ends; nil: at the partition's end.
    public mutating func scanned(
        _ candidates: [Candidate], bytes: Int, upTo: StorageKey?, now: UInt64, _ actions: inout [Action]
    ) {
        guard case .scanning = phase, let partition else { return }
        // What is read is known only afterwards; the next page waits for it.
        throttle.spend(bytes, now: now)
        position = upTo
        if upTo == nil { self.partition = nil }
        guard let replicas = partitions[partition], !candidates.isEmpty else { return pause(now, &actions) }
        self.candidates = candidates
        self.replicas = replicas
        for (place, replica) in replicas.enumerated() {
            let rows = candidates.filter { $0.n > place }.map(\.row)
            if !rows.isEmpty { awaited[replica] = DeadRows(partition: partition, rows: rows) }
        }
        guard awaited.keys.allSatisfy(up.contains) else {
            status.unconfirmed += candidates.count
            return drop(now, &actions)
        }
        phase = .confirming
        for replica in replicas {
            if let rows = awaited[replica] { actions.append(.confirm(rows, of: replica)) }
        }
    }

    /// The page could not be read: the partition is left to the next sweep.
    public mutating func scanFailed(now: UInt64, _ actions: inout [Action]) {
        guard case .scanning = phase else { return }
        partition = nil
        pause(now, &actions)
    }

    /// What a replica says of the rows that it was asked to confirm, in their order.
    public mutating func answered(
        _ confirmed: [Bool], by replica: NodeID, now: UInt64, _ actions: inout [Action]
    ) {
        guard case .confirming = phase, let asked = awaited[replica] else { return }
        guard confirmed.count == asked.rows.count else { return askFailed(replica, now: now, &actions) }
        awaited[replica] = nil
        let refused = Set(zip(asked.rows, confirmed).lazy.filter { !$1 }.map { $0.0.key })
        status.unconfirmed += refused.count
        candidates.removeAll { refused.contains($0.row.key) }
        guard awaited.isEmpty else { return }
        remove(&actions)
        drop(now, &actions)
    }

    /// A replica was asked and has not answered, or refused to: the page is left to the next sweep.
    public mutating func askFailed(_ replica: NodeID, now: UInt64, _ actions: inout [Action]) {
        guard case .confirming = phase, awaited[replica] != nil else { return }
        status.unconfirmed += candidates.count
        drop(now, &actions)
    }

    /// A time that `wake` named has come.
    public mutating func tick(now: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= now { self.wakeAt = nil }
        switch phase {
        case .waiting(let time) where time <= now:
            waiting = partitions.keys.sorted(by: >)
            partition = nil
            goOn(now, &actions)
        case .pausing(let time) where time <= now: goOn(now, &actions)
        case .waiting(let time), .pausing(let time): wake(at: time, &actions)
        case .scanning, .confirming: break
        }
    }

    // MARK: Decisions

    private mutating func remove(_ actions: inout [Action]) {
        // By another layout, others would have had to be asked.
        guard let partition = candidates.first?.row.key.partition, partitions[partition] == replicas else {
            return
        }
        status.removed += candidates.count
        for (place, replica) in replicas.enumerated() {
            let rows = candidates.filter { $0.n > place }.map(\.row)
            guard !rows.isEmpty else { continue }
            actions.append(.remove(DeadRows(partition: partition, rows: rows), at: replica))
        }
    }

    /// Goes on without what was being confirmed.
    private mutating func drop(_ now: UInt64, _ actions: inout [Action]) {
        (candidates, replicas, awaited) = ([], [], [:])
        pause(now, &actions)
    }

    private mutating func pause(_ now: UInt64, _ actions: inout [Action]) {
        phase = .pausing(until: throttle.opensAt)
        if throttle.opensAt > now { wake(at: throttle.opensAt, &actions) } else { goOn(now, &actions) }
    }

    private mutating func goOn(_ now: UInt64, _ actions: inout [Action]) {
        if partition == nil {
            partition = waiting.popLast()
            position = nil
        }
        guard let partition else {
            status.sweeps += 1
            status.lastSweepAt = now
            return rest(now, &actions)
        }
        phase = .scanning
        actions.append(.scan(partition: partition, after: position))
    }

    private mutating func rest(_ now: UInt64, _ actions: inout [Action]) {
        let spread = UInt64(random.next(below: Int(limits.interval / 4) + 1))
        phase = .waiting(until: now + limits.interval + spread)
        wake(at: now + limits.interval + spread, &actions)
    }

    private mutating func wake(at time: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= time { return }
        wakeAt = time
        actions.append(.wake(at: time))
    }
}

/// What a node's sweeps have come to; exact.
public struct ReaperStatus: Equatable, Sendable {
    /// Sweeps that have ended.
    public var sweeps = 0
    /// When the last one did, by the runtime's monotonic clock.
    public var lastSweepAt: UInt64?
    /// Rows that all their replicas were told to remove.
    public var removed = 0
    /// How often a dead row was left for the next sweep, since some replica could not confirm it.
    public var unconfirmed = 0

    public init() {}
}

extension LayoutView {
    /// The partitions whose first replica is `node`, and all of whose replicas are there and stay: what a `Reaper` looks
    /// through.
    public func sweptPartitions(of node: NodeID) -> [Int: [NodeID]] {
        var swept: [Int: [NodeID]] = [:]
        for partition in 0..<readable.partitionCount {
            let replicas = readable.replicas(ofPartition: partition)
            guard replicas.first == node, !replicas.contains(where: lost.contains) else { continue }
            if let other, other.replicas(ofPartition: partition) != replicas { continue }
            swept[partition] = Array(replicas)
        }
        return swept
    }
}
