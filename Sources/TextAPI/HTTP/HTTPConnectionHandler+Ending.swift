import NIOCore
import NIOHTTP1

// Replies, and how a connection ends.

extension HTTPConnectionHandler {
    /// How long a connection whose last reply was taken waits for the client's end. Closing at once, with bytes
    /// of the client unread, would reset the connection and might take the reply with it.
    private static let lingerTime = TimeAmount.seconds(1)

    /// Sends the reply to a request that was read to its end.
    func send(_ reply: HTTPReply, _ context: ChannelHandlerContext) {
        guard exchange.keepAlive, !shared.connections.isQuiescing else { return sendLast(reply, context) }
        // Before the write, in which the pipeline handler may already hand over the next request.
        state = .idle
        let isHead = exchange.isHead
        write(reply, close: false, isHead: isHead, context)
    }

    /// Sends a reply after which the connection ends.
    func sendLast(_ reply: HTTPReply, _ context: ChannelHandlerContext) {
        state = .closing
        write(reply, close: true, isHead: exchange.isHead, context)
        let channel = context.channel
        // Not before: closing the output drops what hasn't gone out yet.
        watch.whenSent {
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: Self.lingerTime) { channel.close(promise: nil) }
        }
    }

    private func write(_ reply: HTTPReply, close: Bool, isHead: Bool, _ context: ChannelHandlerContext) {
        depth += 1
        defer { depth -= 1 }
        watch.replyBegins()
        if reply.status == .tooManyRequests { pause.begin() }
        var head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: reply.headers)
        head.headers.add(name: "date", value: shared.date.now)
        if close { head.headers.add(name: "connection", value: "close") }
        if let body = reply.body { head.headers.add(name: "content-length", value: "\(body.count)") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = reply.body, !body.isEmpty, !isHead {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Closes the connection when the client has taken the replies before.
    private func closeWhenSent(_ context: ChannelHandlerContext) {
        state = .closing
        let channel = context.channel
        watch.whenSent { channel.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        // The client sends no more, but may still read.
        switch state {
        case .held, .waiting: exchange.keepAlive = false
        case .idle, .receiving, .refusing: closeWhenSent(context)
        case .closing: break
        }
    }

    func tick(_ context: ChannelHandlerContext) {
        switch (watch.look(), state) {
        // The store answers within the request's own timeout.
        case (.fine, _), (_, .waiting): break
        case (_, .receiving) where !watch.hasUnsentBytes, (_, .refusing) where !watch.hasUnsentBytes:
            let problem = Problem(.requestTimeout, "request_timeout", "the rest of the request is late")
            sendLast(problem.reply, context)
        // In a head that isn't complete: there is no request yet that a reply could belong to.
        case (.slowRequest, .idle), (.slowRequest, .receiving), (.slowRequest, .refusing), (.idle, _),
            (.stalled, _):
            context.close(promise: nil)
        case (.slowRequest, .held), (.slowRequest, .closing): break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (state, error as? HTTPParserError) {
        case (.closing, _): break
        case (_, nil): context.close(promise: nil)
        case (_, .invalidEOFState): closeWhenSent(context)
        case (_, .headerOverflow):
            let problem = Problem(
                .requestHeaderFieldsTooLarge, "header_too_large", "the request's header is too long")
            sendLast(problem.reply, context)
        default:
            sendLast(
                Problem(.badRequest, "not_http", "this isn't a well-formed HTTP/1.1 request").reply, context)
        }
    }
}
