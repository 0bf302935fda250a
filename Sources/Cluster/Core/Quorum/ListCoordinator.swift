/// A run of consecutive partitions that have the same replicas.
public struct ListSegment: Equatable, Sendable {
    public var firstPartition: Int
    /// Inclusive.
    public var lastPartition: Int
    /// Those that can be reached first; at most `BucketProperties.maximumN`.
    public var replicas: [NodeID]

    public init(firstPartition: Int, lastPartition: Int, replicas: [NodeID]) {
        self.firstPartition = firstPartition
        self.lastPartition = lastPartition
        self.replicas = replicas
    }
}

/// Lists the keys of a bucket that have a live value, a page at a time, from r replicas of each.
///
/// Goes through the segments in order. In a round, r replicas of the segment are asked for their next rows (and one
/// more for each that fails); when r have answered, the rows are merged, and the keys that all of them have reached are
/// done. It ends with the limit, the last segment, or a number of asks that bounds what one request can cost:
/// then the listing has a cursor, with fewer keys than the limit or none.
///
/// Keys come by partition and, within one, in byte order: that is not the order of the keys as a whole. A listing is
/// no snapshot: each key is there as r replicas had it when its turn came, and what is written meanwhile is
/// listed or not. A key whose value w replicas held from before the first page until after the last one is listed
/// exactly once, if r + w > n.
///
/// A value, driven like `GetCoordinator`. Exactly one `respond` or `fail` comes out, at the deadline at the latest, and
/// one `finished` right after it.
public struct ListCoordinator: Sendable {
    /// The most keys that one request can ask for.
    public static let maximumLimit = 10_000
    /// The most rows that a replica is asked for at once.
    public static let maximumRows = 1_000
    /// Bytes after which a replica ends a page: a set has a dot for each member, also in a listing.
    public static let maximumPageBytes = 1 << 20
    /// The fewest: a page that holds tombstones mostly should yield a key or two.
    static let minimumRows = 64

    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Read these rows at this replica (which may be this node), values stripped; then `received` or `failed` with
        /// the same round.
        case ask(NodeID, ReplicaList, round: Int)
        /// Answer the client.
        case respond(Listing)
        /// Answer the client that the listing failed.
        case fail(RequestError)
        /// No further event has an effect: drop the state and disarm the timer.
        case finished
    }

    private let segments: [ListSegment]
    private let isWhole: Bool
    private let r: Int
    private let limit: Int
    private let policy: Versions.Policy
    private let now: UInt64
    private let maximumAsks: Int

    private var keys: [[UInt8]] = []
    private var segment = 0
    private var position: ListCursor?
    private var asks = 0
    private var isFinished = false
    /// Asked last from now on, so that a node that is down costs one failure and not one a round.
    private var unreliable: [NodeID] = []

    // The round under way. Each has its number, so that a reply to an earlier one is not taken for one to this.
    private var round = 0
    private var request: ReplicaList
    private var tally = ReplicaTally([])
    private var pages: [ListPage] = []

    /// - Parameters:
    ///   - segments: The partitions, in order.
    ///   - isWhole: Whether there are no partitions after them.
    ///   - bucket: The bucket whose keys are listed.
    ///   - prefix: What the keys begin with; empty for all.
    ///   - limit: How many keys at most, 1 to `maximumLimit`.
    ///   - cursor: Where an earlier listing ended; `nil` to begin.
    ///   - r: How many replicas must answer for each partition.
    ///   - policy: What becomes of concurrent values in the merge.
    ///   - now: Milliseconds since 1970, to tell which values have expired.
    ///   - maximumAsks: After how many asks to answer with what was found. The first round is always made, so that each
    ///     request gets further.
    public init(
        segments: [ListSegment], isWhole: Bool = true, bucket: String, prefix: [UInt8], limit: Int,
        cursor: ListCursor?, r: Int,
        policy: Versions.Policy, now: UInt64, maximumAsks: Int = 64
    ) {
        precondition(r >= 1, "a listing needs a replica")
        self.segments = segments
        self.isWhole = isWhole
        self.r = r
        self.limit = limit
        self.policy = policy
        self.now = now
        self.maximumAsks = maximumAsks
        position = cursor
        request = ReplicaList(firstPartition: 0, lastPartition: 0, bucket: bucket, prefix: prefix, limit: 0)
    }

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) {
        guard (1...Self.maximumLimit).contains(limit) else {
            let message = "limit must be between 1 and \(Self.maximumLimit), not \(limit)"
            return end(.fail(RequestError(code: .invalidArgument, message: message)), &actions)
        }
        if let position {
            segment = segments.firstIndex { $0.lastPartition >= position.partition } ?? segments.count
        }
        goOn(&actions)
    }

    /// A replica answered.
    ///
    /// - Parameters:
    ///   - rows: What it has after the place asked for, sorted by storage key.
    ///   - isLast: Whether it has no more in the partitions asked for.
    public mutating func received(
        _ rows: [ListRow], isLast: Bool, from node: NodeID, round: Int, _ actions: inout [Action]
    ) {
        guard !isFinished, round == self.round else { return }
        let page = ListPage(rows: rows, isLast: isLast)
        guard page.answers(request) else {
            return failed(node, ReplicaError(code: .invalid), round: round, &actions)
        }
        guard tally.noteAnswer(from: node) else { return }
        pages.append(page)
        guard pages.count >= r else { return }
        visit()
        goOn(&actions)
    }

    /// A replica could not answer.
    public mutating func failed(
        _ node: NodeID, _ error: ReplicaError, round: Int, _ actions: inout [Action]
    ) {
        guard !isFinished, round == self.round, tally.noteFailure(of: node, error.code) else { return }
        if !unreliable.contains(node) { unreliable.append(node) }
        guard tally.possibleCount >= r else {
            return end(.fail(tally.quorumNotReached(needed: r)), &actions)
        }
        askNext(&actions)
    }

    /// The request's time is up: the client gets what was found, if the listing got anywhere.
    public mutating func deadlineElapsed(_ actions: inout [Action]) {
        guard !isFinished else { return }
        end(round > 1 ? .respond(listing) : .fail(tally.deadlineExceeded(needed: r)), &actions)
    }

    /// What was found so far, with a cursor if there may be more.
    private var listing: Listing {
        Listing(keys: keys, cursor: segment < segments.count || !isWhole ? position?.encode() : nil)
    }

    private mutating func goOn(_ actions: inout [Action]) {
        guard segment < segments.count, keys.count < limit, asks == 0 || asks + r <= maximumAsks else {
            return end(.respond(listing), &actions)
        }
        beginRound(&actions)
    }

    private mutating func beginRound(_ actions: inout [Action]) {
        let segment = segments[segment]
        round += 1
        pages.removeAll(keepingCapacity: true)
        tally = ReplicaTally(
            segment.replicas.filter { !unreliable.contains($0) }
                + segment.replicas.filter { unreliable.contains($0) })
        guard tally.possibleCount >= r else {
            return end(.fail(tally.quorumNotReached(needed: r)), &actions)
        }
        request.firstPartition = max(segment.firstPartition, position?.partition ?? 0)
        request.lastPartition = segment.lastPartition
        request.after = nil
        if case .after(let key) = position, key.partition >= segment.firstPartition { request.after = key }
        request.limit = min(max(limit - keys.count, Self.minimumRows), Self.maximumRows)
        for _ in 0..<r { askNext(&actions) }
    }

    private mutating func askNext(_ actions: inout [Action]) {
        guard let node = tally.askNext() else { return }
        asks += 1
        actions.append(.ask(node, request, round: round))
    }

    /// Takes over what the round's pages say, up to the limit.
    private mutating func visit() {
        var merge = ListMerge(pages, policy: policy)
        while let row = merge.next() {
            if row.versions.isLive(at: now) {
                // There is one more than asked for, and it is the first of the next listing.
                if keys.count == limit { return }
                keys.append(row.key.key)
            }
            position = .after(row.key)
        }
        if let boundary = merge.boundary {
            position = .after(boundary)
        } else {
            position = .from(partition: segments[segment].lastPartition + 1)
            segment += 1
        }
    }

    private mutating func end(_ verdict: Action, _ actions: inout [Action]) {
        isFinished = true
        pages = []
        actions.append(verdict)
        actions.append(.finished)
    }
}
