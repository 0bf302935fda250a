import ClusterCore
import NIOCore
import Synchronization
import Tracing

/// Makes a node's spans, within the bounds on them. Any thread.
final class NodeTracer: Sendable {
    /// This node.
    let selfID: NodeID
    let nodeName: String
    private let tracer: any Tracer
    private let environment: Environment
    private let loop: any EventLoop
    private let slowThreshold: TimeAmount?

    private struct Budgets {
        var picked: TraceBudget
        /// For what is recorded after the fact. Apart, as a node that refuses all it is asked would use up the other.
        var notable: TraceBudget
    }

    private let budgets: Mutex<Budgets>

    /// - Parameter loop: Its time is gone by.
    init(
        _ tracer: any Tracer, _ configuration: ClusterConfiguration, _ environment: Environment,
        on loop: any EventLoop
    ) {
        self.tracer = tracer
        nodeName = configuration.nodeName
        selfID = NodeID(name: nodeName)
        self.environment = environment
        self.loop = loop
        slowThreshold = configuration.slowRequests?.threshold
        let budget = TraceBudget(maxPerSecond: configuration.tracing.maxPerSecond)
        budgets = Mutex(Budgets(picked: budget, notable: budget))
    }

    var now: NIODeadline { loop.now }

    private func clock() -> TraceClock {
        TraceClock(wallNanoseconds: environment.wallNanoseconds(), time: loop.now)
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

    /// Begins a span whose parent is another process's, or which has none and begins a trace.
    ///
    /// - Parameter attributes: What is known of it now.
    func begin(
        _ name: String, _ kind: SpanKind, under parent: TraceContext?, at time: NIODeadline,
        _ attributes: SpanAttributes = [:]
    ) -> TraceSpan {
        var parent = parent
        // It is recorded, whether its client thought so or not.
        parent?.isSampled = true
        var context = ServiceContext.topLevel
        context.traceContext = parent
        return begin(name, kind, in: context, at: time, clock(), attributes)
    }

    func begin(
        _ name: String, _ kind: SpanKind, in context: ServiceContext, at time: NIODeadline,
        _ clock: TraceClock, _ attributes: SpanAttributes = [:]
    ) -> TraceSpan {
        let span = tracer.startSpan(name, context: context, ofKind: kind, at: clock.instant(time))
        if !attributes.isEmpty { span.attributes = attributes }
        return TraceSpan(span, of: self, clock)
    }
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
