import ClusterCore
import GRPCWire
import ProtoWire

/// The replies of one session that its client has not taken: how many may be, and which are given up.
struct SessionOutbox {
    /// What one session may hold.
    struct Limits: Sendable {
        /// Operations that were taken and not answered yet.
        var maxInFlight: Int
        /// Bytes of replies that the client hasn't taken yet, from which no more operations are read, and
        /// replies that aren't short are replaced by failures.
        var maxUnsentBytes: Int
        /// Bytes from which a reply message is closed and the next begun; a single reply may be longer.
        var replyBytes: Int
    }

    private let limits: Limits
    /// Finished messages, then the one that is being appended to.
    private var full: [[UInt8]] = []
    private var current = ProtoWriter()
    /// Of all replies that have not left, those included that were taken from here.
    private var unsentBytes = 0
    private(set) var inFlight = 0

    init(limits: Limits) { self.limits = limits }

    /// Whether one more operation may begin.
    var hasRoom: Bool { inFlight < limits.maxInFlight && unsentBytes < limits.maxUnsentBytes }

    /// An operation begins, which has to be answered by `complete`.
    mutating func begin() { inFlight += 1 }

    /// Queues the reply to an operation.
    ///
    /// Operations in flight were taken before their replies' sizes were known. Once the client is behind by
    /// `maxUnsentBytes`, long replies are dropped for a failure, so a session holds that much and one reply
    /// more, besides short ones.
    mutating func complete(id: UInt64, _ response: Response, as message: ReplyMessage) {
        inFlight -= 1
        let isDropped =
            unsentBytes >= limits.maxUnsentBytes
            && ProtoSize.body(response, as: message) > Response.shortBytes
        let sent = isDropped ? response.dropped("take the replies faster") : response
        let before = current.bytes.count
        current.sessionResult(id: id, sent, as: message)
        unsentBytes += current.bytes.count - before
        if current.bytes.count >= limits.replyBytes { closeCurrent() }
    }

    private mutating func closeCurrent() {
        full.append(current.bytes)
        current = ProtoWriter()
        unsentBytes += MessageReader.headerBytes
    }

    /// The messages that have gathered, to be sent.
    mutating func take() -> [[UInt8]] {
        if !current.bytes.isEmpty { closeCurrent() }
        defer { full = [] }
        return full
    }

    /// Of what was taken, so many bytes have left, with the messages' headers.
    mutating func sent(_ bytes: Int) { unsentBytes -= bytes }
}
