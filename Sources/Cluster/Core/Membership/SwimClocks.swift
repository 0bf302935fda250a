/// How the others' wall clocks compare with this node's, as their answers to probes show. Nothing is decided by it.
extension Swim {
    /// What the members that are alive have shown of their clocks; nil before the first has.
    public var clockOffsets: ClockOffsets? {
        ClockOffsets(
            ids.compactMap { peers[$0] }.filter { $0.record.liveness == .alive }.compactMap(\.clockOffset))
    }

    /// A member has answered a probe of this node itself.
    ///
    /// - Parameters:
    ///   - theirs: Its wall clock when it answered.
    ///   - ours: This node's wall clock now.
    ///   - roundTrip: Milliseconds since it was asked; half of it is what the difference may be wrong by.
    mutating func compareClocks(with id: NodeID, _ theirs: UInt64, _ ours: UInt64, roundTrip: UInt64) {
        guard roundTrip <= settings.pingTimeoutMillis else { return }
        let asOfThen = ours - min(ours, roundTrip / 2)
        peers[id]?.clockOffset = Int64(clamping: theirs) - Int64(clamping: asOfThen)
    }
}

/// The wall clocks of a node's peers, compared with its own.
public struct ClockOffsets: Equatable, Sendable {
    /// By how many milliseconds the clock that differs most is ahead of this node's; behind it, if negative.
    public var furthestMillis: Int64
    /// The same of the median of all clocks, this node's own included: what this one is most likely wrong by.
    public var medianMillis: Int64

    /// - Parameter others: Of each other clock; nil if there is none.
    init?(_ others: [Int64]) {
        guard let furthest = others.max(by: { $0.magnitude < $1.magnitude }) else { return nil }
        let all = (others + [0]).sorted()
        // Of an even number, the nearer of the two in the middle: of two nodes neither is accused.
        let (lower, upper) = (all[(all.count - 1) / 2], all[all.count / 2])
        furthestMillis = furthest
        medianMillis = lower.magnitude <= upper.magnitude ? lower : upper
    }
}
