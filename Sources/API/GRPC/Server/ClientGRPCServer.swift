import Access
import Cluster
import ClusterCore
import GRPCWire
import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import TextAPI

/// The gRPC server for clients: `kvnode.v1.KeyValue`, `kvnode.v1.Cluster`, `kvnode.v1.Node`, `kvnode.v1.Backup` and `grpc.health.v1.Health`.
public final class ClientGRPCServer: Sendable {
    /// What an operator sets.
    public struct Configuration: Sendable {
        /// An address or a name of this machine; `0.0.0.0` and `::` for all.
        public var host: String
        /// 0 takes any free one.
        public var port: Int
        /// Connections at the same time; one more is told so and closed.
        public var maxConnections = 10_000
        /// Of the files that the process may open, which no connection may take.
        public var reservedFiles = 64
        /// Bytes of a request message at most; a longer one fails with RESOURCE_EXHAUSTED. Should leave room
        /// around the largest value, so that a value over its own limit gets the error that says so. Bytes
        /// of a batch's results too: entries beyond fail, but the first always fits.
        public var maxMessageBytes = 65 << 20
        /// Calls at the same time on one connection.
        public var maxStreamsPerConnection = 1_000
        /// Bytes that one connection has sent of calls that can't begin yet, such as messages that are not complete; a
        /// call past them fails with RESOURCE_EXHAUSTED. One message always fits.
        public var maxReceivedBytes = 64 << 20
        /// Bytes of replies that a connection's client doesn't take, from which requests fail with RESOURCE_EXHAUSTED, and
        /// those under way whose reply isn't short.
        public var maxUnsentBytes = 64 << 20
        /// Entries of a BatchGet or BatchPut, and operations of one message of a session.
        public var maxBatchEntries = 1_000
        /// Keys in a page of List whose request names no number, and the most of any.
        public var defaultListLimit = 100
        public var maxListLimit = 1_000
        /// The store's timeout for requests that name none, in milliseconds: a call's gRPC deadline is held
        /// against it.
        public var defaultTimeoutMillis = 5_000
        /// Operations of one session that were taken and not answered yet; more aren't read from the client.
        public var maxSessionInFlight = 1_024
        /// Bytes of replies of one session that the client hasn't taken, from which no more operations are
        /// read, and those in flight whose reply isn't short fail.
        public var maxSessionUnsentBytes = 8 << 20
        /// Bytes from which a session's reply message is closed and the next one begun.
        public var sessionReplyBytes = 256 << 10
        /// How often a watch of the health service looks.
        public var healthInterval: Duration = .milliseconds(500)
        /// A client that is silent for so long is pinged over HTTP/2 ...
        public var keepaliveTime: Duration = .seconds(2 * 60 * 60)
        /// ... and is gone if the ping isn't answered in this time.
        public var keepaliveTimeout: Duration = .seconds(20)
        /// How long connections may take to finish their calls after `beginGracefulShutdown`.
        public var shutdownGrace: Duration = .seconds(10)
        /// What the node's status says of itself.
        public var engine = ""
        public var softwareVersion = ""
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

    /// - Parameters:
    ///   - access: Decides who may do what.
    ///   - levels: Of the node's log.
    ///   - backups: The node's own.
    ///   - load: What the node has served, and the room that it has left.
    ///   - group: Runs the connections and everything that serves them.
    public init(
        configuration: Configuration,
        service: any KeyValueService & LayoutService & RestoreService & InspectionService,
        access: AccessControl, levels: any LogLevelControl, backups: any BackupControl,
        load: @escaping @Sendable () async -> NodeLoad,
        group: MultiThreadedEventLoopGroup, logger: Logger
    ) {
        let connections = ConnectionRegistry(
            limit: configuration.maxConnections, reservedFiles: configuration.reservedFiles)
        var methods = MethodTable()
        KeyValueMethods(service: service).add(to: &methods)
        RoutingProvider(service: service).add(to: &methods)
        ClusterProvider(
            service: service, engine: configuration.engine, softwareVersion: configuration.softwareVersion,
            levels: levels
        ).add(to: &methods)
        NodeProvider(levels: levels, load: load).add(to: &methods)
        BackupProvider(service: service, backups: backups).add(to: &methods)
        HealthProvider(service: service, interval: configuration.healthInterval).add(to: &methods)
        let shared = GRPCConnectionHandler.Shared(
            service: service, access: access,
            rules: RequestRules(
                defaultListLimit: configuration.defaultListLimit, maxListLimit: configuration.maxListLimit),
            limits: configuration.limits, budget: configuration.receiveBudget, methods: methods,
            executor: EventLoopTaskExecutor(group: group))
        server = ConnectionServer(
            name: "gRPC", host: configuration.host, port: configuration.port, group: group,
            connections: connections, shutdownGrace: configuration.shutdownGrace, refusal: Self.refusal,
            secure: configuration.secure, logger: logger,
            logRepeatInterval: TimeAmount(configuration.logRepeatInterval)
        ) { pipeline in
            try Self.configure(pipeline, configuration, shared)
        }
    }

