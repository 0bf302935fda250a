import Cluster
import Glibc
import LogLimits
import Logging
import NIOCore
import NIOPosix

/// Adds what stands between the socket of a new connection and its protocol, such as TLS. Called on the connection's event loop,
/// before any other handler is there.
public typealias ConnectionSecurity = @Sendable (any Channel) throws -> Void

/// Listens on a TCP port, has each connection served by handlers on an event loop, and ends them together.
package final class ConnectionServer: Sendable {
    private let name: String
    private let host: String
    private let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let connections: ConnectionRegistry
    private let shutdownGrace: Duration
    private let refusal: ByteBuffer
    private let keepalive: Duration?
    private let logger: Logger
    private let logRepeatInterval: TimeAmount
    private let secure: ConnectionSecurity?
    private let configure: @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    private let stop = Latch()
    private let listening: EventLoopPromise<Int>

    /// - Parameters:
    ///   - name: Of the protocol, for the log.
    ///   - port: 0 takes any free one.
    ///   - group: Runs the connections.
    ///   - connections: Where they are counted; its limit is the server's.
    ///   - shutdownGrace: How long connections may take to finish after `beginGracefulShutdown`.
    ///   - refusal: What a connection over the limit is told before it is closed; by TLS it is told nothing, since a handshake
    ///     costs more than what the limit is to save.
    ///   - keepalive: How long nothing may be heard of a client until TCP asks whether it is still there; some time later it is
    ///     gone. Nil for protocols that ask themselves, or end idle connections.
    ///   - secure: Nil for plain text.
    ///   - logRepeatInterval: How long the log does not repeat what goes on.
    ///   - configure: Adds a connection's handlers. On `ChannelShouldQuiesceEvent` they are to end it when they can.
    package init(
        name: String, host: String, port: Int, group: MultiThreadedEventLoopGroup,
        connections: ConnectionRegistry, shutdownGrace: Duration, refusal: ByteBuffer,
        keepalive: Duration? = nil, secure: ConnectionSecurity?, logger: Logger,
        logRepeatInterval: TimeAmount,
        configure: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.group = group
        self.connections = connections
        self.shutdownGrace = shutdownGrace
        self.refusal = refusal
        self.keepalive = keepalive
        self.logger = logger
        self.logRepeatInterval = logRepeatInterval
        self.secure = secure
        self.configure = configure
        listening = group.any().makePromise()
    }

    deinit { listening.fail(NotListening()) }

    /// Listens, and serves until `beginGracefulShutdown` and the end of what is in flight, or until the task is cancelled,
    /// which breaks it off. To be called once.
    package func run() async throws {
        let listener: any Channel
        do {
            listener = try await bootstrap.bind(host: host, port: port).get()
        } catch {
            listening.fail(error)
            throw error
        }
        listening.succeed(listener.localAddress?.port ?? 0)
        logger.debug("\(name) server listens", metadata: ["port": "\(listener.localAddress?.port ?? 0)"])
        await stop.wait()
        // That it was closed already is no matter.
        try? await listener.close()
        connections.quiesce()
        let grace = Task { [connections, shutdownGrace] in
            try await Task.sleep(for: shutdownGrace)
            connections.closeAll()
        }
        await withTaskCancellationHandler {
            await connections.empty.wait()
        } onCancel: {
            connections.closeAll()
        }
        grace.cancel()
        logger.debug("\(name) server stopped")
    }

    /// Any thread.
    package var statistics: ConnectionStatistics { connections.statistics }

    /// Accepts nothing new; what is in flight goes on. Any thread, idempotent.
    package func beginGracefulShutdown() { stop.open() }

    /// The port that `run` listens on; waits until it does. Throws if it couldn't listen.
    package var listeningPort: Int {
        get async throws { try await listening.futureResult.get() }
    }

    private struct NotListening: Error {}
    private struct Refused: Error {}

    /// Probes without an answer, each a third of `keepalive` after the last, that end a connection.
    private static let probes: ChannelOptions.Types.SocketOption.Value = 3

    private var bootstrap: ServerBootstrap {
        let failures = LimitedLog(logger, every: logRepeatInterval, on: group.any())
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer { [name] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptLog(name: name, failures))
                }
            }
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client that has sent its last request and closed its side still gets the reply.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [name, connections, refusal, secure, configure] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let reason = try connections.add(channel) {
                        if reason == .noFiles { AcceptLog.tellNoFiles(name, failures) }
                        if secure != nil { throw Refused() }
                        return try pipeline.addHandler(RefusalHandler(refusal))
                    }
                    try secure?(channel)
                    try configure(pipeline)
                }
            }
        // A client whose machine is gone says nothing any more.
        for (option, value) in keepaliveOptions {
            bootstrap = bootstrap.childChannelOption(option, value: value)
        }
        return bootstrap
    }

    private var keepaliveOptions: [(ChannelOptions.Types.SocketOption, SocketOptionValue)] {
        guard let keepalive else { return [] }
        let seconds = max(1, SocketOptionValue(clamping: keepalive.components.seconds))
        return [
            (.socketOption(.so_keepalive), 1),
            (.tcpOption(.init(rawValue: TCP_KEEPIDLE)), seconds),
            (.tcpOption(.init(rawValue: TCP_KEEPINTVL)), max(1, seconds / 3)),
            (.tcpOption(.init(rawValue: TCP_KEEPCNT)), Self.probes),
        ]
    }
}

/// Tells the log that connections can't be taken, such as when the process has as many files open as it may. Who listens goes on
/// and tries again in a second.
private final class AcceptLog: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let name: String
    private let failures: LimitedLog

    init(name: String, _ failures: LimitedLog) {
        self.name = name
        self.failures = failures
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        Self.tell("\(error)", name, failures)
        context.fireErrorCaught(error)
    }

    /// A connection was refused since it would leave too few files.
    static func tellNoFiles(_ name: String, _ failures: LimitedLog) {
        tell(
            "the process has as many files open as it may, but for those that are kept for the node", name,
            failures)
    }

    private static func tell(_ reason: String, _ name: String, _ failures: LimitedLog) {
        failures.log(.warning, "the \(name) server can't take connections", metadata: ["reason": "\(reason)"])
    }
}

/// Tells a connection over the limit so, and closes it.
private final class RefusalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let words: ByteBuffer

    init(_ words: ByteBuffer) { self.words = words }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(words)).whenComplete { _ in channel.close(promise: nil) }
    }
}
