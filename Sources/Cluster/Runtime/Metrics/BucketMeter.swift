import ClusterCore
import Instruments
import Synchronization

/// What one shard counts of clients' requests by bucket. Used on the shard's loop alone.
final class BucketMeter: @unchecked Sendable {
    // @unchecked: what changes is touched only on the shard's loop.

    /// Counters of one bucket: by kind, and whether it failed.
    private typealias Row = [Counter]

    private let shared: BucketCounters
    private var rows: [[UInt8]: Row] = [:]
    private var other: Row?
    /// The bucket of the last request, and its counters: most come in a row.
    private var lastName: [UInt8] = []
    private var lastRow: Row = []

    init(_ shared: BucketCounters) { self.shared = shared }

    func answered(_ subject: RequestSubject, _ kind: RequestKind, _ response: Response) {
        switch subject {
        case .key(let key): if !key.isInBucket(lastName) { use(Array(key.bucket.utf8)) }
        case .bucket(let bucket): use(Array(bucket.utf8))
        }
        let hasFailed = if case .failed = response { 1 } else { 0 }
        lastRow[Int(kind.rawValue) * 2 + hasFailed].addAlone()
    }

    private func use(_ name: [UInt8]) {
        (lastName, lastRow) = (name, row(of: name))
    }

    private func row(of name: [UInt8]) -> Row {
        if let row = rows[name] { return row }
        guard shared.claim(name) else {
            let row = other ?? shared.row(labelled: BucketCounters.other)
            other = row
            return row
        }
        let row = shared.row(labelled: String(decoding: name, as: UTF8.self))
        rows[name] = row
        return row
    }
}

/// Which buckets have counters of their own on this node, for all shards. Any thread.
final class BucketCounters: Sendable {
    static let other = "other"

    private let registry: MetricRegistry
    private let most: Int
    private let claimed = Mutex<Set<[UInt8]>>([])

    init(_ registry: MetricRegistry, most: Int) {
        self.registry = registry
        self.most = most
    }

    /// Whether the bucket has counters of its own: as long as there is room, each that is asked about gets them. Not one that
    /// would be taken for the rest.
    func claim(_ name: [UInt8]) -> Bool {
        claimed.withLock { claimed in
            if claimed.contains(name) { return true }
            guard claimed.count < most, !name.elementsEqual(Self.other.utf8) else { return false }
            claimed.insert(name)
            return true
        }
    }

    /// New handles on the counters of a bucket: by kind, and whether it failed.
    func row(labelled bucket: String) -> [Counter] {
        RequestKind.allCases.flatMap { kind in
            ["ok", "error"].map { outcome in
                registry.counter(
                    RequestMetrics.bucketRequests, [bucket, kind.name, outcome], showsZero: false)
            }
        }
    }
}
