import Cluster
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import NIOPosix
import TextAPI

/// The gRPC server for clients: `kvnode.v1.KeyValue`, `kvnode.v1.Cluster` and `grpc.health.v1.Health`.
public final class ClientGRPCServer: Sendable {
    /// What an operator sets.
    public struct Configuration: Sendable {
        /// An address or a name of this machine; `0.0.0.0` and `::` for all.
        public var host: String
        /// 0 takes any free one.
        public var port: Int
        /// Bytes of a request message at most; a longer one fails with RESOURCE_EXHAUSTED. Should leave room
        /// around the largest value, so that a value over its own limit gets the error that says so. Bytes
        /// of a batch's results too: entries beyond fail, but the first always fits.
        public var maxMessageBytes = 65 << 20
        /// Calls at the same time on one connection.
        public var maxStreamsPerConnection = 1_000
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
        /// How long connections may take to finish their calls after `beginGracefulShutdown`.
        public var shutdownGrace: Duration = .seconds(10)
        /// What the node's status says of itself.
        public var engine = ""
        public var softwareVersion = ""

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let server: GRPCServer<HTTP2ServerTransport.Posix>
    private let executor: EventLoopTaskExecutor
    private let logger: Logger

    /// - Parameter group: Runs the connections and everything that serves them.
    /// - Throws: If the host can't be resolved. May block for that.
    public init(
        configuration: Configuration, service: any KeyValueService & LayoutService,
        group: MultiThreadedEventLoopGroup, logger: Logger
    ) throws {
        let transport = HTTP2ServerTransport.Posix(
            address: try Self.resolve(configuration.host, configuration.port), transportSecurity: .plaintext,
            config: Self.transportConfiguration(configuration), eventLoopGroup: group)
        let session = SessionHandler.Limits(
            maxInFlight: configuration.maxSessionInFlight,
            maxUnsentBytes: configuration.maxSessionUnsentBytes,
            replyBytes: configuration.sessionReplyBytes)
        let rules = RequestRules(
            defaultListLimit: configuration.defaultListLimit, maxListLimit: configuration.maxListLimit)
        let keyValue = KeyValueProvider(
            service: service, rules: rules, maxBatchEntries: configuration.maxBatchEntries,
            maxBatchReplyBytes: configuration.maxMessageBytes,
            defaultTimeoutMillis: configuration.defaultTimeoutMillis, session: session)
        let health = HealthProvider(service: service, interval: configuration.healthInterval)
        let cluster = ClusterProvider(
            service: service, engine: configuration.engine, softwareVersion: configuration.softwareVersion)
        server = GRPCServer(transport: transport, services: [keyValue, cluster, health])
        executor = EventLoopTaskExecutor(group: group)
        self.logger = logger
    }

    /// Listens, and serves until `beginGracefulShutdown` and the end of the calls in flight, or until the
    /// task is cancelled, which breaks them off. To be called once.
    public func run() async throws {
        logger.debug("client gRPC server starts")
        try await withTaskExecutorPreference(executor) { try await server.serve() }
        logger.debug("client gRPC server stopped")
    }

    /// Accepts no new connections and calls; calls in flight go on, sessions answer what they have taken. Any
    /// thread, idempotent.
    public func beginGracefulShutdown() { server.beginGracefulShutdown() }

    /// The port that `run` listens on; waits until it does. Throws if it couldn't listen or has stopped.
    public var listeningPort: Int {
        get async throws {
            let address = try await server.transport.listeningAddress
            return address.ipv4?.port ?? address.ipv6?.port ?? 0
        }
    }

    private static func resolve(
        _ host: String, _ port: Int
    ) throws -> GRPCNIOTransportHTTP2Posix.SocketAddress {
        let address = try NIOCore.SocketAddress.makeAddressResolvingHost(host, port: port)
        let ip = address.ipAddress ?? host
        if case .v6 = address { return .ipv6(host: ip, port: port) }
        return .ipv4(host: ip, port: port)
    }

    private static func transportConfiguration(
        _ configuration: Configuration
    ) -> HTTP2ServerTransport.Posix.Config {
        .defaults { config in
            // Waiting 100 µs for company costs a session more than the system call that it may save.
            config.connection.flushCoalescing = nil
            config.connection.maxGraceTime = configuration.shutdownGrace
            config.rpc.maxRequestPayloadSize = configuration.maxMessageBytes
            config.http2.maxConcurrentStreams = configuration.maxStreamsPerConnection
            // The default 64 KiB would stall a stream of large values once a round trip.
            config.http2.targetWindowSize = 1 << 20
        }
    }
}
