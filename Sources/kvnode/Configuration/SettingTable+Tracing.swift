import TraceExport

/// The settings of where traces go.
extension SettingTable {
    static let tracing: [Setting] = [
        Setting(
            "tracing.endpoint", .optionalURL, .text(""),
            "Where a receiver of OpenTelemetry's protocol, such as Jaeger, takes traces: http://127.0.0.1:4318; empty: nowhere, and none are made."
        ),
        Setting(
            "tracing.protocol", .choice(TraceExportConfiguration.Transport.allCases.map(\.rawValue)),
            .text("http"),
            "How the receiver is spoken to: http, where it mostly listens on port 4318, or grpc, port 4317."),
        Setting(
            "tracing.tls_ca_file", .optionalPath, .text(""),
            "The authorities that vouch for a receiver at https://: a PEM file; empty: those that the system trusts."
        ),
        Setting(
            "tracing.headers_file", .optionalPath, .text(""),
            "Headers for the receiver, such as its key for this node: a file with a line Name: value for each, for the node's user alone to read."
        ),
        Setting(
            "tracing.queue_spans", .int(1...10_000_000), .int(8_192),
            "Spans that wait for export, and as many that wait to be made; more are dropped, and counted."),
        Setting(
            "tracing.batch_spans", .int(1...100_000), .int(512),
            "Spans that are made and sent together, at most."),
        Setting(
            "tracing.flush_ms", .int(10...600_000), .int(5_000),
            "How long spans wait, at most, until a batch is full; before that, as long, but no longer than a second, to be made."
        ),
        Setting(
            "tracing.timeout_ms", .int(10...600_000), .int(10_000),
            "How long the receiver may take for one batch."),
        Setting(
            "tracing.retry_ms", .int(0...3_600_000), .int(60_000),
            "How long a batch that was not taken is tried again before it is dropped; 0: not at all."),
        Setting(
            "tracing.backoff_min_ms", .int(1...600_000), .int(1_000),
            "The pause after the first attempt that failed; it doubles with each."),
        Setting(
            "tracing.backoff_max_ms", .int(1...600_000), .int(30_000), "The longest pause between attempts."),
    ]
}
