import NIOCore
import NIOHTTP2

/// Watches a connection of HTTP/2: pings a peer that is silent, and closes when it does not answer or breaks the protocol.
final class ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let timeout: TimeAmount
    /// Set while the answer to a ping is awaited.
    private var deadline: Scheduled<Void>?

    private init(timeout: TimeAmount) { self.timeout = timeout }

    /// Has `channel` speak HTTP/2 under watch.
    ///
    /// - Parameter onStream: Prepares a stream that the peer opens.
    static func configure(
        _ channel: any Channel, _ mode: NIOHTTP2Handler.ParserMode,
        _ configuration: GRPCPeerTransport.Configuration,
        onStream: @escaping NIOChannelInitializer
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(configuration.keepaliveTime)))
        _ = try pipeline.configureHTTP2Pipeline(
            mode: mode, connectionConfiguration: configuration.connection(mode),
            streamConfiguration: configuration.stream, inboundStreamInitializer: onStream)
        try pipeline.addHandler(ConnectionWatch(timeout: TimeAmount(configuration.keepaliveTimeout)))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case IdleStateHandler.IdleStateEvent.read = event, deadline == nil {
            let ping = HTTP2Frame(
                streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 0), ack: false))
            context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
            deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .ping(_, ack: true) = unwrapInboundIn(data).payload { answered() }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answered()
        context.fireChannelInactive()
    }

    private func answered() {
        deadline?.cancel()
        deadline = nil
    }
}
