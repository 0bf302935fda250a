/// The times and bounds of the gossip. The same on all nodes, though nothing breaks if they are not.
public struct SwimSettings: Equatable, Sendable {
    /// The protocol period in milliseconds: one member is probed in each.
    public var periodMillis: UInt64 = 1_000
    /// Milliseconds after which others are asked to probe for this node; less than the period.
    public var pingTimeoutMillis: UInt64 = 500
    /// How many others.
    public var indirectProbes = 3

    /// The shortest suspicion is this times log2 of the members (of 16 if there are fewer) in periods.
    public var suspicionFactor = 0.5
    /// The longest suspicion, that of one accuser alone, is this times the shortest.
    public var suspicionSpread = 6.0
    /// Accusers beside the first with whom a suspicion is the shortest; below `SwimUpdate.maxAccusers`.
    public var confirmations = 3
    /// The worst local health: periods and timeouts grow to at most 1 + this times their length.
    public var maxHealthScore = 8

    /// A node sends an update this times log2(members + 1) times, and `disseminationBase` times more. A member misses one
    /// that all send s times with a probability of about e^-s, however few they are.
    public var disseminationFactor = 2.0
    public var disseminationBase = 4
    /// Milliseconds between rounds of gossip, while there are updates to send.
    public var gossipMillis: UInt64 = 200
    /// To how many members, in a round.
    public var gossipFanout = 3
    /// Bytes of a message, pages apart; at least `minPacketBytes`.
    public var maxPacketBytes = 1_400
    /// Bytes of a page of records; at least `minPacketBytes`.
    public var maxPageBytes = 8 << 10

    /// Milliseconds between exchanges of all records with a random member, for each page that they fill: so what they
    /// cost in a period has the same bound in clusters of all sizes.
    public var syncMillis: UInt64 = 30_000
    /// How often a page is asked for before the exchange is given up.
    public var syncAttempts = 3
    /// Milliseconds between attempts to reach a member that is down, or a seed that is not known.
    public var reconnectMillis: UInt64 = 10_000

    /// Milliseconds after which a member that is down is forgotten, unless it is retained.
    public var forgetDownMillis: UInt64 = 24 * 3_600_000
    /// Milliseconds after which a member that has left is forgotten. Longer than any partition that is to heal, or its
    /// other side might bring it back until it is found to be down.
    public var forgetLeftMillis: UInt64 = 72 * 3_600_000

    /// Records kept, this node's own included. Past it, those longest gone make room for new ones; if there are none,
    /// new members are not admitted.
    public var maxMembers = 4_096
    /// Probes under way for others; past it, requests are dropped.
    public var maxRelays = 256

    public init() {}

    /// Room for two of the longest updates.
    public static let minPacketBytes = 1_280

    /// log2, between powers of two along a straight line (at most 0.09 below).
    static func log2(_ value: Int) -> Double {
        let value = Double(max(1, value))
        return Double(value.exponent) + value.significand - 1
    }

    /// How often an update is sent in a cluster of so many members.
    func sends(members: Int) -> Int {
        disseminationBase + Int((disseminationFactor * Self.log2(members + 1)).rounded(.up))
    }

    /// How long a suspicion lasts that so many nodes have confirmed beside the first (Lifeguard, section IV-B).
    func suspicionMillis(members: Int, confirmations confirmed: Int) -> UInt64 {
        let shortest = suspicionFactor * Self.log2(max(16, members)) * Double(periodMillis)
        let longest = shortest * suspicionSpread
        let share =
            confirmed >= confirmations ? 1 : Self.log2(confirmed + 1) / Self.log2(confirmations + 1)
        return UInt64(longest - share * (longest - shortest))
    }
}
