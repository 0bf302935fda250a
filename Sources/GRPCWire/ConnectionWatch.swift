package import NIOCore
import NIOHTTP2

/// Watches a connection of HTTP/2: pings a peer that is silent, and closes when it does not answer or breaks the protocol.
///
/// Stands behind an `IdleStateHandler`, which tells of the silence, and NIO's handler of HTTP/2.
package final class ConnectionWatch: ChannelInboundHandler {
    package typealias InboundIn = HTTP2Frame
    package typealias InboundOut = HTTP2Frame
    package typealias OutboundOut = HTTP2Frame

    private let timeout: TimeAmount
    /// Set while the answer to a ping is awaited.
    private var deadline: Scheduled<Void>?

    /// - Parameter timeout: For the answer to a ping.
    package init(timeout: TimeAmount) { self.timeout = timeout }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
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

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if deadline != nil, case .ping(_, ack: true) = unwrapInboundIn(data).payload { answered() }
        context.fireChannelRead(data)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What has befallen one stream is no matter of the connection's: it was reset.
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        answered()
        context.fireChannelInactive()
    }

    private func answered() {
        deadline?.cancel()
        deadline = nil
    }
}
