import GRPCCore
import NIOCore
import NIOPosix

/// Asks whether a node's process still turns to its connections, and nothing else of it.
///
/// A connection is opened and its sending side closed at once. Whatever comes back, be it the protocol's first words, the end of the
/// connection, or its refusal for want of room, comes from the event loop of a process that is alive. Nothing is said,
/// so that it is the same with TLS and without, and a certificate that has expired makes no node look dead.
struct LivenessProbe {
    var address: HostPort
    /// From the first packet to the answer.
    var timeout: Duration

    /// - Throws: `RPCError` (`unavailable`) if nobody is there, or nobody answers in time.
    func run() async throws {
        let limit = TimeAmount(timeout)
        let answer = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        let overdue = answer.futureResult.eventLoop.scheduleTask(in: limit) { answer.fail(Overdue()) }
        answer.futureResult.whenComplete { _ in overdue.cancel() }
        let connection = ClientBootstrap(group: answer.futureResult.eventLoop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(answer))
                }
            }
            .connect(host: address.host, port: address.port)
        connection.whenFailure { answer.fail($0) }
        do {
            try await answer.futureResult.get()
        } catch {
            throw RPCError(code: .unavailable, message: "\(address) does not answer: \(error)")
        }
    }

    private struct Overdue: Error, CustomStringConvertible {
        var description: String { "the time for it is over" }
    }
}

/// Says nothing, and keeps its promise once something or the end has come.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answer: EventLoopPromise<Void>

    init(_ answer: EventLoopPromise<Void>) { self.answer = answer }

    func channelActive(context: ChannelHandlerContext) { context.close(mode: .output, promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { end(context) }

    func channelInactive(context: ChannelHandlerContext) { answer.succeed() }

    /// That the other end has broken the connection off is an answer as well.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(context) }

    private func end(_ context: ChannelHandlerContext) {
        answer.succeed()
        context.close(promise: nil)
    }
}
