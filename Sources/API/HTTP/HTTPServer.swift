import Cluster
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

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

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let configuration: Configuration
    private let group: MultiThreadedEventLoopGroup
    private let shared: HTTPConnectionHandler.Shared
    private let connections: ConnectionRegistry
    private let stop = Latch()
    private let listening: EventLoopPromise<Int>
    private let logger: Logger

    /// - Parameter group: Runs the connections.
    public init(
        configuration: Configuration, service: any KeyValueService, group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) {
        self.configuration = configuration
        self.group = group
        self.logger = logger
        let rules = RequestRules(
            defaultListLimit: configuration.defaultListLimit, maxListLimit: configuration.maxListLimit)
        connections = ConnectionRegistry(limit: configuration.maxConnections)
        shared = HTTPConnectionHandler.Shared(
            service: service, rules: rules, maxBodyBytes: configuration.maxBodyBytes, date: HTTPDate(),
            executor: EventLoopTaskExecutor(group: group),
            times: ConnectionWatch.Limits(
                idleTimeout: TimeAmount(configuration.idleTimeout),
                requestTimeout: TimeAmount(configuration.requestTimeout)),
            connections: connections)
        listening = group.any().makePromise()
    }

    deinit { listening.fail(NotListening()) }

    /// Listens, and serves until `beginGracefulShutdown` and the end of the requests in flight, or until the
    /// task is cancelled, which breaks them off. To be called once.
    public func run() async throws {
        let listener: any Channel
        do {
            listener = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        } catch {
            listening.fail(error)
            throw error
        }
        listening.succeed(listener.localAddress?.port ?? 0)
        logger.debug("HTTP server listens", metadata: ["port": "\(listener.localAddress?.port ?? 0)"])
        await stop.wait()
        try? await listener.close()
        connections.quiesce()
        let grace = Task { [connections, grace = configuration.shutdownGrace] in
            try await Task.sleep(for: grace)
            connections.closeAll()
        }
        await withTaskCancellationHandler {
            await connections.empty.wait()
        } onCancel: {
            connections.closeAll()
        }
        grace.cancel()
        logger.debug("HTTP server stopped")
    }

    /// Accepts no new connections and requests; requests in flight go on. Any thread, idempotent.
    public func beginGracefulShutdown() { stop.open() }

    /// The port that `run` listens on; waits until it does. Throws if it couldn't listen.
    public var listeningPort: Int {
        get async throws { try await listening.futureResult.get() }
    }

    private struct NotListening: Error {}

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client that has sent its last request and closed its side still gets the reply.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [configuration, shared, connections] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.add(channel) else {
                        try channel.pipeline.syncOperations.addHandler(RefusalHandler())
                        return
                    }
                    try Self.configure(channel.pipeline.syncOperations, configuration, shared)
                }
            }
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
        try pipeline.addHandler(watch)
        try pipeline.configureHTTPServerPipeline(
            withErrorHandling: false, withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
            withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(HTTPConnectionHandler(shared: shared, watch: watch))
    }
}
