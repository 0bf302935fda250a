/// How many replicas a request wants, where it differs from its bucket; nil takes the bucket's.
public struct QuorumOverrides: Equatable, Sendable {
    public var n: Int?
    public var r: Int?
    public var w: Int?

    public init(n: Int? = nil, r: Int? = nil, w: Int? = nil) {
        self.n = n
        self.r = r
        self.w = w
    }
}

/// Reads one key.
public struct GetRequest: Equatable, Sendable {
    public var bucket: String
    public var key: [UInt8]
    public var quorum: QuorumOverrides
    /// 0 takes the node's default.
    public var timeoutMillis: Int

    public init(
        bucket: String, key: [UInt8], quorum: QuorumOverrides = QuorumOverrides(), timeoutMillis: Int = 0
    ) {
        self.bucket = bucket
        self.key = key
        self.quorum = quorum
        self.timeoutMillis = timeoutMillis
    }
}

/// Writes or deletes one key.
public struct PutRequest: Equatable, Sendable {
    /// What must hold for the write to take place.
    public enum Condition: Equatable, Sendable {
        case none
        /// The key has no live value (HTTP's `If-None-Match: *`).
        case ifAbsent
        /// The key's context is still this token (HTTP's `If-Match`).
        case ifMatch([UInt8])
        /// The put went to a coordinator before, to which the connection was lost; it is the node that forwards it who
        /// says so (`ForwardAttempts`). It is to be written unless that may have been done and replaced since.
        case repeated
    }

    public var bucket: String
    public var key: [UInt8]
    /// The value; a tombstone deletes.
    public var content: Sibling.Content
    /// The token of the read that this write follows; empty if there was none.
    public var context: [UInt8]
    /// When the value expires; a tombstone does not.
    public var expiry: Expiry
    public var condition: Condition
    /// Whether the answer carries the siblings after the write, or its context alone.
    public var returnSiblings: Bool
    public var quorum: QuorumOverrides
    /// 0 takes the node's default.
    public var timeoutMillis: Int
    /// The time of the node that forwards it, before a coordinator has it; 0 if it was not forwarded. Where siblings are
    /// kept, it is stamped later than that, and so is whatever replaces it: see `WriteCondition.repeated`.
    public var forwardedAt = Timestamp()

    public init(
        bucket: String, key: [UInt8], content: Sibling.Content, context: [UInt8] = [],
        expiry: Expiry = .byBucket,
        condition: Condition = .none, returnSiblings: Bool = false,
        quorum: QuorumOverrides = QuorumOverrides(), timeoutMillis: Int = 0
    ) {
        self.bucket = bucket
        self.key = key
        self.content = content
        self.context = context
        self.expiry = expiry
        self.condition = condition
        self.returnSiblings = returnSiblings
        self.quorum = quorum
        self.timeoutMillis = timeoutMillis
    }
}

/// Lists the keys of a bucket that have a live value, in the order of the engine's keys.
public struct ListRequest: Equatable, Sendable {
    public var bucket: String
    /// Only keys that start so; empty for all.
    public var prefix: [UInt8]
    public var limit: Int
    /// Where the last page ended (`Listing.cursor`); empty from the start.
    public var cursor: [UInt8]
    /// Ends the page with this partition, if the limit has not by then.
    public var lastPartition: Int?
    public var quorum: QuorumOverrides
    /// 0 takes the node's default.
    public var timeoutMillis: Int

    public init(
        bucket: String, prefix: [UInt8] = [], limit: Int = 1000, cursor: [UInt8] = [],
        lastPartition: Int? = nil,
        quorum: QuorumOverrides = QuorumOverrides(), timeoutMillis: Int = 0
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.limit = limit
        self.cursor = cursor
        self.lastPartition = lastPartition
        self.quorum = quorum
        self.timeoutMillis = timeoutMillis
    }
}

/// Changes a counter, a set, a map, or when a key expires.
public struct UpdateRequest: Equatable, Sendable {
    public var bucket: String
    public var key: [UInt8]
    public var change: DataChange
    public var quorum: QuorumOverrides
    /// 0 takes the node's default.
    public var timeoutMillis: Int

    public init(
        bucket: String, key: [UInt8], change: DataChange, quorum: QuorumOverrides = QuorumOverrides(),
        timeoutMillis: Int = 0
    ) {
        self.bucket = bucket
        self.key = key
        self.change = change
        self.quorum = quorum
        self.timeoutMillis = timeoutMillis
    }
}

/// What a client asks of the store, whichever API it came by.
public enum Request: Equatable, Sendable {
    case get(GetRequest)
    case put(PutRequest)
    case update(UpdateRequest)
    case list(ListRequest)
}

extension Request {
    public var bucket: String {
        switch self {
        case .get(let get): get.bucket
        case .put(let put): put.bucket
        case .update(let update): update.bucket
        case .list(let list): list.bucket
        }
    }

    public var quorum: QuorumOverrides {
        get {
            switch self {
            case .get(let get): get.quorum
            case .put(let put): put.quorum
            case .update(let update): update.quorum
            case .list(let list): list.quorum
            }
        }
        set {
            switch self {
            case .get(var get):
                get.quorum = newValue
                self = .get(get)
            case .put(var put):
                put.quorum = newValue
                self = .put(put)
            case .update(var update):
                update.quorum = newValue
                self = .update(update)
            case .list(var list):
                list.quorum = newValue
                self = .list(list)
            }
        }
    }

    /// 0 takes the node's default.
    public var timeoutMillis: Int {
        get {
            switch self {
            case .get(let get): get.timeoutMillis
            case .put(let put): put.timeoutMillis
            case .update(let update): update.timeoutMillis
            case .list(let list): list.timeoutMillis
            }
        }
        set {
            switch self {
            case .get(var get):
                get.timeoutMillis = newValue
                self = .get(get)
            case .put(var put):
                put.timeoutMillis = newValue
                self = .put(put)
            case .update(var update):
                update.timeoutMillis = newValue
                self = .update(update)
            case .list(var list):
                list.timeoutMillis = newValue
                self = .list(list)
            }
        }
    }
}
