import CoreMetrics
import Instruments
import Synchronization

/// Takes in what libraries count and measure by swift-metrics. kvnode itself asks the registry for its handles.
///
/// Such a metric is named and labelled at run time, so its series are bounded: what comes after the last is not recorded, and
/// counted. A handle that is asked for again is the same, and none is forgotten.
public struct SwiftMetricsBackend: MetricsFactory {
    public static let dropped = MetricDefinition(
        "kvnode_library_series_dropped", .counter,
        "Series of libraries that are not told, since there are too many, or another metric has their name.")

    private struct Key: Hashable {
        var name: String
        var labels: [String]
    }

    private let registry: MetricRegistry
    private let maxSeries: Int
    private let droppedCount: Instruments.Counter
    private let handlers: HandlerTable

    /// - Parameter maxSeries: Of all libraries together.
    public init(registry: MetricRegistry, maxSeries: Int) {
        self.registry = registry
        self.maxSeries = maxSeries
        droppedCount = registry.counter(Self.dropped)
        handlers = HandlerTable()
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = label.metricName
        return handler(
            name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name, .counter, nil, dimensions
        ) { LibraryCounter($0.counter($1, $2)) } ?? NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(label.metricName, .gauge, nil, dimensions) { LibraryGauge($0.gauge($1, $2)) }
            ?? NOOPMetricsHandler.instance
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else {
            return handler(label.metricName, .gauge, nil, dimensions) { LibraryGauge($0.gauge($1, $2)) }
                ?? NOOPMetricsHandler.instance
        }
        return handler(label.metricName, .histogram(LibraryHistogram.buckets), nil, dimensions) {
            LibraryHistogram($0.histogram($1, $2))
        } ?? NOOPMetricsHandler.instance
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.metricName
        return handler(
            name.hasSuffix("_seconds") ? name : name + "_seconds", .histogram(.requestDurations), .seconds,
            dimensions
        ) { LibraryTimer($0.histogram($1, $2)) } ?? NOOPMetricsHandler.instance
    }

    /// The handler of a series: the one that there is, or a new one; nil if it is not to be told.
    private func handler<Handler: AnyObject & Sendable>(
        _ name: String, _ kind: MetricDefinition.Kind, _ unit: MetricDefinition.Unit?,
        _ dimensions: [(String, String)], _ make: (MetricRegistry, MetricDefinition, [String]) -> Handler
    ) -> Handler? {
        let sorted = dimensions.map { ($0.0.metricName, $0.1) }.sorted { $0.0 < $1.0 }
        let metric = MetricDefinition(
            name, kind, unit: unit, labels: sorted.map(\.0), "Measured by a library that this node uses.")
        let key = Key(name: name, labels: sorted.map(\.1))
        let found = handlers.state.withLock { state -> Handler? in
            if let known = state.handlers[key] { return known as? Handler }
            guard metric.seriesCount <= maxSeries - state.seriesCount, registry.declareIfFree(metric) else {
                return nil
            }
            let made = make(registry, metric, key.labels)
            state.handlers[key] = made
            state.seriesCount += metric.seriesCount
            return made
        }
        if found == nil { droppedCount.add() }
        return found
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private final class HandlerTable: Sendable {
        struct State {
            var handlers: [Key: any AnyObject & Sendable] = [:]
            var seriesCount = 0
        }

        let state = Mutex(State())
    }
}

extension MetricDefinition {
    /// As a reader counts them, of one set of labels.
    fileprivate var seriesCount: Int {
        // The bucket beyond all bounds, the sum and the count.
        if case .histogram(let buckets) = kind { buckets.bounds.count + 3 } else { 1 }
    }
}

private final class LibraryCounter: CounterHandler {
    private let counter: Instruments.Counter

    init(_ counter: Instruments.Counter) { self.counter = counter }

    /// What would make it fall is passed over.
    func increment(by amount: Int64) { counter.add(Int(max(0, amount))) }

    func reset() { counter.reset() }
}

private final class LibraryGauge: MeterHandler, RecorderHandler {
    private let gauge: Instruments.Gauge

    init(_ gauge: Instruments.Gauge) { self.gauge = gauge }

    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

/// Of values whose unit nobody tells: counted in thousandths, in buckets that are ten times as large each.
private final class LibraryHistogram: RecorderHandler {
    static let buckets = Buckets(
        [
            1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
            10_000_000_000, 100_000_000_000, 1_000_000_000_000,
        ], scale: 1e-3)

    private let histogram: Histogram

    init(_ histogram: Histogram) { self.histogram = histogram }

    func record(_ value: Int64) { record(Double(value)) }

    /// Negative values, and those that are no numbers, have no bucket.
    func record(_ value: Double) {
        guard value >= 0 else { return }
        histogram.record(Int(min(value * 1_000, 1e15)))
    }
}

private final class LibraryTimer: TimerHandler {
    private let histogram: Histogram

    init(_ histogram: Histogram) { self.histogram = histogram }

    func recordNanoseconds(_ duration: Int64) { histogram.record(Int(max(0, duration))) }
}

extension String {
    /// The name with what no metric's name may hold replaced: libraries like dots.
    fileprivate var metricName: String {
        let name = String(
            map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" } as [Character])
        return name.first?.isNumber == true ? "_" + name : name
    }
}
