import Glibc
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
    private let keepalive: Duration
    private let logger: Logger
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
    ///     gone. For protocols that don't ask themselves, and have no end of idle connections.
    ///   - secure: Nil for plain text.
    ///   - configure: Adds a connection's handlers. On `ChannelShouldQuiesceEvent` they are to end it when they can.
    package init(
        name: String, host: String, port: Int, group: MultiThreadedEventLoopGroup,
        connections: ConnectionRegistry, shutdownGrace: Duration, refusal: ByteBuffer,
        keepalive: Duration = .seconds(2 * 60 * 60), secure: ConnectionSecurity?, logger: Logger,
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

    /// Accepts nothing new; what is in flight goes on. Any thread, idempotent.
    package func beginGracefulShutdown() { stop.open() }

    /// The port that `run` listens on; waits until it does. Throws if it couldn't listen.
    package var listeningPort: Int {
        get async throws { try await listening.futureResult.get() }
    }

    private struct NotListening: Error {}
    private struct TooManyConnections: Error {}

    /// Probes without an answer, each a third of `keepalive` after the last, that end a connection.
    private static let probes: ChannelOptions.Types.SocketOption.Value = 3

    private var bootstrap: ServerBootstrap {
        let seconds = max(1, Int(keepalive.components.seconds))
        return ServerBootstrap(group: group)
            .serverChannelInitializer { [name, logger] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptLog(name: name, logger: logger))
                }
            }
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client whose machine is gone says nothing any more.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: seconds)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: max(1, seconds / 3))
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: Self.probes)
            // A client that has sent its last request and closed its side still gets the reply.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [connections, refusal, secure, configure] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    guard connections.add(channel) else {
                        if secure != nil { throw TooManyConnections() }
                        return try pipeline.addHandler(RefusalHandler(refusal))
                    }
                    try secure?(channel)
                    try configure(pipeline)
                }
            }
    }
}

/// Tells the log that connections can't be taken, such as when the process has as many files open as it may. Who listens goes on
/// and tries again in a second.
private final class AcceptLog: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.seconds(10)

    private let name: String
    private let logger: Logger
    private var quietUntil = NIODeadline.now()

    init(name: String, logger: Logger) {
        self.name = name
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if .now() >= quietUntil {
            quietUntil = .now() + Self.pause
            logger.warning(
                "the \(name) server can't take connections", metadata: ["reason": "\(error)"])
        }
        context.fireErrorCaught(error)
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
