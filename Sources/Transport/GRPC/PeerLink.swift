import Cluster
import ClusterCore
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import Synchronization

/// The calling side towards one peer: keeps a stream to it, and tells the handler when it comes and goes.
///
/// Attempts follow one another, so `connected` and `disconnected` alternate, and no reply of a stream is delivered
/// after its `disconnected`.
final class PeerLink: Sendable {
    private enum Activity {
        case none
        case pause(Task<Void, Never>)
        case attempt(Task<Bool, Never>)
    }

    private struct State {
        var isStopping = false
        var activity = Activity.none
        var member: Member
    }

    private let id: NodeID
    private let configuration: GRPCPeerTransport.Configuration
    private let admission: Admission
    private let handler: any PeerHandler
    private let logger: Logger
    private let loop: any EventLoop
    private let executor: LoopExecutor
    private let outbox: Outbox
    private let causes = CauseLog()
    private let state: Mutex<State>

    init(
        to member: Member, configuration: GRPCPeerTransport.Configuration, admission: Admission,
        handler: any PeerHandler, loop: any EventLoop, logger: Logger
    ) {
        id = member.id
        state = Mutex(State(member: member))
        self.configuration = configuration
        self.admission = admission
        self.handler = handler
        self.loop = loop
        executor = LoopExecutor(loop)
        var logger = logger
        logger[metadataKey: "peer"] = "\(member.name)"
        self.logger = logger
        outbox = Outbox(maxQueuedBytes: configuration.maxQueuedBytes, logger: logger)
    }

    func send(_ batch: [UInt8]) -> SendOutcome { outbox.send(batch) }

    private var member: Member { state.withLock { $0.member } }

    /// The peer is to be found at this address from now on; what is under way to another one ends.
    func move(to member: Member) {
        let activity = state.withLock { state in
            defer { state.member = member }
            return state.member.address == member.address ? Activity.none : state.activity
        }
        cutShort(activity)
    }

    // MARK: Attempts

    /// Connects again and again until `stop`.
    func run() async {
        var random = SystemRandomNumberGenerator()
        var failures = 0
        while true {
            let attempt = Task(executorPreference: executor) { await self.connect() }
            guard begin(.attempt(attempt)) else {
                _ = await attempt.value
                break
            }
            failures = await bounded(attempt) ? 1 : failures + 1
            let delay = configuration.backoff.delay(afterFailures: failures, using: &random)
            let pause = Task { _ = try? await Task.sleep(for: delay) }
            guard begin(.pause(pause)) else { break }
            await pause.value
        }
    }

    /// Ends what is under way: a stream that is up first sends what is queued, all else is cut off.
    func stop() {
        let activity = state.withLock { state in
            state.isStopping = true
            return state.activity
        }
        cutShort(activity)
    }

    private func cutShort(_ activity: Activity) {
        switch activity {
        case .none: break
        case .pause(let pause): pause.cancel()
        case .attempt(let attempt): if !outbox.finish() { attempt.cancel() }
        }
    }

    /// The peer is known to be up, since it has just called this node: no use in waiting any longer.
    func retryNow() {
        let activity = state.withLock { $0.activity }
        if case .pause(let pause) = activity { pause.cancel() }
    }

    /// Notes what `stop` has to end; false, with the task cancelled, if that was called already.
    private func begin(_ activity: Activity) -> Bool {
        let mayRun = state.withLock { state in
            if !state.isStopping { state.activity = activity }
            return !state.isStopping
        }
        guard !mayRun else { return true }
        switch activity {
        case .none: break
        case .pause(let pause): pause.cancel()
        case .attempt(let attempt): attempt.cancel()
        }
        return false
    }

