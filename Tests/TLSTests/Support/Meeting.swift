import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import TLS

/// What one end of a connection made of the other.
enum Outcome: Equatable, Sendable {
    /// It has had bytes from the other end, which has proved to be this; nil without a proof.
    case talked(CertificateIdentity?)
    case failed(TLSFailure.Cause, String)
    /// The connection was closed without a word.
    case closed

    var cause: TLSFailure.Cause? { if case .failed(let cause, _) = self { cause } else { nil } }
    var reason: String { if case .failed(_, let reason) = self { reason } else { "" } }
}

/// Has one end begin its part of a connection, before all other handlers. A server is told of failures, a client finds them in
/// its pipeline.
typealias Beginning =
    @Sendable (any Channel, _ whenFailed: @escaping @Sendable (TLSFailure) -> Void) throws -> Void

extension TLSEndpoint {
    func server(accepting identity: IdentityRule? = nil) -> Beginning {
        { try self.secureServer($0, accepting: identity, whenFailed: $1) }
    }

    func client(to identity: IdentityRule) -> Beginning {
        { channel, _ in try self.secureClient(channel, to: identity) }
    }
}

/// An end that knows nothing of kvnode's rules: it presents what it is told to, and accepts everything.
enum Stranger {
    static func client(_ files: CredentialFiles?) -> Beginning {
        { channel, _ in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            try present(files, in: &configuration)
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: nil)
            )
        }
    }

    static func server(_ files: CredentialFiles) -> Beginning {
        { channel, _ in
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: [],
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.holder!.key, format: .pem)))
            try present(files, in: &configuration)
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(context: NIOSSLContext(configuration: configuration)))
        }
    }

    /// Plain text.
    static let plain: Beginning = { _, _ in }

    private static func present(_ files: CredentialFiles?, in configuration: inout TLSConfiguration) throws {
        guard let holder = files?.holder else { return }
        configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(holder.certificate).map {
            .certificate($0)
        }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: holder.key, format: .pem))
    }
}

/// A server on the loopback address, and connections to it whose two ends say hello to each other.
final class Meeting: Sendable {
    /// One connection.
    struct Connection: Sendable {
        let client: any Channel
        /// What each end made of the other when it came to know.
        let clientOutcome: EventLoopFuture<Outcome>
        let serverOutcome: EventLoopFuture<Outcome>
        /// What the server was told after it had talked; never completed if nothing was.
        let laterFailure: EventLoopFuture<TLSFailure>
    }

    private final class Accepted: Sendable {
        let outcomes = Mutex<[(outcome: EventLoopFuture<Outcome>, later: EventLoopFuture<TLSFailure>)]>([])
    }

    private static let group = MultiThreadedEventLoopGroup.singleton
    private let listener: any Channel
    private let accepted: Accepted

    init(server begin: @escaping Beginning) async throws {
        let accepted = Accepted()
        self.accepted = accepted
        listener = try await ServerBootstrap(group: Self.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let outcome = Once<Outcome>(channel.eventLoop)
                    let later = Once<TLSFailure>(channel.eventLoop)
                    try Self.begin(channel, begin, outcome, later, speaksFirst: false)
                    accepted.outcomes.withLock { $0.append((outcome.future, later.future)) }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { listener.localAddress!.port! }

    func close() async throws { try await listener.close() }

    /// What the server made of the last connection that it took.
    func lastServerOutcome() async throws -> Outcome {
        try await accepted.outcomes.withLock { $0.last!.outcome }.get()
    }

    /// Connects, and waits until both ends know what to make of it.
    func connect(_ begin: @escaping Beginning) async throws -> Connection {
        let loop = Self.group.next()
        let outcome = Once<Outcome>(loop)
        let later = Once<TLSFailure>(loop)
        let client = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.begin(channel, begin, outcome, later, speaksFirst: true)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let clientOutcome = outcome.future
        _ = try await clientOutcome.get()
        let server = accepted.outcomes.withLock { $0.last! }
        _ = try await server.outcome.get()
        return Connection(
            client: client, clientOutcome: clientOutcome, serverOutcome: server.outcome,
            laterFailure: server.later)
    }

    /// As `connect`; gives what each made of the other, and ends the connection.
    func outcomes(_ begin: @escaping Beginning) async throws -> (client: Outcome, server: Outcome) {
        let connection = try await connect(begin)
        connection.client.close(promise: nil)
        return (try await connection.clientOutcome.get(), try await connection.serverOutcome.get())
    }

    private static func begin(
        _ channel: any Channel, _ begin: Beginning, _ outcome: Once<Outcome>, _ later: Once<TLSFailure>,
        speaksFirst: Bool
    ) throws {
        try begin(channel) { failure in
            if outcome.succeed(.failed(failure.cause, failure.reason)) { return }
            later.succeed(failure)
        }
        try channel.pipeline.syncOperations.addHandler(Talker(outcome, speaksFirst: speaksFirst))
    }
}

/// A promise of which only the first fulfilment counts.
final class Once<Value: Sendable>: Sendable {
    private let promise: EventLoopPromise<Value>
    private let isDone = Atomic(false)

    init(_ loop: any EventLoop) { promise = loop.makePromise() }

    /// A value that never comes is nobody's loss, but a promise must be kept.
    deinit { promise.fail(ChannelError.alreadyClosed) }

    var future: EventLoopFuture<Value> { promise.futureResult }

    /// False if it was done before.
    @discardableResult
    func succeed(_ value: Value) -> Bool {
        guard !isDone.exchange(true, ordering: .acquiringAndReleasing) else { return false }
        promise.succeed(value)
        return true
    }
}

/// Says hello, and hears it.
private final class Talker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let outcome: Once<Outcome>
    private let speaksFirst: Bool

    init(_ outcome: Once<Outcome>, speaksFirst: Bool) {
        self.outcome = outcome
        self.speaksFirst = speaksFirst
    }

    func channelActive(context: ChannelHandlerContext) {
        if speaksFirst { say(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !speaksFirst { say(context) }
        outcome.succeed(.talked(TLSEndpoint.certificate(on: context.channel)?.identity))
    }

    private func say(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "hello\n")), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { outcome.succeed(.closed) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = error as? TLSFailure, speaksFirst {
            outcome.succeed(.failed(failure.cause, failure.reason))
        }
        context.close(promise: nil)
    }
}
