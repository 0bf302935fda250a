/// What a coordinator asks of a replica, or one node of another.
public enum PeerRequest: Equatable, Sendable {
    case get(StorageKey)
    /// The same, if your state of the key is not the one with this hash (`RowChange.hash`), which the sender has.
    case getUnlessSame(StorageKey, hash: UInt64)
    /// Merge these versions into the replica's.
    case put(StorageKey, Versions, policy: Versions.Policy)
    case list(ReplicaList)
    /// Coordinate this, since the sender is no replica of its key.
    case forward(Request)
    /// Merge this table of bucket properties into yours.
    case buckets(BucketTable)
    /// Keep these versions for the replica `for`, which is away.
    case hint(for: NodeID, StorageKey, Versions, policy: Versions.Policy)
    /// Read what you keep of the key for any of these replicas, at least one and at most `maxHintTargets`.
    case hints(of: StorageKey, for: [NodeID])
    /// Merge this history of layouts into yours; with what the sender says of its disk.
    case layout(LayoutHistory, Standing)
    /// Give a page of a partition, to a node that fills it.
    case page(PageRequest)
    /// Say what your hash trees have.
    case tree(TreeRequest)
    /// Read your whole state of the key, with what you have seen.
    case state(StorageKey)
    /// Join the sender's whole state of the key, which it read after it had seen this (`Versions.reconcile`).
    case reconcile(StorageKey, Versions, seen: VersionVector, policy: Versions.Policy)
    /// Say which of these rows you hold just so, durably, take for dead, and have seen all writes of.
    case confirm(DeadRows)
    /// Remove those of these rows of which you would confirm it now.
    case remove(DeadRows)
    /// Take note of this message of `Swim`'s. What there is to answer comes as `gossip` with id 0.
    case gossip([UInt8])

    /// All that a write may be sent to: two sets of replicas.
    public static let maxHintTargets = 2 * BucketProperties.maximumN
}

/// A page of all that a replica holds of a partition, in the order of its keys.
public struct PageRequest: Equatable, Sendable {
    public var partition: Int
    /// Where the last page ended, itself excluded; nil from the start.
    public var after: StorageKey?
    /// Bytes of keys and states after which the page ends; the row that reaches them is part of it. At least 1.
    public var maxBytes: Int

    public init(partition: Int, after: StorageKey? = nil, maxBytes: Int) {
        self.partition = partition
        self.after = after
        self.maxBytes = maxBytes
    }

    var isWellFormed: Bool {
        (0..<Layout.maxPartitionCount).contains(partition) && maxBytes >= 1
            && after.map { $0.partition == partition } ?? true
    }
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
    /// The state is the one whose hash `getUnlessSame` named.
    case same
    /// Done, for `put`, `buckets`, `hint`, `layout`, `reconcile` and `remove`.
    case stored
    case listed(rows: [ListRow], isLast: Bool)
    case forwarded(Response)
    case failed(ReplicaError)
    /// The sender's history of layouts; comes before the refusals of requests that were made by an older one.
    case layout(LayoutHistory)
    /// The rows were read after what the replica had seen, the `clock`, was.
    case page(rows: [PageRow], isLast: Bool, clock: PartitionClock)
    case tree(TreeReply)
    /// The state, empty if the replica has nothing of the key; read after what it had `seen` was.
    case state(Versions, seen: VersionVector)
    /// For each row of `confirm`, in order.
    case confirmed([Bool])
    /// A message of `Swim`'s, to the very process whose message it answers.
    case gossip([UInt8])
}

/// A key that a replica holds, with its whole state as it is stored: whoever takes it decodes it (`VersionsCodec`), not
/// the replica that reads page after page.
public struct PageRow: Equatable, Sendable {
    public var key: StorageKey
    public var state: [UInt8]

    public init(key: StorageKey, state: [UInt8]) {
        self.key = key
        self.state = state
    }
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
        /// The replica and the sender go by layouts that don't fit together; they are about to agree. Nothing was done.
        case outdated
        /// The request was taken and is perhaps done, but there was no room for its reply.
        case unanswered
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
    /// The view of the layout by which the sender chose the receiver.
    public var epoch: LayoutEpoch
    /// The recorded trace that it belongs to, and the span that asks; nil for none. Always sampled.
    public let trace: TraceContext?
    public var body: PeerRequest

    /// - Parameter trace: One that is not sampled does not travel.
    public init(
        id: UInt64, timeoutMillis: UInt32 = 0, epoch: LayoutEpoch = LayoutEpoch(rawValue: 0),
        trace: TraceContext? = nil, body: PeerRequest
    ) {
        self.id = id
        self.timeoutMillis = timeoutMillis
        self.epoch = epoch
        self.trace = trace?.isSampled == true ? trace : nil
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