    /// Waits for `attempt`, and cuts it off if the peer has not said hello in time.
    private func bounded(_ attempt: Task<Bool, Never>) async -> Bool {
        let deadline = loop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) { [outbox] in
            if outbox.isOpening { attempt.cancel() }
        }
        defer { deadline.cancel() }
        return await withTaskCancellationHandler {
            await attempt.value
        } onCancel: {
            attempt.cancel()
        }
    }

    // MARK: One stream

    /// Makes a connection and a stream on it, and uses it to its end. Returns whether it ever was up.
    private func connect() async -> Bool {
        if Task.isCancelled { return false }
        outbox.begin()
        defer { outbox.close() }
        let sockets = Sockets()
        var config = configuration.client
        config.channelDebuggingCallbacks.onCreateTCPConnection = { sockets.add($0) }
        do {
            let transport = try HTTP2ClientTransport.Posix(
                target: member.target, transportSecurity: .plaintext, config: config, eventLoopGroup: loop)
            let connection = Task { try await transport.connect() }
            // A call that is cancelled before it waits for the connection would wait for ever, had it not been shut down.
            let wasUp = await withTaskCancellationHandler {
                await call(over: transport)
            } onCancel: {
                transport.beginGracefulShutdown()
                connection.cancel()
                sockets.close()
            }
            // An orderly end first; then whatever is left, such as a connect that nobody answers.
            transport.beginGracefulShutdown()
            connection.cancel()
            sockets.close()
            _ = await connection.result
            return wasUp
        } catch {
            report(StreamEnd(error), wasUp: false)
            return false
        }
    }

    private func call(over transport: HTTP2ClientTransport.Posix) async -> Bool {
        var options = CallOptions.defaults
        options.waitForReady = false
        options.maxRequestMessageBytes = PeerExchange.receiveLimit(maxBatchBytes: configuration.maxBatchBytes)
        do {
            return try await transport.withStream(descriptor: PeerExchange.descriptor, options: options) {
                stream, _ in
                await self.exchange(on: stream)
            }
        } catch {
            report(StreamEnd(error), wasUp: false)
            return false
        }
    }

    private func exchange(on stream: PeerExchange.ClientStream) async -> Bool {
        let (end, wasUp) = await withTaskGroup(of: (StreamEnd, wasUp: Bool)?.self) { group in
            group.addTask {
                await self.write(to: stream.outbound)
                return nil
            }
            group.addTask { await self.read(from: stream.inbound) }
            var result: (StreamEnd, wasUp: Bool)?
            for await ended in group {
                guard let ended else { continue }
                result = ended
                outbox.close()
                group.cancelAll()
            }
            return result!
        }
        if wasUp { handler.disconnected(id, reason: end.reason) }
        report(end, wasUp: wasUp)
        return wasUp
    }

    /// An error means that the stream is gone, which the reader hears of too, with the reason.
    private func write(to outbound: HTTP2ClientTransport.Posix.Outbound) async {
        do {
            try await outbound.write(.metadata([:]))
            try await outbound.write(.message(.init(configuration.announcedHello.encode())))
            while let batch = await outbox.next() {
                try await outbound.write(.message(.init(batch)))
            }
        } catch {
            logger.debug("the stream takes no more", metadata: ["error": "\(error)"])
        }
        await outbound.finish()
    }

    private func read(
        from inbound: HTTP2ClientTransport.Posix.Inbound
    ) async -> (StreamEnd, wasUp: Bool) {
        var isUp = false
        do {
            for try await part in inbound {
                switch part {
                case .metadata:
                    continue
                case .status(let status, _):
                    return (StreamEnd(status), isUp)
                case .message(let bytes) where isUp:
                    try admission.checkLength(bytes.count, limit: configuration.maxBatchBytes)
                    handler.received(replies: bytes.array, from: id)
                case .message(let bytes):
                    let hello = try admission.decode(bytes.array)
                    try admission.check(hello, expected: member)
                    guard open(hello) else { throw CancellationError() }
                    isUp = true
                }
            }
            return (.lost("the stream has broken off"), isUp)
        } catch {
            return (StreamEnd(error), isUp)
        }
    }

    private func open(_ hello: PeerHello) -> Bool {
        let limit = admission.batchLimit(with: hello, maxBatchBytes: configuration.maxBatchBytes)
        guard outbox.open(batchLimit: limit) else { return false }
        causes.clear(member.name)
        logger.info(
            "connected to the peer",
            metadata: [
                "address": "\(member.address)", "engine": "\(hello.engine)",
                "version": "\(hello.softwareVersion)",
            ])
        handler.connected(id, hello)
        return true
    }

    private func report(_ end: StreamEnd, wasUp: Bool) {
        let level: Logger.Level = causes.isNews(end.reason, about: member.name) ? .warning : .debug
        let reason: Logger.Metadata = ["address": "\(member.address)", "reason": "\(end.reason)"]
        switch end {
        case .refused: logger.log(level: level, "the peer is refused", metadata: reason)
        case .refusedByPeer: logger.log(level: level, "the peer refuses this node", metadata: reason)
        case .lost where wasUp: logger.log(level: level, "the peer is lost", metadata: reason)
        case .lost: logger.log(level: level, "the peer can't be reached", metadata: reason)
        case .finished: logger.info("the stream to the peer has ended", metadata: reason)
        }
    }
}

/// The TCP connections of one attempt, also those that are not yet up: gRPC would wait for them.
private final class Sockets: Sendable {
    private struct State {
        var channels: [any Channel] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    func add(_ channel: any Channel) -> EventLoopFuture<Void> {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.channels.append(channel) }
            return state.isClosed
        }
        return isClosed ? channel.close() : channel.eventLoop.makeSucceededVoidFuture()
    }

    func close() {
        let channels = state.withLock { state in
            state.isClosed = true
            return state.channels
        }
        for channel in channels { channel.close(promise: nil) }
    }
}

extension Member {
    /// What gRPC resolves: an address as it stands, a name by DNS at every attempt, since a peer may move.
    fileprivate var target: any ResolvableTarget {
        let (host, port) = hostAndPort
        switch try? NIOCore.SocketAddress(ipAddress: host, port: port ?? 0).protocol {
        case .inet?: return .ipv4(address: host, port: port ?? 0)
        case .inet6?: return .ipv6(address: host, port: port ?? 0)
        default: return .dns(host: host, port: port)
        }
    }

    /// `host:port`, with an IPv6 host in brackets.
    private var hostAndPort: (host: String, port: Int?) {
        guard let colon = address.lastIndex(of: ":") else { return (address, nil) }
        var host = address[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        return (String(host), Int(address[address.index(after: colon)...]))
    }
}
