import Cluster
import ClusterCore
import Instruments
import Logging
import NIOCore
import NIOHTTP2
import NIOPosix
import Synchronization
import TLS

/// Takes the connections of peers, and the stream that each has.
final class PeerServer: Sendable {
    private struct Connection {
        var channel: any Channel
        /// The way back on its stream, while it has one.
        var outbox: Outbox?
    }

    private struct State {
        var isStopping = false
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: Connection] = [:]
        /// Resumed when none of them is left.
        var whenEmpty: CheckedContinuation<Void, Never>?
    }

    let configuration: GRPCPeerTransport.Configuration
    let admission: Admission
    let handler: any PeerHandler
    private let whenAdmitted: @Sendable (NodeID) -> Void
    private let group: MultiThreadedEventLoopGroup
    private let meter: OutboxMeter
    let inbox: InboxMeter
    private let logger: Logger
    private let causes = CauseLog()
    private let failures: FailureLog
    private let port = ListeningPort()
    private let state = Mutex(State())

    /// - Parameter admitted: Called with each peer whose stream has been accepted.
    init(
        configuration: GRPCPeerTransport.Configuration, admission: Admission, handler: any PeerHandler,
        group: MultiThreadedEventLoopGroup, metrics: MetricRegistry, logger: Logger,
        admitted: @escaping @Sendable (NodeID) -> Void
    ) {
        self.configuration = configuration
        self.admission = admission
        self.handler = handler
        self.group = group
        meter = OutboxMeter(metrics, kind: "replies")
        inbox = InboxMeter(metrics, kind: "requests")
        self.logger = logger
        whenAdmitted = admitted
        failures = FailureLog("a peer's connection is refused", logger: logger)
    }

    var listeningPort: Int {
        get async throws { try await port.value }
    }

    /// Serves until `stop` and until the last connection has ended; cut off when cancelled.
    func run() async throws {
        defer { port.end() }
        let listener = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        port.set(listener.localAddress!.port!)
        let isStopping = state.withLock { state in
            state.listener = listener
            return state.isStopping
        }
        if isStopping { listener.close(promise: nil) }
        try await withTaskCancellationHandler {
            try await listener.closeFuture.get()
            await allConnectionsEnded()
        } onCancel: {
            cut()
        }
    }

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try take(channel) }
            }
    }

    private func take(_ channel: any Channel) throws {
        let connection = ExchangeConnection<CalleeRole>(window: configuration.window) { [self] channel in
            let outbox = Outbox(
                maxQueuedBytes: configuration.maxQueuedBytes, meter: meter, logger: logger)
            return ExchangeStream(CalleeRole(of: self, on: channel, outbox: outbox), outbox: outbox)
        }
        try configuration.configure(channel, .server, connection) { [failures] in
            failures.tell($0, of: channel)
        }
        let isStopping = state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = Connection(channel: channel)
            return state.isStopping
        }
        channel.closeFuture.whenComplete { _ in self.closed(channel) }
        if isStopping { channel.close(promise: nil) } else { closeUnlessUsed(channel) }
    }

    private func closed(_ channel: any Channel) {
        let whenEmpty = state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = nil
            return state.connections.isEmpty ? state.whenEmpty.take() : nil
        }
        whenEmpty?.resume()
    }

    private func allConnectionsEnded() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.connections.isEmpty { state.whenEmpty = continuation }
                return state.connections.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }

    /// Ends a connection on which nobody has a stream after the time that a hello may take.
    private func closeUnlessUsed(_ channel: any Channel) {
        channel.eventLoop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) { [self] in
            let isUsed = state.withLock { $0.connections[ObjectIdentifier(channel)]?.outbox != nil }
            if !isUsed { channel.close(promise: nil) }
        }
    }

    // MARK: Streams

    /// A stream is there. False if it may not be used, since the server stops.
    func began(_ outbox: Outbox, on channel: any Channel) -> Bool {
        state.withLock { state in
            guard !state.isStopping else { return false }
            state.connections[ObjectIdentifier(channel)]?.outbox = outbox
            return true
        }
    }

    func admitted(_ peer: NodeID, named name: String, address: String) {
        causes.clear(name)
        logger.info("a peer has connected", metadata: ["peer": "\(name)", "address": "\(address)"])
        whenAdmitted(peer)
    }

    /// The connection's stream is over. The caller closes it; what it does not close is closed.
    func ended(on channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)]?.outbox = nil }
        if channel.isActive { closeUnlessUsed(channel) }
    }

    func log(_ message: Logger.Message, _ reason: String, subject: String, address: String) {
        let isNews = causes.isNews(reason, about: subject)
        logger.log(
            level: isNews ? .warning : .debug, message,
            metadata: ["peer": "\(subject)", "address": "\(address)", "reason": "\(reason)"])
    }

    // MARK: The end

    /// Takes no more connections and streams, and lets those that are up send their queued replies.
    func stop() {
        let (listener, connections) = state.withLock { state in
            state.isStopping = true
            return (state.listener, Array(state.connections.values))
        }
        listener?.close(promise: nil)
        for connection in connections {
            if let outbox = connection.outbox {
                outbox.finish()
            } else {
                connection.channel.close(promise: nil)
            }
        }
    }

    private func cut() {
        stop()
        for connection in state.withLock({ Array($0.connections.values) }) {
            connection.channel.close(promise: nil)
        }
    }
}

/// The server ran and ended; it can't be asked or run again.
struct ServerHasStopped: Error {}

/// The port that a server listens on, for those who wait for it.
private final class ListeningPort: Sendable {
    private enum State {
        case awaited([CheckedContinuation<Int, any Error>])
        case known(Int)
        case gone
    }

    private let state = Mutex(State.awaited([]))

    /// - Throws: `ServerHasStopped`.
    var value: Int {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let known: Result<Int, any Error>? = state.withLock { state in
                    switch state {
                    case .awaited(let waiting):
                        state = .awaited(waiting + [continuation])
                        return nil
                    case .known(let port): return .success(port)
                    case .gone: return .failure(ServerHasStopped())
                    }
                }
                if let known { continuation.resume(with: known) }
            }
        }
    }

    func set(_ port: Int) { tell(.known(port), .success(port)) }

    func end() { tell(.gone, .failure(ServerHasStopped())) }

    private func tell(_ next: sending State, _ result: Result<Int, any Error>) {
        let waiting = state.withLock { state in
            defer { state = next }
            if case .awaited(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(with: result) }
    }
}
