/// What the comparison of a partition with one peer found and did. Exact; where keys were written meanwhile, it counts
/// what was seen at the time.
public struct ComparisonReport: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        /// It came to its end. Whatever was equal on both sides throughout, or was repaired, is equal.
        case done
        /// The tree of one side is being built.
        case notReady
        /// A question was not answered, or too many keys failed: some of what differs is not repaired.
        case failed
        /// The runtime ended it. What was under way then is not counted.
        case stopped
    }

    public var outcome = Outcome.done
    /// Leaves that differed at first.
    public var leavesSuspected = 0
    /// Those of them that differed after the pause as well.
    public var leavesDiffering = 0
    /// Keys of these that were compared.
    public var keysCompared = 0
    /// Those that differed.
    public var keysDiffering = 0
    /// Keys of which this node learnt something.
    public var repairedHere = 0
    /// Keys of which the peer was sent something and stored it.
    public var repairedThere = 0
    /// Keys whose exchange failed.
    public var keysFailed = 0
    /// Bytes of the states, as both sides had listed them, of the keys that were repaired.
    public var bytes = 0

    public init(outcome: Outcome = .done) { self.outcome = outcome }
}
