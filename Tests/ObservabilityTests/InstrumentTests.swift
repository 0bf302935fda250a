import Instruments
import Testing

@Suite struct InstrumentTests {
    static let requests = MetricDefinition(
        "test_requests", .counter, labels: ["operation"], "Requests.")
    static let load = MetricDefinition("test_load_ratio", .gauge, unit: .ratio, "Load.")
    static let sizes = MetricDefinition("test_sizes", .histogram(Buckets([1, 10, 100])), "Sizes.")

    @Test func `series are the sum of their handles`() {
        let registry = MetricRegistry()
        let handles = ["get", "get", "put"].map { registry.counter(Self.requests, [$0]) }
        handles[0].add(3)
        handles[1].addAlone(4)
        handles[2].add()
        let gauges = [registry.gauge(Self.load), registry.gauge(Self.load)]
        gauges[0].set(0.25)
        gauges[1].add(0.5)
        let reading = registry.read()
        #expect(reading.value(of: "test_requests", ["get"]) == .number(7))
        #expect(reading.value(of: "test_requests", ["put"]) == .number(1))
        #expect(reading.value(of: "test_requests", ["delete"]) == nil)
        #expect(reading.value(of: "test_load_ratio") == .number(0.75))
    }

    @Test(arguments: [
        (0, 0), (1, 0), (2, 1), (10, 1), (11, 2), (100, 2), (101, 3), (Int.max, 3),
    ])
    func `a value falls into the bucket whose bound is not below it`(value: Int, bucket: Int) throws {
        let histogram = Histogram(Buckets([1, 10, 100]))
        histogram.record(value)
        #expect(histogram.value.counts.firstIndex(of: 1) == bucket)
        #expect(histogram.value.sum == value)
    }

    @Test func `all bounds of the largest histogram have a room`() {
        let histogram = Histogram(Buckets(Array(1...Buckets.maxCount)))
        for value in 0...Buckets.maxCount + 1 { histogram.recordAlone(value) }
        #expect(histogram.value.counts == [2] + Array(repeating: 1, count: Buckets.maxCount))
    }

    @Test func `nothing of many threads is lost`() async {
        let registry = MetricRegistry()
        let counter = registry.counter(Self.requests, ["get"])
        let histogram = registry.histogram(Self.sizes)
        let gauge = registry.gauge(Self.load)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for value in 0..<10_000 {
                        counter.add(2)
                        histogram.record(value % 200)
                        gauge.add(1)
                    }
                }
            }
        }
        let reading = registry.read()
        #expect(reading.value(of: "test_requests", ["get"]) == .number(160_000))
        #expect(reading.value(of: "test_load_ratio") == .number(80_000))
        // Of each 200 values: 0 and 1, 2 to 10, 11 to 100, and 99 above.
        #expect(
            reading.value(of: "test_sizes")
                == .histogram(
                    HistogramValue(
                        buckets: Buckets([1, 10, 100]), counts: [800, 3_600, 36_000, 39_600], sum: 7_960_000))
        )
    }

    @Test func `series that never came up are left out`() {
        let registry = MetricRegistry()
        let hidden = registry.counter(Self.requests, ["put"], showsZero: false)
        _ = registry.counter(Self.requests, ["get"])
        let sizes = registry.histogram(Self.sizes, showsZero: false)
        #expect(registry.read().seriesCount == 1)
        hidden.add()
        sizes.record(5)
        // Three bounds, the infinite one, sum and count.
        #expect(registry.read().seriesCount == 2 + 6)
    }

    @Test func `collectors are asked at each reading`() {
        let registry = MetricRegistry()
        let source = Counter()
        registry.collect([Self.load]) { $0.add(Self.load, Double(source.value)) }
        source.add(5)
        #expect(registry.read().value(of: "test_load_ratio") == .number(5))
        source.add(5)
        #expect(registry.read().value(of: "test_load_ratio") == .number(10))
    }

    @Test func `of a bucket's exemplars the latest stays`() {
        let registry = MetricRegistry()
        let handles = [registry.histogram(Self.sizes), registry.histogram(Self.sizes)]
        handles[0].record(5, exemplar: TraceID(high: 0, low: 1), wallMillis: 2_000)
        handles[1].record(6, exemplar: TraceID(high: 0, low: 2), wallMillis: 1_000)
        handles[1].record(50, exemplar: TraceID(high: 0, low: 3), wallMillis: 1_000)
        guard case .histogram(let value) = registry.read().value(of: "test_sizes") else {
            Issue.record("no histogram")
            return
        }
        #expect(value.exemplars.map { $0?.traceID.low } == [nil, 1, 3, nil])
        #expect(value.counts == [0, 2, 1, 0])
    }

    @Test func `a definition that breaks the conventions says so`() {
        func problem(
            _ name: String, _ kind: MetricDefinition.Kind = .counter, unit: MetricDefinition.Unit? = nil,
            labels: [String] = [], _ help: String = "Helps."
        ) -> String? {
            MetricDefinition(name, kind, unit: unit, labels: labels, help).problem
        }
        #expect(problem("kvnode_requests") == nil)
        #expect(problem("kvnode_requests_total") != nil)
        #expect(problem("kvnode_wait_ms", unit: .seconds) != nil)
        #expect(problem("kvnode_wait_seconds", unit: .seconds) == nil)
        #expect(problem("1_requests") != nil)
        #expect(problem("kvnode:requests") != nil)
        #expect(problem("kvnode_requests", labels: ["a", "a"]) != nil)
        #expect(problem("kvnode_requests", labels: ["le"]) != nil)
        #expect(problem("kvnode_requests", labels: ["__name"]) != nil)
        #expect(problem("kvnode_requests", labels: [], "") != nil)
    }

    @Test func `a name is declared once alone`() {
        let registry = MetricRegistry()
        registry.declare([Self.load])
        registry.declare([Self.load])
        #expect(registry.definitions == [Self.load])
        #expect(registry.declareIfFree(Self.load))
        #expect(!registry.declareIfFree(MetricDefinition("test_load_ratio", .counter, "Another.")))
        #expect(!registry.declareIfFree(MetricDefinition("test load", .counter, "No name.")))
    }
}
