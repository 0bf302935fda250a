import Histogram
import Results
import Workloads

/// What became of the operations of one round.
public struct Recorder: Sendable {
    /// The latest that is told apart, in nanoseconds; what took longer counts as that.
    private static let longest: UInt64 = 600_000_000_000
    /// Errors in the server's words, and how often each came. Only the first few: the rest is counted under "others".
    private static let maxErrors = 20

    private let begun: UInt64
    private var kinds: [OperationKind: Histogram<UInt64>] = [:]
    private var all = Self.histogram()
    private var second = Self.histogram()
    private var secondErrors = 0
    public private(set) var timeline: [Second] = []
    public private(set) var errors: [String: Int] = [:]
    public private(set) var bytesWritten = 0
    /// Reads that found nothing.
    public private(set) var absent = 0
    /// Reads that found several values.
    public private(set) var siblings = 0

    public init(begun: UInt64) { self.begun = begun }

    private static func histogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    }

    public var operations: Int { Int(all.totalCount) }

    public var latency: Latency { Latency(all) }

    public var latencies: [String: Latency] {
        Dictionary(uniqueKeysWithValues: kinds.map { ($0.key.rawValue, Latency($0.value)) })
    }

    /// An operation was done.
    ///
    /// - Parameters:
    ///   - begun: When it was to begin: nanoseconds of the monotonic clock.
    ///   - bytes: Of keys and values that it wrote.
    public mutating func done(_ kind: OperationKind, begun: UInt64, at now: UInt64, bytes: Int) {
        close(until: now)
        let took = min(now - begun, Self.longest)
        kinds[kind, default: Self.histogram()].record(took)
        all.record(took)
        second.record(took)
        bytesWritten += bytes
    }

    public mutating func failed(_ words: String, at now: UInt64) {
        close(until: now)
        secondErrors += 1
        let words = errors[words] != nil || errors.count < Self.maxErrors ? words : "others"
        errors[words, default: 0] += 1
    }

    public mutating func found(_ values: Int) {
        if values == 0 { absent += 1 }
        if values > 1 { siblings += 1 }
    }

    /// Ends the seconds that are over.
    public mutating func close(until now: UInt64) {
        while (now - begun) / 1_000_000_000 > UInt64(timeline.count) {
            timeline.append(
                Second(
                    operations: Int(second.totalCount), errors: secondErrors,
                    p99: Double(second.valueAtPercentile(99)) / 1_000))
            second.reset()
            secondErrors = 0
        }
    }
}

extension Latency {
    /// Of nanoseconds.
    init(_ histogram: Histogram<UInt64>) {
        func microseconds(_ percentile: Double) -> Double {
            Double(histogram.valueAtPercentile(percentile)) / 1_000
        }
        let percentiles: [Double] = [
            0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100,
        ]
        self.init(
            count: Int(histogram.totalCount), mean: histogram.mean / 1_000, p50: microseconds(50),
            p95: microseconds(95), p99: microseconds(99), p999: microseconds(99.9), max: microseconds(100),
            curve: histogram.totalCount == 0
                ? [] : percentiles.map { Point(percentile: $0, microseconds: microseconds($0)) })
    }
}
