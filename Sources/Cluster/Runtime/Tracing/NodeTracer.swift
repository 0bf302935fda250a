import ClusterCore
import NIOCore
import Synchronization
import Tracing

/// Says which of a node's requests are recorded, and has spans made of the records. Any thread.
final class NodeTracer: Sendable {
    /// This node.
    let selfID: NodeID
    private let environment: Environment
    private let loop: any EventLoop
    private let slowThreshold: TimeAmount?

    private struct Budgets {
        var picked: TraceBudget
        /// For what is recorded after the fact. Apart, as a node that refuses all it is asked would use up the other.
        var notable: TraceBudget
    }

    private let budgets: Mutex<Budgets>
    private let records: RecordQueue
    private let batchTime: TimeAmount
    private let maker: Mutex<SpanMaker>

    /// - Parameters:
    ///   - loop: Its time is gone by.
    ///   - name: Gives a node's name, if it is known; called by whoever has spans made.
    init(
        _ tracer: any Tracer, _ configuration: ClusterConfiguration, _ environment: Environment,
        on loop: any EventLoop, name: @escaping @Sendable (NodeID) -> String?
    ) {
        selfID = NodeID(name: configuration.nodeName)
        self.environment = environment
        self.loop = loop
        slowThreshold = configuration.slowRequests?.threshold
        let settings = configuration.tracing
        let budget = TraceBudget(maxPerSecond: settings.maxPerSecond)
        budgets = Mutex(Budgets(picked: budget, notable: budget))
        records = RecordQueue(maxSpans: settings.maxQueuedSpans, batchSpans: settings.batchSpans)
        batchTime = settings.batchTime
        maker = Mutex(SpanMaker(tracer, nodeName: configuration.nodeName, name: name))
    }

    var now: NIODeadline { loop.now }

    func clock() -> TraceClock {
        TraceClock(wallNanoseconds: environment.wallNanoseconds(), time: loop.now)
    }

    /// The reading that has just ended; nil if it was not begun for this.
    func read(since begun: NIODeadline?, keys: Int?) -> EngineRead? {
        begun.map { EngineRead(begun: $0, ended: now, keys: keys) }
    }

    // MARK: Which requests

    /// Whether a request that has just come is recorded from its begin.
    ///
    /// - Parameter sampler: Asked where whoever has sent the request leaves it to this node.
    func picks(_ source: RequestSource, _ sampler: inout TraceSampler) -> Bool {
        guard source.trace == nil, source.origin != .peer else { return picks(source) }
        return sampler.pick() && mayBegin(\.picked)
    }

    /// As above, where chance is not asked.
    func picks(_ source: RequestSource) -> Bool {
        guard source.trace?.isSampled == true else { return false }
        // The node that a client asked has decided for those that it sends on, and has kept to its bound.
        return source.origin == .peer || mayBegin(\.picked)
    }

    /// Whether a request that was not picked is to be recorded now that it has ended: it was slow, or failed and was not to
    /// blame for it.
    func findsNotable(_ attempt: Attempt, _ response: Response, at now: NIODeadline) -> Bool {
        let isSlow = slowThreshold.map { now - attempt.submitted >= $0 } ?? false
        return (isSlow || response.isNodesFailure) && mayBegin(\.notable)
    }

    private func mayBegin(_ budget: WritableKeyPath<Budgets, TraceBudget>) -> Bool {
        let now = loop.now.uptimeNanoseconds
        return budgets.withLock { $0[keyPath: budget].take(now: now) }
    }

    // MARK: Spans

    /// Has spans made of a record, later.
    func append(_ record: TraceRecord) {
        switch records.append(record) {
        case .nothing: break
        case .later:
            Task.detached(priority: .utility) { [self] in
                // Nobody cancels it.
                try? await Task.sleep(for: .nanoseconds(batchTime.nanoseconds))
                makeSpans(isTimed: true)
            }
        case .now: Task.detached(priority: .utility) { [self] in makeSpans() }
        }
    }

    /// Makes the spans of all that was recorded before.
    func makeSpans(isTimed: Bool = false) {
        // Taken within, so that whoever comes while another makes spans returns after that one's are made, too.
        maker.withLock { maker in
            for record in records.take(isTimed: isTimed) { maker.make(record) }
        }
    }

    /// How many spans were not made, since the start, as there was no room for what they are made of.
    var dropped: Int { records.dropped }
}

extension Response {
    /// Whether it says that the request failed without a fault of whoever sent it.
    var isNodesFailure: Bool {
        if case .failed(let error) = self { error.code.isNodesFault } else { false }
    }
}

extension RequestError.Code {
    /// Whether the same request could be served another time, or by other nodes.
    var isNodesFault: Bool {
        switch self {
        case .quorumNotReached, .deadlineExceeded, .overloaded, .shuttingDown, .noSpace, .internal,
            .layoutChanging, .replicaDamaged:
            true
        case .invalidArgument, .preconditionFailed, .wrongType, .notANumber, .outOfRange,
            .unauthenticated, .permissionDenied:
            false
        }
    }
}
