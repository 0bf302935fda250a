/// Where traces go, and within which limits.
public struct TraceExportConfiguration: Sendable {
    /// How OTLP, OpenTelemetry's protocol, is spoken.
    public enum Transport: String, Sendable, CaseIterable {
        /// Protobuf in HTTP/1.1.
        case http
        case grpc
    }

    public var endpoint: TraceEndpoint
    public var transport: Transport
    /// Sent with each request.
    public var headers: TraceHeaders
    /// A PEM file of the authorities that vouch for the receiver; nil for the system's. Only for `https`.
    public var trustRoots: String?
    /// Ended spans that may wait; more are dropped.
    public var maxQueuedSpans: Int
    /// Spans that are sent together, at most.
    public var maxBatchSpans: Int
    /// How long a span waits, at most, for a batch to be full.
    public var flushInterval: Duration
    /// Of one attempt to send a batch.
    public var timeout: Duration
    /// How long a batch is tried again; then it is dropped.
    public var retryTime: Duration
    /// The pause after an attempt that failed doubles, from the first to the second of these.
    public var backoffMin: Duration
    public var backoffMax: Duration

    public init(
        endpoint: TraceEndpoint, transport: Transport = .http, headers: TraceHeaders = TraceHeaders(),
        trustRoots: String? = nil, maxQueuedSpans: Int = 8_192, maxBatchSpans: Int = 512,
        flushInterval: Duration = .seconds(5), timeout: Duration = .seconds(10),
        retryTime: Duration = .seconds(60), backoffMin: Duration = .seconds(1),
        backoffMax: Duration = .seconds(30)
    ) {
        self.endpoint = endpoint
        self.transport = transport
        self.headers = headers
        self.trustRoots = trustRoots
        self.maxQueuedSpans = maxQueuedSpans
        self.maxBatchSpans = maxBatchSpans
        self.flushInterval = flushInterval
        self.timeout = timeout
        self.retryTime = retryTime
        self.backoffMin = backoffMin
        self.backoffMax = backoffMax
    }
}

/// Where the receiver of traces listens.
public struct TraceEndpoint: Sendable, Equatable {
    /// Whether TLS is spoken.
    public var isSecure: Bool
    /// A name or an address, without brackets.
    public var host: String
    public var port: Int
    /// Of HTTP, before `/v1/traces`: empty, or with a slash at the begin and none at the end.
    public var path: String

    public init(isSecure: Bool, host: String, port: Int, path: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    private var isIPv6: Bool { host.contains(":") }

    /// As a URL.
    var url: String {
        "\(isSecure ? "https" : "http")://\(isIPv6 ? "[\(host)]" : host):\(port)\(path)"
    }
}

/// Why traces can't be exported as configured, in words for an operator.
public struct TraceExportError: Error, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}
