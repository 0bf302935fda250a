/// One piece of gossip: a record, and who says so if it tells of a suspicion.
public struct SwimUpdate: Equatable, Sendable {
    public var record: MemberRecord
    /// The nodes that suspect it by their own probes, ascending; empty unless it is suspect.
    public var accusers: [NodeID]

    /// Accusers that an update carries at most.
    public static let maxAccusers = 8

    public init(_ record: MemberRecord, accusers: [NodeID] = []) {
        self.record = record
        self.accusers = accusers
    }
}

/// What nodes send each other. Nothing relies on a reply of the transport's: replies are messages.
public struct SwimMessage: Equatable, Sendable {
    public enum Body: Equatable, Sendable {
        /// Answer with `ack` and this number.
        case ping
        /// Ping that node for me, and pass its ack on; `nack` if there is none soon.
        case pingRequest(NodeID)
        case ack
        /// The node that I was to ping has not answered me; I am here.
        case nack
        /// Nothing but updates.
        case gossip
        /// My records with ids from `from` through `through`, both included; answer with yours.
        case page(from: UInt64, through: UInt64)
        /// The answer to `page`: through the same id, or a smaller one if they would not fit.
        case pageReply(from: UInt64, through: UInt64)
    }

    public var body: Body
    /// An answer carries its question's; 0 for gossip.
    public var number: UInt64
    /// The first in `ping`, `pingRequest` and `page` is the sender's own.
    public var updates: [SwimUpdate]
    /// The sender's wall clock, in milliseconds since 1970; in an `ack`, and 0 in all others.
    public var wallMillis: UInt64

    public init(_ body: Body, number: UInt64 = 0, updates: [SwimUpdate] = [], wallMillis: UInt64 = 0) {
        self.body = body
        self.number = number
        self.updates = updates
        self.wallMillis = wallMillis
    }
}
