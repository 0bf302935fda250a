import Access
import Cluster
import ClusterCore
import Logging
import NIOCore
import NIOHTTP1

/// Serves the requests of one connection, one after the other, without a task or a future for any of them.
///
/// Behind NIO's pipeline handler, which holds back the next request until the last one's reply is written:
/// replies keep the order of the requests, and what a client pipelines waits in its socket. A request is also
/// held back while the client doesn't take the replies before it, so a connection never holds more than one
/// reply and one request.
final class HTTPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What all connections share.
    struct Shared: Sendable {
        var service: any KeyValueService
        /// Of the service.
        var isTracing: Bool
        var access: AccessControl
        var rules: RequestRules
        var maxBodyBytes: Int
        var date: HTTPDate
        /// For the one thing that the store does asynchronously.
        var executor: EventLoopTaskExecutor
        var times: ConnectionWatch.Limits
        let budget: ReceiveBudget
        let metrics: MetricsPage
        let console: ConsoleAnswers
        let connections: ConnectionRegistry
    }

    /// What belongs to the request that is being served.
    struct Exchange {
        var isHead = false
        var keepAlive = true
        /// What it is, as far as rights are concerned, and in which bucket.
        var operation = Operation.health
        var bucket = ""
        /// Whose it is; empty for nobody's.
        var user = ""
        /// The trace that it is part of, if its client says so.
        var trace: TraceContext?
        /// Who it comes from, if it is audited.
        var caller: Caller?
        /// Its password is being hashed.
        var isBeingIdentified = false
    }

    enum State {
        case idle
        /// The body is coming in.
        case receiving(HTTPPlan, limit: Int)
        /// The reply is decided, and is sent when the rest of a short body has been passed over.
        case refusing(HTTPReply)
        /// Complete, but the client has to take earlier replies first, or the stack is to be unwound.
        case held(HTTPPlan)
        /// The store has it.
        case waiting
        /// The last reply is sent; whatever still comes in is passed over.
        case closing
    }

    /// A body that isn't wanted and no longer than this is passed over, so that the connection lives on.
    private static let passableBodyBytes = 64 << 10
    /// Bytes that are reserved for a body on the word of its header alone.
    private static let maxReservedBytes = 64 << 10
    /// Replies that may be written one within the other: the pipeline handler hands over the next pipelined
    /// request from within the write of a reply.
    private static let maxDepth = 4

    let shared: Shared
    let watch: ConnectionWatch
    let pause: ReadPause
    var state = State.idle
    var exchange = Exchange()
    var identity: HeaderIdentity
    var body: [UInt8] = []
    /// Bytes of the body that came, kept or not.
    private var receivedBytes = 0
    private var received: ReceivedBytes
    /// Replies that are being written right now, one within the other.
    var depth = 0
    private(set) var context: ChannelHandlerContext?
    private var ticks: RepeatedTask?

    /// - Parameters:
    ///   - watch: Of the same channel, at its head.
    ///   - pause: Likewise.
    init(shared: Shared, watch: ConnectionWatch, pause: ReadPause) {
        self.shared = shared
        self.watch = watch
        self.pause = pause
        received = ReceivedBytes(of: shared.budget)
        identity = HeaderIdentity(shared.access, over: .http)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let tick = shared.times.tick
        ticks = context.eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { _ in me.value.tick()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        ticks?.cancel()
        ticks = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        identity = HeaderIdentity(shared.access, over: .http, address: context.channel.clientAddress)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closing
        context.fireChannelInactive()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): received(head, context)
        case .body(let part): received(part, context)
        case .end: receivedEnd(context)
        }
    }

    private func received(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if case .closing = state { return }
        // After an upgrade is offered, the decoder passes on nothing more of this connection.
        let isUpgrade = head.headers.contains(name: "upgrade") || head.method == .CONNECT
        exchange = Exchange(isHead: head.method == .HEAD, keepAlive: head.isKeepAlive && !isUpgrade)
        body = []
        receivedBytes = 0
        watch.requestBegins()
        do throws(Problem) {
            let (route, query) = try HTTPRoute.find(head)
            try head.checkOrigin()
            try identify(route, head, context)
            let plan = try HTTPPlan(
                route, query, head, isReady: shared.service.isReady, rules: shared.rules)
            if shared.isTracing, let header = head.headers.first(name: "traceparent") {
                exchange.trace = TraceContext(traceparent: header)
            }
            let limit = plan.bodyLimit(values: shared.maxBodyBytes)
            let announced = Self.announcedLength(head.headers)
            if let announced, announced > limit { throw Self.tooLarge(limit) }
            try answerExpectation(head, context)
            if case .put = plan, let announced {
                body.reserveCapacity(min(announced, Self.maxReservedBytes))
            }
            state = .receiving(plan, limit: limit)
        } catch {
            refuse(error, head, context)
        }
    }

    private static func announcedLength(_ headers: HTTPHeaders) -> Int? {
        headers.first(name: "content-length").flatMap { Int($0) }
    }

    private static func tooLarge(_ limit: Int) -> Problem {
        Problem(.payloadTooLarge, "too_large", "the body has more than \(limit) bytes")
    }

    private func answerExpectation(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) throws(Problem)
    {
        guard let expectation = head.headers.first(name: "expect") else { return }
        guard expectation.lowercased() == "100-continue" else {
            throw Problem(.expectationFailed, "expectation_failed", "only 100-continue can be expected")
        }
        guard head.version.major == 1, head.version.minor >= 1 else { return }
        let interim = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
    }

    /// Sends the problem now if a long body, or one of unknown length, is still to come; else after the body.
    private func refuse(_ problem: Problem, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let isShort =
            !head.headers.contains(name: "transfer-encoding") && !head.headers.contains(name: "expect")
            && (Self.announcedLength(head.headers) ?? 0) <= Self.passableBodyBytes
        if isShort {
            state = .refusing(problem.reply)
        } else {
            sendLast(problem.reply, context)
        }
    }

    private func received(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .receiving(let plan, let limit) = state else { return }
        receivedBytes += part.readableBytes
        guard receivedBytes <= limit else {
            letGoOfBody()
            return sendLast(Self.tooLarge(limit).reply, context)
        }
        guard plan.wantsBody else { return }
        guard received.hold(receivedBytes) else {
            letGoOfBody()
            return sendLast(Self.noRoom.reply, context)
        }
        body.append(contentsOf: part.readableBytesView)
    }

    private func letGoOfBody() {
        body = []
        received.letGo()
    }

    private static let noRoom = Problem(
        RequestError(.overloaded, "the node's clients have sent too much that is not complete"))

    private func receivedEnd(_ context: ChannelHandlerContext) {
        watch.requestEnds()
        switch state {
        case .receiving(let plan, _):
            state = .held(plan)
            proceed(context)
        case .refusing(let reply):
            state = .held(.reply(reply))
            proceed(context)
        case .idle, .held, .waiting, .closing: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        proceed(context)
        context.fireChannelWritabilityChanged()
    }

    /// Serves the request that is held, once it can be.
    func proceed(_ context: ChannelHandlerContext) {
        guard case .held(let plan) = state, !exchange.isBeingIdentified, context.channel.isWritable else {
            return
        }
        guard depth >= Self.maxDepth else { return perform(plan, context) }
        // Many pipelined requests that are answered at once would otherwise overflow the stack.
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            if let context = me.value.context { me.value.proceed(context) }
        }
    }

    // MARK: The store

    private func perform(_ plan: HTTPPlan, _ context: ChannelHandlerContext) {
        state = .waiting
        // What the store has to do counts there.
        received.letGo()
        switch plan {
        case .reply(let reply): send(reply, context)
        case .submit(let request, let format): submit(request, format, context)
        case .put(var put, let format):
            if case .value(_, let contentType) = put.content {
                put.content = .value(body, contentType: contentType)
            }
            body = []
            var request = Request.put(put)
            do throws(RequestError) {
                try shared.rules.apply(to: &request)
                submit(request, format, context)
            } catch {
                send(Problem(error).reply, context)
            }
        case .change(var update, let encoding):
            do throws(Problem) {
                update.change = try DataChangeDocument.change(json: body, encoding)
                body = []
                submit(.update(update), HTTPReplyFormat([:]), context)
            } catch {
                send(error.reply, context)
            }
        case .getProperties(let bucket):
            send(PropertiesDocument(shared.service.properties(ofBucket: bucket)).reply, context)
        case .setProperties(let bucket): setProperties(of: bucket, context)
        case .workload: tellWorkload(context)
        case .metrics(let accept): tellMetrics(accept: accept, context)
        case .console(let question): tellConsole(question, context)
        }
    }

    private func submit(_ request: Request, _ format: HTTPReplyFormat, _ context: ChannelHandlerContext) {
        let loop = context.eventLoop
        let me = NIOLoopBound(self, eventLoop: loop)
        let source = RequestSource(.http, user: exchange.user, trace: exchange.trace)
        shared.service.submit(request, from: source) { response in
            if loop.inEventLoop {
                me.value.finish(format.reply(response))
            } else {
                loop.execute { me.value.finish(format.reply(response)) }
            }
        }
    }

    /// The reply to the request that is waiting; the connection may be gone by now.
    func finish(_ reply: HTTPReply) {
        guard case .waiting = state, let context else { return }
        send(reply, context)
    }

    private func tick() {
        if let context { tick(context) }
    }
}
