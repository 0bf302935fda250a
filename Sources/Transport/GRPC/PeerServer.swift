import Cluster
import ClusterCore
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The called side: takes the streams that peers open, checks who they are, and hands their requests on.
final class PeerServer: Sendable {
    private struct State {
        var isStopping = false
        var nextStream = 0
        /// The ways back on the streams that are under way.
        var outboxes: [Int: Outbox] = [:]
    }

    /// What one of a stream's tasks has come to.
    private enum Event {
        case read(StreamEnd)
        case written
        case helloIsDue
    }

    private let configuration: GRPCPeerTransport.Configuration
    private let admission: Admission
    private let handler: any PeerHandler
    private let admitted: @Sendable (NodeID) -> Void
    private let logger: Logger
    /// Let go when `run` ends: in its deinit it still uses the event loops, which are only promised until then.
    private let transport: Mutex<HTTP2ServerTransport.Posix?>
    private let causes = CauseLog()
    private let state = Mutex(State())

    /// - Parameter admitted: Called with each peer whose stream has been accepted.
    init(
        configuration: GRPCPeerTransport.Configuration, admission: Admission, handler: any PeerHandler,
        group: MultiThreadedEventLoopGroup, logger: Logger, admitted: @escaping @Sendable (NodeID) -> Void
    ) throws {
        self.configuration = configuration
        self.admission = admission
        self.handler = handler
        self.admitted = admitted
        self.logger = logger
        transport = Mutex(
            HTTP2ServerTransport.Posix(
                address: try configuration.bindAddress(), transportSecurity: .plaintext,
                config: configuration.server, eventLoopGroup: group))
    }

    var listeningPort: Int {
        get async throws {
            guard let transport = transport.withLock(\.self) else { throw ServerHasStopped() }
            let address = try await transport.listeningAddress
            return address.ipv4?.port ?? address.ipv6!.port
        }
    }

    /// Serves until `stop` and until the last stream has ended.
    func run() async throws {
        guard let transport = transport.withLock(\.self) else { throw ServerHasStopped() }
        defer { self.transport.withLock { $0 = nil } }
        var context = GRPCServerContext()
        context.methods = [PeerExchange.descriptor]
        transport.configure(context: context)
        try await transport.listen { stream, context in
            await self.serve(stream, from: context.remotePeer)
        }
    }

    /// Takes no more streams, and lets those that are up send their queued replies.
    func stop() {
        let outboxes = state.withLock { state in
            state.isStopping = true
            return Array(state.outboxes.values)
        }
        for outbox in outboxes { outbox.finish() }
        transport.withLock(\.self)?.beginGracefulShutdown()
    }

    // MARK: One stream

    private func serve(_ stream: PeerExchange.ServerStream, from address: String) async {
        let status: Status
        let replies = Outbox(maxQueuedBytes: configuration.maxQueuedBytes, logger: logger)
        replies.begin()
        if stream.descriptor.fullyQualifiedMethod != PeerExchange.descriptor.fullyQualifiedMethod {
            status = Status(code: .unimplemented, message: "no such method")
        } else if let id = register(replies) {
            status = await exchange(on: stream, from: address, replies: replies)
            state.withLock { _ = $0.outboxes.removeValue(forKey: id) }
        } else {
            status = .stopping
        }
        replies.close()
        // The peer may be gone already; then nobody wants the status.
        try? await stream.outbound.write(.status(status, [:]))
        await stream.outbound.finish()
    }

    private func register(_ outbox: Outbox) -> Int? {
        state.withLock { state in
            guard !state.isStopping else { return nil }
            state.nextStream += 1
            state.outboxes[state.nextStream] = outbox
            return state.nextStream
        }
    }

