import ClusterCore

/// What takes all keys of a bucket, page by page.
extension RESPExecution {
    /// Keys in a page, and tries for a random one.
    private static let pageSize = ListCoordinator.maximumRows

    /// - Parameters:
    ///   - partitionCount: How many partitions the keys lie in.
    ///   - maxBytes: Of the keys in a reply.
    func perform(_ task: KeyspaceCommands.Task, partitionCount: Int, maxBytes: Int) {
        switch task {
        case .scan(let first, let count, let pattern, let kind):
            guard first < partitionCount else { return finish(Self.scanned([], next: nil)) }
            scan(from: first, count: count, KeyCollection(pattern, maxBytes: maxBytes), kind)
        case .keys(let pattern): collect(KeyCollection(pattern, maxBytes: maxBytes), cursor: [])
        case .count: count(cursor: [], sum: 0)
        case .random:
            random(from: ListCursor.from(partition: Int.random(in: 0..<partitionCount)).encode())
        case .flush: flush(cursor: [])
        case .confirmations: finish(.integer(max(0, properties.w - 1)))
        }
    }

    private func list(
        _ cursor: [UInt8], prefix: [UInt8] = [], limit: Int = pageSize, lastPartition: Int? = nil,
        _ whenDone: @escaping (Listing) -> Void
    ) {
        let request = ListRequest(
            bucket: bucket, prefix: prefix, limit: limit, cursor: cursor, lastPartition: lastPartition)
        submit(.list(request)) { [self] response in
            guard case .listed(let listing) = response else { return finish(response.unexpected) }
            whenDone(listing)
        }
    }

    // MARK: SCAN and KEYS

    /// A page of about as many keys as were wished for, and then what is left of the partition in which it ends.
    private func scan(from first: Int, count: Int, _ keys: KeyCollection, _ kind: String?) {
        let cursor = ListCursor.from(partition: first).encode()
        list(cursor, prefix: keys.prefix, limit: min(count, Self.pageSize)) { [self] listing in
            takePage(listing, keys, kind)
        }
    }

    private func takePage(_ listing: Listing, _ keys: KeyCollection, _ kind: String?) {
        guard keys.take(listing.keys) else { return finish(keys.tooMany) }
        switch listing.cursor.flatMap(ListCursor.parse) {
        case nil: show(keys, kind, next: nil)
        case .from(let partition): show(keys, kind, next: partition)
        case .after(let key):
            list(listing.cursor!, prefix: keys.prefix, lastPartition: key.partition) { [self] in
                takePage($0, keys, kind)
            }
        }
    }

    private func show(_ keys: KeyCollection, _ kind: String?, next: Int?) {
        guard let kind else { return finish(Self.scanned(keys.found, next: next)) }
        let found = keys.found
        readEach(found, \.kind) { kinds in
            let ofKind = zip(found, kinds).filter { $0.1?.redisName == kind }.map(\.0)
            return Self.scanned(ofKind, next: next)
        }
    }

    private static func scanned(_ keys: [[UInt8]], next: Int?) -> RESPReply {
        .array([.bulk("\(next ?? 0)"), .array(keys.map { .bulk($0) })])
    }

    private func collect(_ keys: KeyCollection, cursor: [UInt8]) {
        list(cursor, prefix: keys.prefix) { [self] listing in
            guard keys.take(listing.keys) else { return finish(keys.tooMany) }
            guard let next = listing.cursor else { return finish(.array(keys.found.map { .bulk($0) })) }
            collect(keys, cursor: next)
        }
    }

    // MARK: DBSIZE, RANDOMKEY and FLUSHDB

    private func count(cursor: [UInt8], sum: Int) {
        list(cursor) { [self] listing in
            let sum = sum + listing.keys.count
            if let next = listing.cursor { count(cursor: next, sum: sum) } else { finish(.integer(sum)) }
        }
    }

    /// One of the first keys from a partition on, or from the first partition on if there are none.
    private func random(from cursor: [UInt8], hasBegunAnew: Bool = false) {
        list(cursor) { [self] listing in
            if let key = listing.keys.randomElement() {
                finish(.bulk(key))
            } else if let next = listing.cursor {
                random(from: next, hasBegunAnew: hasBegunAnew)
            } else if hasBegunAnew {
                finish(.null)
            } else {
                random(from: [], hasBegunAnew: true)
            }
        }
    }

    private func flush(cursor: [UInt8]) {
        list(cursor) { [self] listing in
            deleteEach(listing.keys) { [self] in
                if let next = listing.cursor { flush(cursor: next) } else { finish(.ok) }
            }
        }
    }
}

/// The keys of a reply that fit a pattern.
private final class KeyCollection {
    /// With which all of them begin.
    let prefix: [UInt8]
    private let pattern: GlobPattern?
    private let maxBytes: Int
    private var byteCount = 0
    /// About what a key costs besides its bytes.
    private static let overhead = 32
    private(set) var found: [[UInt8]] = []

    init(_ pattern: GlobPattern?, maxBytes: Int) {
        self.pattern = pattern
        self.maxBytes = maxBytes
        let prefix = pattern?.prefix ?? []
        self.prefix = prefix.count <= KeyLimits.maxKeySize ? prefix : []
    }

    /// False if they are too many.
    func take(_ keys: [[UInt8]]) -> Bool {
        for key in keys where pattern?.matches(key) ?? true {
            found.append(key)
            byteCount += key.count + Self.overhead
        }
        return byteCount <= maxBytes
    }

    var tooMany: RESPReply {
        .error("the keys take more than \(maxBytes) bytes together: narrow the pattern, or use SCAN")
    }
}
