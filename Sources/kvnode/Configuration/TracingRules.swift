import TraceExport

/// What must hold between the settings of traces, and what they amount to.
struct TracingRules {
    var values: EffectiveConfiguration

    /// One line for each rule that doesn't hold.
    var problems: [String] {
        guard let endpoint else { return [] }
        var problems: [String] = []
        if !endpoint.isSecure, !values.text("tracing.tls_ca_file").isEmpty {
            problems.append(
                "\(values.shown("tracing.tls_ca_file")), but \(values.shown("tracing.endpoint")), which is not https"
            )
        }
        if transport == .grpc, !endpoint.path.isEmpty {
            problems.append(
                "\(values.shown("tracing.endpoint")), but \(values.shown("tracing.protocol")), which knows no paths"
            )
        }
        if !endpoint.isSecure, !values.text("tracing.headers_file").isEmpty, !values.bool("insecure"),
            !ExposureRules.isLoopback(endpoint.host)
        {
            problems.append(
                "\(values.shown("tracing.headers_file")), but on the way to \(values.shown("tracing.endpoint")) headers can be overheard; use https, or set insecure: true where the network itself keeps strangers out"
            )
        }
        return problems
    }

    private var endpoint: TraceEndpoint? { TraceEndpoint(url: values.text("tracing.endpoint")) }

    private var transport: TraceExportConfiguration.Transport {
        values.choice("tracing.protocol", TraceExportConfiguration.Transport.init(rawValue:))
    }

    private func path(_ key: String) -> String? {
        let path = values.text(key)
        return path.isEmpty ? nil : path
    }

    /// Nil if there are to be no traces.
    var tracing: NodeConfiguration.Tracing? {
        guard let endpoint else { return nil }
        let export = TraceExportConfiguration(
            endpoint: endpoint, transport: transport, trustRoots: path("tracing.tls_ca_file"),
            maxQueuedSpans: values.int("tracing.queue_spans"),
            maxBatchSpans: values.int("tracing.batch_spans"),
            flushInterval: values.milliseconds("tracing.flush_ms"),
            timeout: values.milliseconds("tracing.timeout_ms"),
            retryTime: values.milliseconds("tracing.retry_ms"),
            backoffMin: values.milliseconds("tracing.backoff_min_ms"),
            backoffMax: values.milliseconds("tracing.backoff_max_ms"))
        return NodeConfiguration.Tracing(export: export, headersFile: path("tracing.headers_file"))
    }
}
