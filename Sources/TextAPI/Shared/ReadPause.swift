import NIOCore

/// Leaves what a client sends in its socket for a moment, after a request of its connection was refused as overload. Clients that
/// repeat at once what was refused, or never pause, would otherwise have a node refuse for the most of its time. On the
/// connection's event loop; nearest to the socket.
package final class ReadPause: ChannelOutboundHandler {
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let length: TimeAmount
    private var context: ChannelHandlerContext?
    /// Whether it lasts now.
    private(set) var isOn = false
    /// Whether the channel would read.
    private var wantsToRead = false

    /// - Parameter length: Of a pause; zero for none.
    package init(_ length: Duration) { self.length = TimeAmount(length) }

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    package func read(context: ChannelHandlerContext) {
        if isOn { wantsToRead = true } else { context.read() }
    }

    /// Begins a pause, unless one lasts.
    ///
    /// - Parameter whenOver: Called when it is over, unless the connection is.
    package func begin(whenOver: @escaping () -> Void = {}) {
        guard let context, !isOn, length > .zero else { return }
        isOn = true
        context.eventLoop.assumeIsolated().scheduleTask(in: length) { [self] in
            isOn = false
            guard let context = self.context else { return }
            if wantsToRead {
                wantsToRead = false
                context.read()
            }
            whenOver()
        }
    }
}