    /// Listens, and serves until `beginGracefulShutdown` and the end of the calls in flight, or until the
    /// task is cancelled, which breaks them off. To be called once.
    public func run() async throws { try await server.run() }

    /// Accepts no new connections and calls; calls in flight go on, sessions answer what they have taken. Any
    /// thread, idempotent.
    public func beginGracefulShutdown() { server.beginGracefulShutdown() }

    /// What there has been of its connections. Any thread.
    public var connections: ConnectionStatistics { server.statistics }

    /// The port that `run` listens on; waits until it does. Throws if it couldn't listen or has stopped.
    public var listeningPort: Int {
        get async throws { try await server.listeningPort }
    }

    /// What a connection over the limit is told: the frames SETTINGS, empty, and GOAWAY with ENHANCE_YOUR_CALM.
    private static let refusal = ByteBuffer(bytes: [
        0, 0, 0, 4, 0, 0, 0, 0, 0,
        0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11,
    ])

    /// Whatever is to stand between the socket and HTTP/2 comes first.
    private static func configure(
        _ pipeline: ChannelPipeline.SynchronousOperations, _ configuration: Configuration,
        _ shared: GRPCConnectionHandler.Shared
    ) throws {
        let pause = ReadPause(configuration.refusalPause)
        try pipeline.addHandler(pause)
        let handler = GRPCConnectionHandler(shared: shared, pause: pause)
        try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(configuration.keepaliveTime)))
        try pipeline.addHandler(
            NIOHTTP2Handler(
                mode: .server, frameDelegate: handler,
                connectionConfiguration: configuration.http2Connection,
                streamConfiguration: configuration.http2Stream))
        try pipeline.addHandler(handler)
        try pipeline.addHandler(ConnectionWatch(timeout: TimeAmount(configuration.keepaliveTimeout)))
    }
}

extension ClientGRPCServer.Configuration {
    /// HTTP/2's default of 64 KiB would stall a stream of large values once a round trip.
    private var windowBytes: Int { 1 << 20 }

    fileprivate var limits: GRPCConnectionHandler.Limits {
        GRPCConnectionHandler.Limits(
            maxMessageBytes: maxMessageBytes, maxCalls: maxStreamsPerConnection,
            maxReceivedBytes: max(maxReceivedBytes, maxMessageBytes + windowBytes),
            maxUnsentBytes: maxUnsentBytes, window: ReceiveWindow(bytes: windowBytes),
            maxBatchEntries: maxBatchEntries,
            defaultTimeoutMillis: defaultTimeoutMillis,
            session: SessionOutbox.Limits(
                maxInFlight: maxSessionInFlight, maxUnsentBytes: maxSessionUnsentBytes,
                replyBytes: sessionReplyBytes))
    }

    fileprivate var http2Connection: NIOHTTP2Handler.ConnectionConfiguration {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: maxStreamsPerConnection),
            HTTP2Setting(parameter: .initialWindowSize, value: windowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: 1 << 18),
            HTTP2Setting(parameter: .maxHeaderListSize, value: HPACKDecoder.defaultMaxHeaderListSize),
        ]
        return connection
    }

    fileprivate var http2Stream: NIOHTTP2Handler.StreamConfiguration {
        var stream = NIOHTTP2Handler.StreamConfiguration()
        // A client whose calls all meet their deadline at once gives up as many.
        let resets = stream.streamResetFrameRateLimit.maximumCount
        stream.streamResetFrameRateLimit.maximumCount = max(resets, maxStreamsPerConnection)
        return stream
    }
}
