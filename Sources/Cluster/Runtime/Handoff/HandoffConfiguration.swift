import ClusterCore
import NIOCore

/// How a node keeps hints for replicas that are away, and hands them back.
public struct HandoffConfiguration: Sendable {
    /// What becomes of a write whose hint finds no room.
    public enum WhenFull: Sendable {
        /// It goes without: read repair and anti-entropy bring it to the replica that missed it.
        case skip
        /// It is refused as overloaded before anything is written, if the replica is known to be away by then.
        case refuse
    }

    /// How much is kept.
    public var limits: HintLedger.Limits
    public var whenFull: WhenFull
    /// Windows, rates and ages of the handing back; for each target.
    public var sending: HandoffSender.Limits
    /// Targets that are served at a time.
    public var maxTargetsAtOnce: Int
    /// How often every target that can be reached is handed what is kept for it, besides when it connects.
    public var interval: TimeAmount
    /// How long the target of a hint has to store it.
    public var timeout: TimeAmount
    /// How long a sloppy put waits for a replica that is silent before another node stands in for it.
    public var fallbackDelay: TimeAmount

    public init(
        limits: HintLedger.Limits = .init(), whenFull: WhenFull = .skip,
        sending: HandoffSender.Limits = .init(),
        maxTargetsAtOnce: Int = 4, interval: TimeAmount = .seconds(10), timeout: TimeAmount = .seconds(5),
        fallbackDelay: TimeAmount = .milliseconds(100)
    ) {
        self.limits = limits
        self.whenFull = whenFull
        self.sending = sending
        self.maxTargetsAtOnce = maxTargetsAtOnce
        self.interval = interval
        self.timeout = timeout
        self.fallbackDelay = fallbackDelay
    }
}

/// What a node keeps for others, and what became of what it kept. The counters start at 0 with the process.
public struct HandoffStatistics: Sendable {
    /// Hints kept now, and the bytes that they take in the engine.
    public var count = 0
    public var bytes = 0
    /// When the oldest of them came, in milliseconds since 1970; nil if there is none. It may be older than that until the
    /// next pass over the hints.
    public var oldestMillis: UInt64?
    /// For whom, by ascending id.
    public var accounts: [(target: NodeID, account: HintLedger.Account)] = []
    /// States that were stored as hints; several of one key may have become one hint.
    public var stored = 0
    /// Hints that were removed because their target has them.
    public var delivered = 0
    /// Hints that were dropped because they were too old.
    public var expired = 0
    /// States that found no room: their writes went without a hint here.
    public var unkept = 0
    /// Writes that were refused since their hint would have found no room.
    public var refusedWrites = 0

    public init() {}
}
