import Access
import Cluster
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// What the node counts and measures of itself, as text for the given `Accept`.
public typealias MetricsPage = @Sendable (_ accept: String) async -> (contentType: String, text: [UInt8])

/// The HTTP/1.1 server for clients, and for the probes of whatever runs the node.
public final class HTTPServer: Sendable {
    /// What an operator sets.
    public struct Configuration: Sendable {
        /// An address or a name of this machine; `0.0.0.0` and `::` for all.
        public var host: String
        /// 0 takes any free one.
        public var port: Int
        /// Bytes of a value at most; more are refused with 413 before they are read.
        public var maxBodyBytes = 64 << 20
        /// Connections at the same time; one more is told 503 and closed.
        public var maxConnections = 10_000
        /// Of the files that the process may open, which no connection may take.
        public var reservedFiles = 64
        /// How long a connection may send nothing, between requests or within one, and take nothing of a reply.
        /// Kept to within a quarter.
        public var idleTimeout: Duration = .seconds(60)
        /// How long one request may take to come in, from its first byte to its last; then it's told 408, or
        /// closed without a word if its header isn't complete. Kept to within a quarter.
        public var requestTimeout: Duration = .seconds(60)
        /// Bytes of a request's header fields together, of one of them, and their number.
        public var maxHeaderBytes = 128 << 10
        public var maxHeaderFieldBytes = 64 << 10
        public var maxHeaderFields = 100
        /// Keys in a page of a listing whose request names no number, and the most of any.
        public var defaultListLimit = 100
        public var maxListLimit = 1_000
        /// How long connections may take to finish their request after `beginGracefulShutdown`.
        public var shutdownGrace: Duration = .seconds(10)
        /// TLS, if clients speak it.
        public var secure: ConnectionSecurity?
        /// What all clients may have sent that is not complete.
        public var receiveBudget = ReceiveBudget(maxBytes: 1 << 30)
        /// How long nothing is read of a connection after a request of its was refused as overload; zero reads on.
        public var refusalPause: Duration = .milliseconds(100)
        /// How long the log does not repeat what goes on.
        public var logRepeatInterval: Duration = .seconds(60)

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let server: ConnectionServer

    private static let refusal = ByteBuffer(
        string: "HTTP/1.1 503 Service Unavailable\r\n"
            + "retry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    /// - Parameters:
    ///   - access: Decides who may do what.
    ///   - metrics: What `/metrics` tells.
    ///   - console: What the page for browsers is told.
    ///   - group: Runs the connections.
    public init(
        configuration: Configuration, service: any KeyValueService, access: AccessControl,
        metrics: @escaping MetricsPage, console: @escaping ConsoleAnswers,
        group: MultiThreadedEventLoopGroup, logger: Logger
    ) {
        let rules = RequestRules(
            defaultListLimit: configuration.defaultListLimit, maxListLimit: configuration.maxListLimit)
        let connections = ConnectionRegistry(
            limit: configuration.maxConnections, reservedFiles: configuration.reservedFiles)
        let shared = HTTPConnectionHandler.Shared(
            service: service, isTracing: service.isTracing, access: access, rules: rules,
            maxBodyBytes: configuration.maxBodyBytes,
            date: HTTPDate(),
            executor: EventLoopTaskExecutor(group: group),
            times: ConnectionWatch.Limits(
                idleTimeout: TimeAmount(configuration.idleTimeout),
                stallTimeout: TimeAmount(configuration.idleTimeout),
                requestTimeout: TimeAmount(configuration.requestTimeout)),
            budget: configuration.receiveBudget, metrics: metrics, console: console,
            connections: connections)
        server = ConnectionServer(
            name: "HTTP", host: configuration.host, port: configuration.port, group: group,
            connections: connections, shutdownGrace: configuration.shutdownGrace, refusal: Self.refusal,
            secure: configuration.secure, logger: logger,
            logRepeatInterval: TimeAmount(configuration.logRepeatInterval)
        ) { pipeline in
            try Self.configure(pipeline, configuration, shared)
        }
    }

    /// Listens, and serves until `beginGracefulShutdown` and the end of the requests in flight, or until the
    /// task is cancelled, which breaks them off. To be called once.
    public func run() async throws { try await server.run() }

    /// Accepts no new connections and requests; requests in flight go on. Any thread, idempotent.
    public func beginGracefulShutdown() { server.beginGracefulShutdown() }

    /// What there has been of its connections. Any thread.
    public var connections: ConnectionStatistics { server.statistics }

    /// The port that `run` listens on; waits until it does. Throws if it couldn't listen.
    public var listeningPort: Int {
        get async throws { try await server.listeningPort }
    }

    private static func configure(
        _ pipeline: ChannelPipeline.SynchronousOperations, _ configuration: Configuration,
        _ shared: HTTPConnectionHandler.Shared
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = configuration.maxHeaderBytes
        limits.maxHeaderFieldSize = configuration.maxHeaderFieldBytes
        limits.maxHeaderFieldCount = configuration.maxHeaderFields
        let watch = ConnectionWatch(limits: shared.times)
        let pause = ReadPause(configuration.refusalPause)
        try pipeline.addHandlers(watch, pause)
        try pipeline.configureHTTPServerPipeline(
            withErrorHandling: false, withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
            withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(HTTPConnectionHandler(shared: shared, watch: watch, pause: pause))
    }
}