    private func exchange(
        on stream: PeerExchange.ServerStream, from address: String, replies: Outbox
    ) async -> Status {
        await withTaskGroup(of: Event.self) { group in
            group.addTask {
                .read(await self.read(stream, from: address, replies: replies))
            }
            group.addTask {
                await self.write(replies, to: stream.outbound)
                return .written
            }
            group.addTask { [configuration] in
                _ = try? await Task.sleep(for: configuration.connectTimeout)
                return .helloIsDue
            }
            var status: Status?
            for await event in group {
                switch event {
                case .read(.finished):
                    status = status ?? .ok
                    replies.finish()
                case .read(let end):
                    status = status ?? end.status
                    group.cancelAll()
                    replies.close()
                case .written:
                    status = status ?? .stopping
                    group.cancelAll()
                case .helloIsDue:
                    guard status == nil, replies.isOpening else { continue }
                    let refusal = Refusal(.helloTimedOut, "it has sent no hello in time")
                    refuse(refusal, subject: address.withoutPort, address: address)
                    status = refusal.status
                    group.cancelAll()
                    replies.close()
                }
            }
            return status!
        }
    }

    private func write(_ replies: Outbox, to outbound: HTTP2ServerTransport.Posix.Outbound) async {
        do {
            while let batch = await replies.next() {
                try await outbound.write(.message(.init(batch)))
            }
        } catch {
            logger.debug("the stream takes no more replies", metadata: ["error": "\(error)"])
        }
    }

    private func read(
        _ stream: PeerExchange.ServerStream, from address: String, replies: Outbox
    ) async -> StreamEnd {
        var peer: NodeID?
        var subject = address.withoutPort
        do {
            for try await part in stream.inbound {
                guard case .message(let bytes) = part else { continue }
                if let peer {
                    try admission.checkLength(bytes.count, limit: configuration.maxBatchBytes)
                    handler.received(requests: bytes.array, from: peer, replies: replies)
                } else {
                    let hello = try admission.decode(bytes.array)
                    subject = hello.nodeName.shortened
                    try admission.check(hello)
                    try await stream.outbound.write(.metadata([:]))
                    try await stream.outbound.write(.message(.init(configuration.announcedHello.encode())))
                    peer = try open(replies, hello, address: address)
                }
            }
            return .finished("the peer has ended its stream")
        } catch {
            let end = StreamEnd(error)
            switch end {
            case .refused(let refusal): refuse(refusal, subject: subject, address: address)
            case .lost(let reason): log("a peer's stream is lost", reason, subject: subject, address: address)
            case .refusedByPeer, .finished: break
            }
            return end
        }
    }

    private func open(_ replies: Outbox, _ hello: PeerHello, address: String) throws -> NodeID {
        let limit = admission.batchLimit(with: hello, maxBatchBytes: configuration.maxBatchBytes)
        guard replies.open(batchLimit: limit) else { throw CancellationError() }
        causes.clear(hello.nodeName)
        logger.info(
            "a peer has connected", metadata: ["peer": "\(hello.nodeName)", "address": "\(address)"])
        let peer = NodeID(name: hello.nodeName)
        admitted(peer)
        return peer
    }

    private func refuse(_ refusal: Refusal, subject: String, address: String) {
        log("a peer's stream is refused", refusal.reason, subject: subject, address: address)
    }

    private func log(_ message: Logger.Message, _ reason: String, subject: String, address: String) {
        let isNews = causes.isNews(reason, about: subject)
        logger.log(
            level: isNews ? .warning : .debug, message,
            metadata: ["peer": "\(subject)", "address": "\(address)", "reason": "\(reason)"])
    }
}

/// The server ran and ended; it can't be asked or run again.
struct ServerHasStopped: Error {}

extension Status {
    fileprivate static let ok = Status(code: .ok, message: "")
    fileprivate static let stopping = Status(code: .unavailable, message: "the node stops")
}

extension StreamEnd {
    /// What the peer is told.
    fileprivate var status: Status {
        switch self {
        case .refused(let refusal): refusal.status
        case .finished: .ok
        case .refusedByPeer(let reason), .lost(let reason): Status(code: .unavailable, message: reason)
        }
    }
}

extension String {
    /// A gRPC peer address, `ipv4:host:port`, without the port, which changes with every attempt.
    fileprivate var withoutPort: String {
        lastIndex(of: ":").map { String(self[..<$0]) } ?? self
    }
}
