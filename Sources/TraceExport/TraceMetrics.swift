public import Instruments

/// What is counted of the export of traces.
struct TraceMetrics: Sendable {
    static let exportedSpans = MetricDefinition(
        "kvnode_trace_spans_exported", .counter, "Spans that the receiver of traces has taken.")
    static let droppedSpans = MetricDefinition(
        "kvnode_trace_spans_dropped", .counter, labels: ["reason"],
        "Spans that are lost: `queue_full`, there was no room for them; `refused`, the receiver did not want them; `undelivered`, it could not be reached in time."
    )
    static let exports = MetricDefinition(
        "kvnode_trace_exports", .counter, labels: ["outcome"],
        "Attempts to hand a batch of spans over: `ok`, or `failed`.")
    static let queuedSpans = MetricDefinition(
        "kvnode_trace_queued_spans", .gauge,
        "Spans that wait for export; tracing.queue_spans is the bound.")

    static let definitions = [exportedSpans, droppedSpans, exports, queuedSpans]

    let exported: Counter
    let refused: Counter
    let undelivered: Counter
    let succeeded: Counter
    let failed: Counter

    init(_ registry: MetricRegistry, _ queue: SpanQueue) {
        exported = registry.counter(Self.exportedSpans)
        refused = registry.counter(Self.droppedSpans, ["refused"])
        undelivered = registry.counter(Self.droppedSpans, ["undelivered"])
        succeeded = registry.counter(Self.exports, ["ok"])
        failed = registry.counter(Self.exports, ["failed"])
        registry.collect([Self.droppedSpans, Self.queuedSpans]) { reading in
            reading.add(Self.droppedSpans, ["queue_full"], queue.dropped)
            reading.add(Self.queuedSpans, queue.count)
        }
    }
}

extension TraceExporter {
    /// All metrics of the export of traces; a registry has figures of them only where there is an exporter.
    public static var metrics: [MetricDefinition] { TraceMetrics.definitions }
}
