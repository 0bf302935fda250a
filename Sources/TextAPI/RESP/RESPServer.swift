import Access
import Cluster
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The server of Redis's protocol.
public final class RESPServer: Sendable {
    /// What an operator sets.
    public struct Configuration: Sendable {
        /// An address or a name of this machine; `0.0.0.0` and `::` for all.
        public var host: String
        /// 0 takes any free one.
        public var port: Int
        /// The bucket of a connection that has named none.
        public var bucket = "default"
        /// Bytes of a command's argument at most, and so of a value, if that is 64 KiB or more; all arguments of a command may
        /// have twice as many, or 1 MiB.
        public var maxArgumentBytes = 64 << 20
        /// Arguments of a command at most.
        public var maxArguments = 1 << 20
        /// Connections at the same time; one more is told so and closed.
        public var maxConnections = 10_000
        /// Of the files that the process may open, which no connection may take.
        public var reservedFiles = 64
        /// Commands of a connection that are served at a time; the rest wait.
        public var maxInFlight = 1_024
        /// Bytes of replies that a client has not taken: beyond, no command begins, and a reply that is long is an error instead.
        public var maxUnsentBytes = 64 << 20
        /// A connection without a command and a reply for so long is closed; zero for never.
        public var idleTimeout: Duration = .zero
        /// How long one command may take to come in, and how long a client may take nothing of its replies.
        public var requestTimeout: Duration = .seconds(60)
        /// A connection on which nothing has been heard for so long is probed by TCP, and closed if the other end is gone. In
        /// whole seconds, one at least.
        public var keepalive: Duration = .seconds(300)
        /// How long connections may take to finish their commands after `beginGracefulShutdown`.
        public var shutdownGrace: Duration = .seconds(10)
        /// What all clients may have sent that is not complete.
        public var receiveBudget = ReceiveBudget(maxBytes: 1 << 30)
        /// How long nothing is read of a connection after a request of its was refused as overload; zero reads on.
        public var refusalPause: Duration = .milliseconds(100)
        /// How long the log does not repeat what goes on.
        public var logRepeatInterval: Duration = .seconds(60)
        /// TLS, if clients speak it.
        public var secure: ConnectionSecurity?

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let server: ConnectionServer

    private static let refusal = ByteBuffer(string: "-ERR max number of clients reached\r\n")

    /// - Parameters:
    ///   - access: Decides who may do what.
    ///   - wallMillis: The clock by which times to live are told: milliseconds since 1970. Any thread.
    ///   - group: Runs the connections.
    public init(
        configuration: Configuration, service: any KeyValueService, access: AccessControl,
        wallMillis: @escaping @Sendable () -> UInt64, group: MultiThreadedEventLoopGroup, logger: Logger
    ) {
        let connections = ConnectionRegistry(
            limit: configuration.maxConnections, reservedFiles: configuration.reservedFiles)
        var parsing = RESPParser.Limits()
        // Keys, contexts and the names of commands have to come through however small the values.
        parsing.maxArgumentBytes = max(configuration.maxArgumentBytes, 64 << 10)
        parsing.maxCommandBytes = max(2 * configuration.maxArgumentBytes, 1 << 20)
        parsing.maxArguments = configuration.maxArguments
        let shared = RESPConnectionHandler.Shared(
            service: service, wallMillis: wallMillis, parsing: parsing,
            maxInFlight: configuration.maxInFlight,
            maxUnsentBytes: configuration.maxUnsentBytes,
            times: ConnectionWatch.Limits(
                idleTimeout: configuration.idleTimeout > .zero ? TimeAmount(configuration.idleTimeout) : nil,
                stallTimeout: TimeAmount(configuration.requestTimeout),
                requestTimeout: TimeAmount(configuration.requestTimeout)),
            budget: configuration.receiveBudget)
        let count = ConnectionCount()
        server = ConnectionServer(
            name: "RESP", host: configuration.host, port: configuration.port, group: group,
            connections: connections, shutdownGrace: configuration.shutdownGrace, refusal: Self.refusal,
            keepalive: configuration.keepalive, secure: configuration.secure, logger: logger,
            logRepeatInterval: TimeAmount(configuration.logRepeatInterval)
        ) { pipeline in
            let watch = ConnectionWatch(limits: shared.times)
            let pause = ReadPause(configuration.refusalPause)
            try pipeline.addHandlers(watch, pause)
            let session = RESPSession(
                id: count.next(), bucket: configuration.bucket, wallMillis: wallMillis,
                caller: Caller(access, over: .resp))
            try pipeline.addHandler(
                RESPConnectionHandler(shared: shared, session: session, watch: watch, pause: pause))
        }
    }

    /// Listens, and serves until `beginGracefulShutdown` and the end of the commands in flight, or until the task is
    /// cancelled, which breaks them off. To be called once.
    public func run() async throws { try await server.run() }

    /// Accepts no new connections and commands; commands in flight go on. Any thread, idempotent.
    public func beginGracefulShutdown() { server.beginGracefulShutdown() }

    /// What there has been of its connections. Any thread.
    public var connections: ConnectionStatistics { server.statistics }

    /// The port that `run` listens on; waits until it does. Throws if it couldn't listen.
    public var listeningPort: Int {
        get async throws { try await server.listeningPort }
    }
}

/// Numbers connections from 1 up.
private final class ConnectionCount: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
