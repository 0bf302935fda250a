import Synchronization

/// A handle on a histogram: what one writer records in it. Any thread; a value costs two atomic instructions and the search for
/// its bucket. A metric's figures are the sums over all handles with the same labels.
public final class Histogram: Sendable {
    public let buckets: Buckets
    private let counts: InlineArray<24, Atomic<UInt64>>
    private let sum = Atomic<Int>(0)
    /// By bucket; empty until the first comes, since few histograms have any.
    private let exemplars = Mutex<[Exemplar?]>([])

    public init(_ buckets: Buckets) {
        self.buckets = buckets
        counts = InlineArray { _ in Atomic(0) }
    }

    /// - Parameter value: In the unit of the buckets' bounds; not negative.
    public func record(_ value: Int) {
        counts[buckets.index(of: value)].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(value, ordering: .relaxed)
    }

    /// As `record`, where no other thread records in this handle: without instructions that lock a line of memory.
    public func recordAlone(_ value: Int) {
        let bucket = buckets.index(of: value)
        counts[bucket].store(counts[bucket].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        sum.store(sum.load(ordering: .relaxed) &+ value, ordering: .relaxed)
    }

    /// Records a value of which there is a trace. Waits for nobody: while a reader or another writer is at the exemplars, this one
    /// is left out.
    ///
    /// - Parameters:
    ///   - exemplar: The trace.
    ///   - wallMillis: Now, in milliseconds since 1970.
    public func record(_ value: Int, exemplar: TraceID, wallMillis: UInt64) {
        record(value)
        let bucket = buckets.index(of: value)
        exemplars.withLockIfAvailable { exemplars in
            if exemplars.isEmpty { exemplars = Array(repeating: nil, count: buckets.bounds.count + 1) }
            exemplars[bucket] = Exemplar(
                traceID: exemplar, value: buckets.scaled(value), wallMillis: wallMillis)
        }
    }

    /// What was recorded. Counts that are added meanwhile may be in the one figure and not yet in the other.
    public var value: HistogramValue {
        HistogramValue(
            buckets: buckets,
            counts: (0...buckets.bounds.count).map { counts[$0].load(ordering: .relaxed) },
            sum: sum.load(ordering: .relaxed), exemplars: exemplars.withLock { $0 })
    }
}

/// One value of a histogram, and the trace that tells how it came about.
public struct Exemplar: Sendable, Equatable {
    public var traceID: TraceID
    /// In the metric's unit.
    public var value: Double
    /// When it was recorded, in milliseconds since 1970.
    public var wallMillis: UInt64
}

/// The 16 bytes by which W3C's Trace Context names a trace.
public struct TraceID: Sendable, Hashable, CustomStringConvertible {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits in lower case.
    public var description: String { Self.digits(high) + Self.digits(low) }

    private static func digits(_ half: UInt64) -> String {
        let digits = String(half, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What a histogram has recorded up to some moment.
public struct HistogramValue: Sendable, Equatable {
    public var buckets: Buckets
    /// By bucket, of each by itself: not yet cumulated. The last is that beyond all bounds.
    public var counts: [UInt64]
    /// Of the recorded values, in their own unit.
    public var sum: Int
    /// By bucket; empty if there are none at all.
    public var exemplars: [Exemplar?]

    /// - Parameter counts: One more than the buckets have bounds.
    public init(buckets: Buckets, counts: [UInt64], sum: Int, exemplars: [Exemplar?] = []) {
        precondition(counts.count == buckets.bounds.count + 1, "a count for each bucket")
        self.buckets = buckets
        self.counts = counts
        self.sum = sum
        self.exemplars = exemplars
    }

    public var count: UInt64 { counts.reduce(0, +) }

    /// In the metric's unit.
    public var scaledSum: Double { buckets.scaled(sum) }

    /// Of two exemplars of a bucket, the later one stays.
    mutating func add(_ other: HistogramValue) {
        for bucket in counts.indices { counts[bucket] += other.counts[bucket] }
        sum += other.sum
        if exemplars.isEmpty { exemplars = other.exemplars }
        for bucket in other.exemplars.indices {
            guard let theirs = other.exemplars[bucket] else { continue }
            if let ours = exemplars[bucket], ours.wallMillis >= theirs.wallMillis { continue }
            exemplars[bucket] = theirs
        }
    }
}
