import Access
import Cluster
import NIOCore

/// Serves one connection: its commands side by side as far as they don't touch each other's keys (`KeyUses`), its replies in
/// their order. Nothing is read while commands that have come can't begin, or replies wait for the client.
final class RESPConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What all connections share.
    struct Shared: Sendable {
        var service: any KeyValueService
        /// Milliseconds since 1970.
        var wallMillis: @Sendable () -> UInt64
        var parsing: RESPParser.Limits
        /// Commands under way at a time.
        var maxInFlight: Int
        /// Of replies that the client has not taken.
        var maxUnsentBytes: Int
        /// How slow a client may be.
        var times: ConnectionWatch.Limits
        let budget: ReceiveBudget
    }

    /// A command whose reply is not written yet.
    private struct Slot {
        var reply: RESPReply?
        /// Of the reply, as the backlog counts it.
        var byteCount = 0
        /// The version in which it is written, and all that follow.
        var version: RESPWriter.Version?
    }

    /// As in HTTP: closing at once, with bytes of the client unread, might take the last reply with it.
    private static let lingerTime = TimeAmount.seconds(1)
    /// How long a client may be about taking the last replies.
    private static let lastReplyTime = TimeAmount.seconds(30)
    /// Replies that are sent before all commands that came together have theirs, so that the channel says when it is enough.
    private static let flushBytes = 64 << 10

    private let shared: Shared
    private let watch: ConnectionWatch
    private let pause: ReadPause
    private var ticks: RepeatedTask?
    private var session: RESPSession
    private var parser: RESPParser
    private var received: ReceivedBytes
    private var writer = RESPWriter()
    private var slots = CircularBuffer<Slot>()
    private var backlog: ReplyBacklog
    /// Of replies that are written and have not gone to the channel, as the backlog counts them.
    private var writtenBytes = 0
    /// Commands that have no reply yet.
    private var underWay = 0
    /// Of the first of them.
    private var firstNumber = 0
    private var uses = KeyUses()
    /// The next command, which has to wait.
    private var next: RESPPlan?
    /// Whether commands may have come that have not begun.
    private var isBehind = false
    private var isServing = false
    /// A password is being hashed: what comes behind it has to wait for whose rights it has.
    private var isAuthenticating = false
    private var isFlushScheduled = false
    /// Whether the channel would read.
    private var wantsToRead = false
    /// The client sends no more.
    private var isInputClosed = false
    /// No command begins any more; the connection ends with the last reply.
    private var isEnding = false
    private var isClosing = false
    private var context: ChannelHandlerContext?

    /// - Parameters:
    ///   - watch: Of the same channel, at its head.
    ///   - pause: Likewise.
    init(shared: Shared, session: RESPSession, watch: ConnectionWatch, pause: ReadPause) {
        self.shared = shared
        self.watch = watch
        self.pause = pause
        self.session = session
        let isStranger = session.caller.knowsUsers
        parser = RESPParser(limits: isStranger ? shared.parsing.ofStrangers : shared.parsing)
        received = ReceivedBytes(of: shared.budget)
        backlog = ReplyBacklog(maxBytes: shared.maxUnsentBytes)
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
        session.caller.address = context.channel.clientAddress
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isEnding = true
        isClosing = true
        context.fireChannelInactive()
    }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isEnding { return }
        parser.append(unwrapInboundIn(data))
        serve()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if isBehind, !isEnding { wantsToRead = true } else { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        proceed()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // The client sends no more, but may still read: what came before is served.
        case let event as ChannelEvent where event == .inputClosed:
            isInputClosed = true
            if !isBehind { end() }
        case is ChannelShouldQuiesceEvent: end()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Looks whether the client is too slow.
    private func tick() {
        guard let context else { return }
        switch watch.look() {
        case .idle where slots.isEmpty, .stalled: context.close(promise: nil)
        case .slowRequest where !isEnding:
            begin(.end(Self.slowCommand), context.eventLoop)
            flush()
        case .fine, .idle, .slowRequest: break
        }
    }

    private static let slowCommand = RESPReply.error("the rest of the command is late")

    // MARK: Commands

    /// Begins what can begin.
    private func serve() {
        guard let context, !isServing else { return }
        isServing = true
        defer { isServing = false }
        isBehind = true
        var isNew = false
        while !isEnding, !isAuthenticating, !pause.isOn, slots.count < shared.maxInFlight,
            context.channel.isWritable,
            backlog.hasRoom(beside: underWay)
        {
            guard let plan = next ?? nextPlan() else {
                isBehind = false
                if isInputClosed { end() }
                break
            }
            next = uses.allow(plan.uses) ? nil : plan
            if next != nil { break }
            isNew = true
            begin(plan, context.eventLoop)
            if writer.buffer.readableBytes >= Self.flushBytes { flush() }
        }
        noteWhatIsAwaited(isNew: isNew)
        if !received.hold(parser.byteCount) { refuseInput(context) }
    }

    private func refuseInput(_ context: ChannelHandlerContext) {
        parser = RESPParser(limits: shared.parsing)
        received.letGo()
        next = nil
        guard !isEnding else { return }
        begin(.end(Self.noRoomForInput), context.eventLoop)
        scheduleFlush(context)
    }

    private static let noRoomForInput = RESPReply.error(
        "overloaded: the node's clients have sent too much that is not complete", code: "OVERLOADED")

    /// The watch is told since when a command has been coming in, if that is what the connection waits for.
    ///
    /// - Parameter isNew: Whether it is another one than before.
    private func noteWhatIsAwaited(isNew: Bool) {
        let isAwaited = !isBehind && parser.byteCount > 0
        if isNew || !isAwaited { watch.requestEnds() }
        if isAwaited { watch.requestBegins() }
    }

    /// What comes next of what has come; nil if that is not complete.
    private func nextPlan() -> RESPPlan? {
        do throws(RESPProtocolError) {
            return try parser.next() ? session.plan(parser) : nil
        } catch {
            return .end(.error(error.message))
        }
    }

    private func begin(_ plan: RESPPlan, _ loop: any EventLoop) {
        let number = firstNumber + slots.count
        slots.append(Slot())
        underWay += 1
        switch plan {
        case .reply(let reply): finish(number, reply)
        case .cluster(let question): finish(number, question.reply(shared.service.servingNodes))
        case .speak(let version, let reply):
            slots[offset: number - firstNumber].version = version
            finish(number, reply)
        case .authenticate(let credential, let greeting): authenticate(number, credential, greeting, loop)
        case .end(let reply):
            isEnding = true
            finish(number, reply)
        case .read(let keys, let format):
            execution(of: number, plan.uses, loop).read(keys, format, shared.wallMillis)
        case .write(let writes, let format): execution(of: number, plan.uses, loop).write(writes, format)
        case .change(let key, let change, let format):
            execution(of: number, plan.uses, loop).change(key, change, format)
        case .put(let put): execution(of: number, plan.uses, loop).put(put)
        case .keyspace(let task):
            execution(of: number, plan.uses, loop, audited: task.operation).perform(
                task, partitionCount: shared.service.partitionCount, maxBytes: shared.parsing.maxCommandBytes)
        }
    }

    private func authenticate(
        _ number: Int, _ credential: Credential, _ greeting: RESPGreeting, _ loop: any EventLoop
    ) {
        isAuthenticating = true
        let me = NIOLoopBound(self, eventLoop: loop)
        let result = session.caller.authenticate(credential) { result in
            loop.execute { me.value.authenticated(number, result, greeting) }
        }
        if let result { authenticated(number, result, greeting) }
    }

    private func authenticated(_ number: Int, _ result: AuthenticationResult, _ greeting: RESPGreeting) {
        isAuthenticating = false
        let answer = session.answer(result, greeting)
        if session.caller.isKnown() { parser.limits = shared.parsing }
        slots[offset: number - firstNumber].version = answer.version
        finish(number, answer.reply)
        proceed()
    }

    /// - Parameter audited: An action of an administrator's that it is.
    private func execution(
        of number: Int, _ use: KeyUses.Use, _ loop: any EventLoop, audited: Operation? = nil
    ) -> RESPExecution {
        uses.begin(use)
        let bucket = session.bucket
        // Of now: the client may say that it is another meanwhile.
        let auditor = audited.map { (operation: $0, caller: session.caller) }
        return RESPExecution(
            service: shared.service, user: session.caller.user, bucket: bucket, loop: loop,
            maxInFlight: shared.maxInFlight
        ) { [self] reply in
            uses.end(use)
            if let auditor {
                auditor.caller.audit(auditor.operation, bucket: bucket, failure: reply.errorMessage)
            }
            finish(number, reply)
            proceed()
        }
    }

    // MARK: Replies

    private func finish(_ number: Int, _ reply: RESPReply) {
        underWay -= 1
        if reply.isRefusal { pause.begin { [weak self] in self?.proceed() } }
        let byteCount = reply.byteCount
        let hasRoom = backlog.take(byteCount)
        slots[offset: number - firstNumber].reply = hasRoom ? reply : Self.noRoom
        slots[offset: number - firstNumber].byteCount = hasRoom ? byteCount : 0
        while let slot = slots.first, let reply = slot.reply {
            if let version = slot.version { writer.version = version }
            writer.write(reply)
            writtenBytes += slot.byteCount
            slots.removeFirst()
            firstNumber += 1
        }
    }

    /// No word on whether something was written: of the commands with long replies some do.
    private static let noRoom = RESPReply.error(
        "there is no room for the reply: too many replies wait, take them faster")

    /// Goes on after a command has ended, or the client has taken replies.
    private func proceed() {
        guard let context, !isServing else { return }
        if isBehind { serve() }
        scheduleFlush(context)
        if wantsToRead, !isBehind {
            wantsToRead = false
            context.read()
        }
    }

    /// Once for all that ends in this turn of the loop.
    private func scheduleFlush(_ context: ChannelHandlerContext) {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            me.value.isFlushScheduled = false
            me.value.flush()
        }
    }

    private func flush() {
        guard let context, !isClosing else { return }
        let bytes = writer.buffer
        // Before the write, in which the channel may say that it takes more.
        writer.buffer = ByteBuffer()
        if bytes.readableBytes > 0 { send(bytes, context) }
        if isEnding, wantsToRead {
            // What still comes is passed over: unread, it would reset the connection at its close.
            wantsToRead = false
            context.read()
        }
        if isEnding, slots.isEmpty, !isClosing { close(context) }
    }

    private func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        watch.replyBegins()
        let byteCount = writtenBytes
        writtenBytes = 0
        guard byteCount >= Self.flushBytes else {
            // Not worth a callback: the channel holds back what comes after.
            backlog.leave(byteCount)
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            return
        }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in
            me.value.backlog.leave(byteCount)
            me.value.proceed()
        }
    }

    /// Begins nothing more.
    private func end() {
        isEnding = true
        flush()
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        let channel = context.channel
        // An empty write ends when all before it have gone out.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: Self.lingerTime) { channel.close(promise: nil) }
        }
        channel.eventLoop.scheduleTask(in: Self.lastReplyTime) { channel.close(promise: nil) }
    }
}
