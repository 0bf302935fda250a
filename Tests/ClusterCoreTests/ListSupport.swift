@testable import ClusterCore

/// Replicas that hold rows, and a runtime that has a coordinator list them.
struct ListCluster {
    static let partitionCount = 16
    static let bucket = "b"

    /// What each node has, by storage key.
    var rows: [NodeID: [[UInt8]: ListRow]] = [:]
    /// Nodes that answer nothing.
    var down: Set<NodeID> = []
    /// How many rows a replica gives at once at most, whatever is asked for.
    var pageSize = Int.max
    /// The order in which replies come in.
    var random = QuorumRandom(seed: 1)
    private(set) var asks = 0

    /// Four runs of four partitions on three of the four nodes each.
    static let segments = (0..<4).map { index in
        ListSegment(
            firstPartition: index * 4, lastPartition: index * 4 + 3,
            replicas: (0..<3).map { [nodeA, nodeB, nodeC, nodeD][(index + $0) % 4] })
    }

    static func replicas(of key: StorageKey) -> [NodeID] { segments[key.partition / 4].replicas }

    static func storageKey(_ key: String) -> StorageKey {
        StorageKey(bucket: bucket, key: Array(key.utf8), partitionCount: partitionCount)
    }

    mutating func store(_ versions: Versions, of key: String, at nodes: [NodeID]) {
        let key = Self.storageKey(key)
        for node in nodes {
            rows[node, default: [:]][key.bytes] = ListRow(key: key, versions: versions.withoutValues)
        }
    }

    /// One request, from the start to its verdict.
    mutating func list(
        prefix: String = "", limit: Int = 100, cursor: [UInt8] = [], r: Int = 2, maximumAsks: Int = 64
    ) throws -> Listing {
        var list = ListCoordinator(
            segments: Self.segments, bucket: Self.bucket, prefix: Array(prefix.utf8), limit: limit,
            cursor: try ListCursor.decode(
                cursor, bucket: Self.bucket, partitionCount: Self.partitionCount),
            r: r, policy: .siblings, now: 1_000, maximumAsks: maximumAsks)
        var actions: [ListCoordinator.Action] = []
        list.start(&actions)
        var verdicts: [Result<Listing, RequestError>] = []
        var finished = 0
        while !actions.isEmpty {
            switch actions.remove(at: random.below(actions.count)) {
            case .ask(let node, let request, let round):
                asks += 1
                if down.contains(node) {
                    list.failed(node, .down, round: round, &actions)
                } else {
                    let page = page(of: node, request)
                    list.received(page.rows, isLast: page.isLast, from: node, round: round, &actions)
                }
            case .respond(let listing): verdicts.append(.success(listing))
            case .fail(let error): verdicts.append(.failure(error))
            case .finished: finished += 1
            }
        }
        precondition(verdicts.count == 1 && finished == 1, "one verdict and one end")
        return try verdicts[0].get()
    }

    /// Pages to the end; as texts.
    mutating func listAll(
        prefix: String = "", limit: Int, r: Int = 2, maximumAsks: Int = 64
    ) throws -> [String] {
        var keys: [String] = []
        var cursor: [UInt8]? = []
        while let from = cursor {
            let listing = try list(prefix: prefix, limit: limit, cursor: from, r: r, maximumAsks: maximumAsks)
            precondition(listing.keys.count <= limit && listing.cursor != from)
            keys += listing.keys.map { String(decoding: $0, as: UTF8.self) }
            cursor = listing.cursor
        }
        return keys
    }

    private func page(of node: NodeID, _ request: ReplicaList) -> ListPage {
        let scope = [UInt8(request.bucket.utf8.count)] + Array(request.bucket.utf8) + request.prefix
        let range = (rows[node] ?? [:]).values
            .filter { row in
                (request.firstPartition...request.lastPartition).contains(row.key.partition)
                    && row.key.bytes.dropFirst(2).starts(with: scope)
                    && (request.after.map { $0.sortsBefore(row.key) } ?? true)
            }
            .sorted { $0.key.sortsBefore($1.key) }
        let count = min(request.limit, pageSize)
        return ListPage(rows: Array(range.prefix(count)), isLast: range.count <= count)
    }
}
