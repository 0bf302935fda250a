/// What a coordinator asks of a replica, or one node of another.
public enum PeerRequest: Equatable, Sendable {
    case get(StorageKey)
    /// Merge these versions into the replica's.
    case put(StorageKey, Versions, policy: Versions.Policy)
    case list(ReplicaList)
    /// Coordinate this, since the sender is no replica of its key.
    case forward(Request)
    /// Merge this table of bucket properties into yours.
    case buckets(BucketTable)
}

/// A page of what a replica holds of a bucket.
public struct ReplicaList: Equatable, Sendable {
    public var firstPartition: Int
    /// Inclusive.
    public var lastPartition: Int
    public var bucket: String
    public var prefix: [UInt8]
    /// Where the last page ended, itself excluded; nil from the start.
    public var after: StorageKey?
    /// Rows, 1 to `ListCoordinator.maximumRows`.
    public var limit: Int

    public init(
        firstPartition: Int, lastPartition: Int, bucket: String, prefix: [UInt8] = [],
        after: StorageKey? = nil, limit: Int
    ) {
        self.firstPartition = firstPartition
        self.lastPartition = lastPartition
        self.bucket = bucket
        self.prefix = prefix
        self.after = after
        self.limit = limit
    }

    /// Whether a coordinator could have asked this; a replica may compute with the numbers then.
    var isWellFormed: Bool {
        firstPartition >= 0 && firstPartition <= lastPartition && lastPartition < Layout.maxPartitionCount
            && KeyLimits.accepts(bucket: bucket) && prefix.count <= KeyLimits.maxKeySize
            && (1...ListCoordinator.maximumRows).contains(limit)
    }
}

/// What a peer answers.
public enum PeerReply: Equatable, Sendable {
    /// Nil if the replica has nothing of the key.
    case versions(Versions?)
    /// Done, for `put` and `buckets`.
    case stored
    case listed(rows: [ListRow], isLast: Bool)
    case forwarded(Response)
    case failed(ReplicaError)
}

/// A key that a replica holds, with its versions less the values (`Versions.withoutValues`).
public struct ListRow: Equatable, Sendable {
    public var key: StorageKey
    public var versions: Versions

    public init(key: StorageKey, versions: Versions) {
        self.key = key
        self.versions = versions
    }
}

/// Why a replica didn't do what was asked.
public struct ReplicaError: Error, Equatable, Sendable {
    /// The raw values are the wire's.
    public enum Code: UInt8, Equatable, Sendable, CaseIterable {
        case noSpace = 1
        case io
        case corruption
        case overloaded
        case invalid
        /// No stream to the replica; made by the sender itself.
        case unreachable
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String = "") {
        self.init(code: code, message: message)
    }

    public init(code: Code, message: String = "") {
        self.code = code
        self.message = message
    }
}

/// A request on a peer stream.
public struct PeerRequestMessage: Equatable, Sendable {
    /// Matches the reply; unique among the sender's unanswered requests on the stream.
    public var id: UInt64
    /// How long the sender will wait, from when it sent this.
    public var timeoutMillis: UInt32
    public var body: PeerRequest

    public init(id: UInt64, timeoutMillis: UInt32 = 0, body: PeerRequest) {
        self.id = id
        self.timeoutMillis = timeoutMillis
        self.body = body
    }
}

/// A reply on the stream of its request.
public struct PeerReplyMessage: Equatable, Sendable {
    public var id: UInt64
    public var body: PeerReply

    public init(id: UInt64, body: PeerReply) {
        self.id = id
        self.body = body
    }
}
