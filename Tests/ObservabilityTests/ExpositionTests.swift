import Instruments
import Testing

@testable import Observability

@Suite struct ExpositionTests {
    private static let requests = MetricDefinition(
        "test_requests", .counter, labels: ["operation", "bucket"], "Requests, \"all\" of them:\nC:\\x.")
    private static let memory = MetricDefinition("test_memory_bytes", .gauge, unit: .bytes, "Memory.")
    private static let wait = MetricDefinition(
        "test_wait_seconds", .histogram(Buckets([100_000, 1_000_000_000], scale: 1e-9)), unit: .seconds,
        labels: ["queue"], "Wait.")
    private static let unused = MetricDefinition("test_unused", .counter, "Never counted.")

    private static func reading() -> MetricReading {
        let registry = MetricRegistry()
        registry.declare([unused])
        registry.counter(requests, ["get", "a\\b\"c\nd"]).add(12)
        registry.gauge(memory).set(1.5)
        let wait = registry.histogram(wait, ["writes"])
        wait.record(100_000)
        wait.record(
            250_000_000, exemplar: TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c),
            wallMillis: 1_700_000_000_123)
        wait.record(2_000_000_000)
        return registry.read()
    }

    @Test func `Prometheus's text`() {
        let text = String(decoding: Exposition.text(of: Self.reading(), in: .prometheus), as: UTF8.self)
        #expect(
            text == #"""
                # TYPE test_requests_total counter
                # HELP test_requests_total Requests, "all" of them:\nC:\\x.
                test_requests_total{operation="get",bucket="a\\b\"c\nd"} 12
                # TYPE test_memory_bytes gauge
                # HELP test_memory_bytes Memory.
                test_memory_bytes 1.5
                # TYPE test_wait_seconds histogram
                # HELP test_wait_seconds Wait.
                test_wait_seconds_bucket{queue="writes",le="0.0001"} 1
                test_wait_seconds_bucket{queue="writes",le="1.0"} 2
                test_wait_seconds_bucket{queue="writes",le="+Inf"} 3
                test_wait_seconds_sum{queue="writes"} 2.2501
                test_wait_seconds_count{queue="writes"} 3

                """#)
    }

    @Test func `the text of OpenMetrics`() {
        let text = String(decoding: Exposition.text(of: Self.reading(), in: .openMetrics), as: UTF8.self)
        #expect(
            text == #"""
                # TYPE test_requests counter
                # HELP test_requests Requests, \"all\" of them:\nC:\\x.
                test_requests_total{operation="get",bucket="a\\b\"c\nd"} 12
                # TYPE test_memory_bytes gauge
                # UNIT test_memory_bytes bytes
                # HELP test_memory_bytes Memory.
                test_memory_bytes 1.5
                # TYPE test_wait_seconds histogram
                # UNIT test_wait_seconds seconds
                # HELP test_wait_seconds Wait.
                test_wait_seconds_bucket{queue="writes",le="0.0001"} 1
                test_wait_seconds_bucket{queue="writes",le="1.0"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.25 1700000000.123
                test_wait_seconds_bucket{queue="writes",le="+Inf"} 3
                test_wait_seconds_sum{queue="writes"} 2.2501
                test_wait_seconds_count{queue="writes"} 3
                # EOF

                """#)
    }

    @Test(
        arguments: [
            (0, "0"), (-3, "-3"), (0.1, "0.1"), (1e-9, "1e-09"), (4_503_599_627_370_497, "4503599627370497"),
            (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)])
    func `numbers`(value: Double, text: String) { #expect(Exposition.text(of: value) == text) }

    @Test(
        arguments: [
            ("", ExpositionFormat.prometheus),
            ("*/*", .prometheus),
            ("application/json", .prometheus),
            ("text/plain", .prometheus),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
            ("application/openmetrics-text;version=2.0.0", .prometheus),
            ("application/openmetrics-text;q=0", .prometheus),
            ("application/openmetrics-text;q=nonsense", .prometheus),
            ("text/plain;q=0.9,application/openmetrics-text;q=0.5", .prometheus),
            ("text/plain;q=0.5, Application/OpenMetrics-Text ; Q=0.9", .openMetrics),
            // What a Prometheus 3 and a Prometheus 2 send.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
                    + "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                    + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
                    + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", .openMetrics
            ),
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
        ] as [(String, ExpositionFormat)])
    func `negotiation`(accept: String, format: ExpositionFormat) {
        #expect(ExpositionFormat(accept: accept) == format)
    }

    @Test func `the list of metrics is a table`() {
        #expect(
            MetricDocument.table(of: [Self.wait, Self.unused]) == """
                | Metric | Type | Labels | What it tells |
                | --- | --- | --- | --- |
                | `test_wait_seconds` | histogram | `queue` | Wait. |
                | `test_unused_total` | counter |  | Never counted. |

                """)
    }
}
