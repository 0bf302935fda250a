/// How the comparison with each peer stands, for an operator.
public struct EntropyStatus: Equatable, Sendable {
    public struct Peer: Equatable, Sendable {
        public var node: NodeID
        public var isUp: Bool
        /// Partitions shared with it.
        public var partitions: Int
        /// When the next round begins, in milliseconds of the runtime's clock; nil if the peer begins it.
        public var due: UInt64?
        /// Partitions of the present round that wait for their turn.
        public var waiting: Int
        /// Those of them of which a tree was not complete.
        public var notReady: Int
        /// Partitions that are being compared, ascending.
        public var running: [Int]
        public var totals: EntropyTotals
    }

    /// Ascending by node.
    public var peers: [Peer]
    /// What was done with nodes that are no peers any more.
    public var past: EntropyTotals

    public init(peers: [Peer] = [], past: EntropyTotals = EntropyTotals()) {
        self.peers = peers
        self.past = past
    }

    /// What was done with all peers, present and past. Never falls.
    public var sum: EntropyTotals {
        var sum = past
        for peer in peers { sum.add(peer.totals) }
        return sum
    }
}

/// What the comparisons with one peer have done since the node's start.
public struct EntropyTotals: Equatable, Sendable {
    /// Rounds over all partitions that came to their end with each of them.
    public var rounds = 0
    /// When the last of these ended, in milliseconds of the runtime's clock; nil: none yet.
    public var lastRoundAt: UInt64?
    /// Roots that were compared.
    public var partitions = 0
    /// Comparisons that differing roots led to, and those of them that did not come to their end.
    public var comparisons = 0
    public var failures = 0
    /// Sums of the reports'.
    public var leavesDiffering = 0
    public var keysCompared = 0
    public var keysDiffering = 0
    public var repairedHere = 0
    public var repairedThere = 0
    public var keysFailed = 0
    public var bytes = 0

    public init() {}

    /// Adds what was done with another peer.
    mutating func add(_ other: EntropyTotals) {
        rounds += other.rounds
        lastRoundAt = [lastRoundAt, other.lastRoundAt].compactMap { $0 }.max()
        partitions += other.partitions
        comparisons += other.comparisons
        failures += other.failures
        leavesDiffering += other.leavesDiffering
        keysCompared += other.keysCompared
        keysDiffering += other.keysDiffering
        repairedHere += other.repairedHere
        repairedThere += other.repairedThere
        keysFailed += other.keysFailed
        bytes += other.bytes
    }

    mutating func add(_ report: ComparisonReport) {
        comparisons += 1
        if report.outcome != .done { failures += 1 }
        leavesDiffering += report.leavesDiffering
        keysCompared += report.keysCompared
        keysDiffering += report.keysDiffering
        repairedHere += report.repairedHere
        repairedThere += report.repairedThere
        keysFailed += report.keysFailed
        bytes += report.bytes
    }
}
