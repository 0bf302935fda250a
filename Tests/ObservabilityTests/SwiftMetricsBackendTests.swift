import CoreMetrics
import Instruments
import Observability
import Testing

@Suite struct SwiftMetricsBackendTests {
    @Test func `what a library measures is there`() {
        let registry = MetricRegistry()
        let factory = SwiftMetricsBackend(registry: registry, maxSeries: 100)
        Counter(label: "client.calls.total", dimensions: [("b", "2"), ("a-1", "1")], factory: factory)
            .increment(by: 3)
        Meter(label: "pool.size", factory: factory).set(7)
        Meter(label: "pool.size", factory: factory).decrement(by: 2)
        CoreMetrics.Gauge(label: "level", factory: factory).record(0.5)
        Timer(label: "call", factory: factory).recordNanoseconds(3_000_000)
        Recorder(label: "rows", factory: factory).record(20)
        let reading = registry.read()
        #expect(reading.value(of: "client_calls", ["1", "2"]) == .number(3))
        #expect(
            registry.definitions.first { $0.name == "client_calls" }?.labels == ["a_1", "b"])
        #expect(reading.value(of: "pool_size") == .number(5))
        #expect(reading.value(of: "level") == .number(0.5))
        guard case .histogram(let time) = reading.value(of: "call_seconds"),
            case .histogram(let rows) = reading.value(of: "rows")
        else {
            Issue.record("no histograms")
            return
        }
        #expect(time.count == 1 && time.scaledSum == 0.003)
        #expect(rows.count == 1 && rows.scaledSum == 20)
    }

    @Test func `the same is asked for often and is one series`() {
        let registry = MetricRegistry()
        let factory = SwiftMetricsBackend(registry: registry, maxSeries: 1)
        for _ in 0..<100 { Counter(label: "calls", factory: factory).increment() }
        #expect(registry.read().value(of: "calls") == .number(100))
        #expect(dropped(registry) == 0)
    }

    @Test func `beyond the bound series are left out and counted`() {
        let registry = MetricRegistry()
        let factory = SwiftMetricsBackend(registry: registry, maxSeries: 2)
        for name in ["a", "b", "c", "d"] { Counter(label: name, factory: factory).increment() }
        let reading = registry.read()
        #expect(reading.value(of: "b") == .number(1))
        #expect(reading.value(of: "c") == nil)
        #expect(dropped(registry) == 2)
    }

    @Test func `a histogram counts with all its buckets`() {
        let registry = MetricRegistry()
        let factory = SwiftMetricsBackend(registry: registry, maxSeries: 20)
        Timer(label: "a", factory: factory).recordNanoseconds(1)
        Timer(label: "b", factory: factory).recordNanoseconds(1)
        let told = registry.read()
        #expect(told.value(of: "a_seconds") != nil && told.value(of: "b_seconds") == nil)
        // That which counts what is left out is one more.
        #expect(told.seriesCount <= 20 + 1)
    }

    @Test func `what has another metric's name is left out`() {
        let registry = MetricRegistry()
        let factory = SwiftMetricsBackend(registry: registry, maxSeries: 100)
        Counter(label: "calls", factory: factory).increment()
        Meter(label: "calls", factory: factory).set(9)
        Counter(label: "calls", dimensions: [("a", "1")], factory: factory).increment()
        #expect(registry.read().value(of: "calls") == .number(1))
        #expect(dropped(registry) == 2)
    }

    @Test func `what fits no metric is passed over`() {
        let registry = MetricRegistry()
        let factory = SwiftMetricsBackend(registry: registry, maxSeries: 100)
        Counter(label: "calls", factory: factory).increment(by: -5)
        Recorder(label: "rows", factory: factory).record(Double.nan)
        Recorder(label: "rows", factory: factory).record(-1)
        let reading = registry.read()
        #expect(reading.value(of: "calls") == .number(0))
        guard case .histogram(let rows) = reading.value(of: "rows") else {
            Issue.record("no histogram")
            return
        }
        #expect(rows.count == 0)
    }

    private func dropped(_ registry: MetricRegistry) -> Double? {
        guard case .number(let count) = registry.read().value(of: SwiftMetricsBackend.dropped.name) else {
            return nil
        }
        return count
    }
}
