/// What is known of a key.
public struct Reading: Equatable, Sendable {
    /// The live ones, as `Versions.reading` has them; empty if the key is absent or deleted.
    public var siblings: [Sibling]
    /// The token to pass back with a write that follows this; empty if the key was never written.
    public var context: [UInt8]

    public init(siblings: [Sibling] = [], context: [UInt8] = []) {
        self.siblings = siblings
        self.context = context
    }
}

/// A page of a bucket's keys.
public struct Listing: Equatable, Sendable {
    public var keys: [[UInt8]]
    /// For the next page; nil at the end.
    public var cursor: [UInt8]?

    public init(keys: [[UInt8]] = [], cursor: [UInt8]? = nil) {
        self.keys = keys
        self.cursor = cursor
    }
}

/// What became of a `Request`.
public enum Response: Equatable, Sendable {
    case read(Reading)
    /// The siblings are there only if the request asked for them.
    case written(Reading)
    case updated(DataOutcome)
    case listed(Listing)
    case failed(RequestError)
}

/// Why a request failed. A write that failed may still have reached some replicas.
public struct RequestError: Error, Equatable, Sendable {
    /// The raw values are the wire's.
    public enum Code: UInt8, Equatable, Sendable, CaseIterable {
        case invalidArgument = 1
        case preconditionFailed
        /// So many replicas failed or are away that the quorum can't be reached.
        case quorumNotReached
        case deadlineExceeded
        case overloaded
        case shuttingDown
        case noSpace
        case `internal`
        /// The nodes are about to agree on another layout. Nothing was done.
        case layoutChanging
        /// The key holds something of another kind (`DataError`); nothing was changed. So it is with the next two.
        case wrongType
        case notANumber
        case outOfRange
        /// Nobody is known to have sent the request. As with the next one, the node that the client asked says so, before
        /// anything is done.
        case unauthenticated
        /// Whoever sent it may not do that.
        case permissionDenied
        /// The node cannot read or write its own replica of the key. Nothing was done, and another replica may do it.
        case replicaDamaged
    }

    public var code: Code
    public var message: String
    /// How many replicas had confirmed when the request failed.
    public var replicasAnswered: Int
    /// How many it needed; 0 where no replica was asked.
    public var replicasNeeded: Int

    public init(_ code: Code, _ message: String = "", replicasAnswered: Int = 0, replicasNeeded: Int = 0) {
        self.init(
            code: code, message: message, replicasAnswered: replicasAnswered, replicasNeeded: replicasNeeded)
    }

    public init(code: Code, message: String = "", replicasAnswered: Int = 0, replicasNeeded: Int = 0) {
        self.code = code
        self.message = message
        self.replicasAnswered = replicasAnswered
        self.replicasNeeded = replicasNeeded
    }
}
