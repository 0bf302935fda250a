import NIOCore

/// Keeps the time of a connection's bytes, nearest to the socket: when the client last sent some, since when a
/// request has been coming in, and whether the client takes what it is sent. The connection's handler asks at
/// each tick.
final class ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What an operator sets.
    struct Limits: Sendable {
        /// How long the client may send nothing when it has taken all replies; nil for ever.
        var idleTimeout: TimeAmount?
        /// How long it may take nothing of a reply.
        var stallTimeout: TimeAmount
        /// How long one request may take to come in.
        var requestTimeout: TimeAmount

        /// How often the connection is looked at; a limit is kept to within this.
        var tick: TimeAmount {
            let least = min(idleTimeout ?? stallTimeout, stallTimeout, requestTimeout)
            return max(.milliseconds(5), .nanoseconds(least.nanoseconds / 4))
        }
    }

    private let limits: Limits
    private var context: ChannelHandlerContext?
    /// Of the last byte either way.
    private var lastProgress = NIODeadline.now()
    /// When the first byte of the request that is coming in came; nil between requests.
    private var requestStart: NIODeadline?
    private var unsentBytes = 0

    init(limits: Limits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastProgress = .now()
        if requestStart == nil { requestStart = lastProgress }
        context.fireChannelRead(data)
    }

    /// A request's head is complete: its deadline counts from its first byte, or from now if that came along
    /// with the request before it.
    func requestBegins() { if requestStart == nil { requestStart = .now() } }

    /// The request is complete, or isn't wanted any more.
    func requestEnds() { requestStart = nil }

    /// The reply is on its way: what the client sent of its next request meanwhile has its time from now.
    func replyBegins() {
        lastProgress = .now()
        if requestStart != nil { requestStart = lastProgress }
    }

    /// Whether replies are waiting for the client to take them.
    var hasUnsentBytes: Bool { bufferedBytes > 0 }

    private var bufferedBytes: Int {
        guard let options = context?.channel.syncOptions else { return 0 }
        // Fails only when the channel is gone, with all that it held.
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    enum Verdict {
        case fine
        /// Nothing of a request came for too long.
        case idle
        /// Nothing of a reply was taken for too long.
        case stalled
        /// A request has been coming in for too long.
        case slowRequest
    }

    /// To be called once a tick.
    func look() -> Verdict {
        let (before, now) = (unsentBytes, NIODeadline.now())
        unsentBytes = bufferedBytes
        // Also when the last of it was taken: idleness begins then.
        if unsentBytes != before { lastProgress = now }
        if unsentBytes > 0, now - lastProgress >= limits.stallTimeout { return .stalled }
        if unsentBytes == 0, let idle = limits.idleTimeout, now - lastProgress >= idle { return .idle }
        if let requestStart, now - requestStart >= limits.requestTimeout { return .slowRequest }
        return .fine
    }

    /// Calls `body` when all that was written has gone to the client, or can't go any more.
    func whenSent(_ body: @escaping @Sendable () -> Void) {
        guard let context else { return body() }
        // Writes end in their order, so an empty one ends when all before it have.
        context.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { _ in body() }
    }
}
