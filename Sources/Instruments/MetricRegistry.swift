import Synchronization

/// All that a process counts and measures. Any thread.
///
/// Whoever counts asks for a handle once, when it is made, and then knows no name any more. What is counted elsewhere anyway is
/// read when somebody asks: by a collector.
public final class MetricRegistry: Sendable {
    /// Adds figures that are kept elsewhere. Called on the thread that reads; must not block.
    public typealias Collector = @Sendable (inout MetricReading) -> Void

    private enum Instrument {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    private struct Handle {
        var metric: MetricDefinition
        var labels: [String]
        var instrument: Instrument
        /// Whether a figure of 0 is told.
        var showsZero: Bool
    }

    private struct State {
        var definitions: [MetricDefinition] = []
        var byName: [String: MetricDefinition] = [:]
        var handles: [Handle] = []
        var collectors: [Collector] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// All metrics, in the order in which they were declared.
    public var definitions: [MetricDefinition] { state.withLock { $0.definitions } }

    /// Makes these metrics known, of which there may come to be figures. A metric may be declared again as the same.
    public func declare(_ metrics: [MetricDefinition]) {
        state.withLock { state in
            for metric in metrics { Self.declare(metric, &state) }
        }
    }

    /// Like `declare`, for a metric whose name comes from elsewhere: false if there is another one of its name.
    public func declareIfFree(_ metric: MetricDefinition) -> Bool {
        state.withLock { state in
            if metric.problem != nil { return false }
            if let known = state.byName[metric.name], known != metric { return false }
            Self.declare(metric, &state)
            return true
        }
    }

    private static func declare(_ metric: MetricDefinition, _ state: inout State) {
        if let problem = metric.problem { preconditionFailure(problem) }
        if let known = state.byName[metric.name] {
            precondition(known == metric, "\(metric.name) is declared twice, and differs")
            return
        }
        state.byName[metric.name] = metric
        state.definitions.append(metric)
    }

    // MARK: Handles

    /// A new handle on a counter; the metric is declared.
    ///
    /// - Parameters:
    ///   - labels: The labels' values, in the order of their names.
    ///   - showsZero: Whether the series is there before anything is counted. Without, many combinations of labels that never
    ///     come up cost their reader nothing.
    public func counter(
        _ metric: MetricDefinition, _ labels: [String] = [], showsZero: Bool = true
    ) -> Counter {
        precondition(metric.kind == .counter, "\(metric.name) is no counter")
        let counter = Counter()
        add(metric, labels, .counter(counter), showsZero)
        return counter
    }

    /// A new handle on a gauge; the metric is declared.
    public func gauge(_ metric: MetricDefinition, _ labels: [String] = []) -> Gauge {
        precondition(metric.kind == .gauge, "\(metric.name) is no gauge")
        let gauge = Gauge()
        add(metric, labels, .gauge(gauge), true)
        return gauge
    }

    /// A new handle on a histogram; the metric is declared. The rest is as for `counter`.
    public func histogram(
        _ metric: MetricDefinition, _ labels: [String] = [], showsZero: Bool = true
    ) -> Histogram {
        guard case .histogram(let buckets) = metric.kind else {
            preconditionFailure("\(metric.name) is no histogram")
        }
        let histogram = Histogram(buckets)
        add(metric, labels, .histogram(histogram), showsZero)
        return histogram
    }

    private func add(
        _ metric: MetricDefinition, _ labels: [String], _ instrument: Instrument, _ showsZero: Bool
    ) {
        precondition(labels.count == metric.labels.count, "\(metric.name) has other labels")
        state.withLock { state in
            Self.declare(metric, &state)
            state.handles.append(
                Handle(metric: metric, labels: labels, instrument: instrument, showsZero: showsZero))
        }
    }

    // MARK: Reading

    /// From now on `collector` is asked for the figures of `metrics` at each reading.
    public func collect(_ metrics: [MetricDefinition], _ collector: @escaping Collector) {
        state.withLock { state in
            for metric in metrics { Self.declare(metric, &state) }
            state.collectors.append(collector)
        }
    }

    /// What all handles and collectors have, now.
    public func read() -> MetricReading {
        let (definitions, handles, collectors) = state.withLock {
            ($0.definitions, $0.handles, $0.collectors)
        }
        var reading = MetricReading(definitions)
        for handle in handles {
            switch handle.instrument {
            case .counter(let counter):
                let value = counter.value
                if value > 0 || handle.showsZero {
                    reading.add(handle.metric, handle.labels, Double(value))
                }
            case .gauge(let gauge): reading.add(handle.metric, handle.labels, gauge.value)
            case .histogram(let histogram):
                let value = histogram.value
                if value.count > 0 || handle.showsZero {
                    reading.add(handle.metric, handle.labels, .histogram(value))
                }
            }
        }
        for collector in collectors { collector(&reading) }
        return reading
    }
}
