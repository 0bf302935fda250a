import Cluster
import ClusterCore
import Logging
import NIOCore
import Synchronization

/// The calling side towards one peer: keeps a stream to it, and tells the handler when it comes and goes.
///
/// Attempts follow one another, so `connected` and `disconnected` alternate, and no reply of a stream is delivered
/// after its `disconnected`.
final class PeerLink: Sendable {
    private enum Activity {
        case none
        case pause(Task<Void, Never>)
        case attempt(Task<Bool, Never>)
    }

    private struct State {
        var isStopping = false
        var activity = Activity.none
        var member: Member
    }

    private let id: NodeID
    private let configuration: GRPCPeerTransport.Configuration
    private let admission: Admission
    private let handler: any PeerHandler
    private let logger: Logger
    private let loop: any EventLoop
    private let executor: LoopExecutor
    private let outbox: Outbox
    private let meter: LinkMeter
    private let causes = CauseLog()
    private let state: Mutex<State>

    init(
        to member: Member, configuration: GRPCPeerTransport.Configuration, admission: Admission,
        handler: any PeerHandler, loop: any EventLoop, meters: PeerLinks.Meters, logger: Logger
    ) {
        id = member.id
        meter = meters.link
        state = Mutex(State(member: member))
        self.configuration = configuration
        self.admission = admission
        self.handler = handler
        self.loop = loop
        executor = LoopExecutor(loop)
        var logger = logger
        logger[metadataKey: "peer"] = "\(member.name)"
        self.logger = logger
        outbox = Outbox(
            maxQueuedBytes: configuration.maxQueuedBytes, meter: meters.requests, logger: logger)
    }

    func send(_ batch: [UInt8]) -> SendOutcome { outbox.send(batch) }

    /// What waits for its stream. Any thread.
    var queuedBytes: Int { outbox.queuedBytes }

    private var member: Member { state.withLock { $0.member } }

    /// The peer is to be found at this address from now on; what is under way to another one ends.
    func move(to member: Member) {
        let activity = state.withLock { state in
            defer { state.member = member }
            return state.member.address == member.address ? Activity.none : state.activity
        }
        cutShort(activity)
    }

    // MARK: Attempts

    /// Connects again and again until `stop`.
    func run() async {
        var random = SystemRandomNumberGenerator()
        var failures = 0
        while true {
            let attempt = Task(executorPreference: executor) { await self.connect() }
            guard begin(.attempt(attempt)) else {
                _ = await attempt.value
                break
            }
            failures = await bounded(attempt) ? 1 : failures + 1
            let delay = configuration.backoff.delay(afterFailures: failures, using: &random)
            let pause = Task { _ = try? await Task.sleep(for: delay) }
            guard begin(.pause(pause)) else { break }
            await pause.value
        }
    }

    /// Ends what is under way: a stream that is up first sends what is queued, all else is cut off.
    func stop() {
        let activity = state.withLock { state in
            state.isStopping = true
            return state.activity
        }
        cutShort(activity)
    }

    private func cutShort(_ activity: Activity) {
        switch activity {
        case .none: break
        case .pause(let pause): pause.cancel()
        case .attempt(let attempt): if !outbox.finish() { attempt.cancel() }
        }
    }

    /// The peer is known to be up, since it has just called this node: no use in waiting any longer.
    func retryNow() {
        let activity = state.withLock { $0.activity }
        if case .pause(let pause) = activity { pause.cancel() }
    }

    /// Notes what `stop` has to end; false, with the task cancelled, if that was called already.
    private func begin(_ activity: Activity) -> Bool {
        let mayRun = state.withLock { state in
            if !state.isStopping { state.activity = activity }
            return !state.isStopping
        }
        guard !mayRun else { return true }
        switch activity {
        case .none: break
        case .pause(let pause): pause.cancel()
        case .attempt(let attempt): attempt.cancel()
        }
        return false
    }

    /// Waits for `attempt`, and cuts it off if the peer has not said hello in time.
    private func bounded(_ attempt: Task<Bool, Never>) async -> Bool {
        let deadline = loop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) { [outbox] in
            if outbox.isOpening { attempt.cancel() }
        }
        defer { deadline.cancel() }
        return await withTaskCancellationHandler {
            await attempt.value
        } onCancel: {
            attempt.cancel()
        }
    }

    /// Uses one connection and the stream on it to their end. Returns whether the stream ever was up.
    private func connect() async -> Bool {
        if Task.isCancelled { return false }
        outbox.begin()
        // On the loop, as all tasks of `executor` are.
        let call = NIOLoopBound(
            CallerRole(
                to: member, configuration: configuration, admission: admission, handler: handler,
                outbox: outbox, meter: meter, loop: loop, logger: logger),
            eventLoop: loop)
        let (end, wasUp) = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                call.value.begin { continuation.resume(returning: ($0, wasUp: $1)) }
            }
        } onCancel: {
            loop.execute { call.value.cut() }
        }
        meter.ended(wasUp: wasUp)
        report(end, wasUp: wasUp)
        return wasUp
    }

    private func report(_ end: StreamEnd, wasUp: Bool) {
        if wasUp { causes.clear(member.name) }
        let level: Logger.Level = causes.isNews(end.reason, about: member.name) ? .warning : .debug
        let reason: Logger.Metadata = ["address": "\(member.address)", "reason": "\(end.reason)"]
        switch end {
        case .refused: logger.log(level: level, "the peer is refused", metadata: reason)
        case .refusedByPeer: logger.log(level: level, "the peer refuses this node", metadata: reason)
        case .lost where wasUp: logger.log(level: level, "the peer is lost", metadata: reason)
        case .lost: logger.log(level: level, "the peer can't be reached", metadata: reason)
        case .finished: logger.info("the stream to the peer has ended", metadata: reason)
        }
    }
}
