import Cluster
import ClusterCore
import Synchronization
public import Tracing

/// Makes the spans of traces that are recorded, and queues those that have ended for a ``TraceExporter``. Any thread; nothing of it
/// waits, but for a lock that is held for some instructions.
///
/// What the parent is goes by `ServiceContext.traceContext`: without one, the span is the first of a new trace. The context of the new
/// span has the new span's. Who calls decides what is recorded: a span whose trace is not sampled is made, passed on, and never
/// exported.
public struct OTLPTracer: Tracer {
    private let queue: SpanQueue
    private let ids: SpanIDs<SplitMix64>

    init(queue: SpanQueue) {
        self.queue = queue
        var system = SystemRandomNumberGenerator()
        ids = SpanIDs(SplitMix64(seed: system.next()))
    }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.traceContext
        let own = parent.map { ids.child(of: $0) } ?? ids.root()
        context.traceContext = own
        return OTLPSpan(
            operationName, own, parentID: parent?.spanID, context: context, kind: kind,
            start: instant().nanosecondsSinceEpoch, queue: queue)
    }

    /// Has what has ended exported soon, and not only when a batch is full or its time has come.
    public func forceFlush() { queue.hurry() }
}

/// W3C's Trace Context, for carriers of text such as headers.
extension OTLPTracer {
    private static let header = "traceparent"

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let value = extractor.extract(key: Self.header, from: carrier) else { return }
        context.traceContext = TraceContext(traceparent: value)
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.traceContext else { return }
        injector.inject(trace.traceparent, forKey: Self.header, into: &carrier)
    }
}

/// What spans and traces are told apart by: random numbers, since nobody hands them out. They keep no secret, so that a generator
/// does of which only the seed is the system's; to ask the system for each took a tenth of what a span costs.
final class SpanIDs<Random: RandomNumberGenerator & Sendable>: Sendable {
    private let random: Mutex<Random>

    init(_ random: Random) { self.random = Mutex(random) }

    func root() -> TraceContext {
        random.withLock { random in
            while true {
                let traceID = TraceContext.TraceID(high: random.next(), low: random.next())
                if let traceID { return Self.context(of: traceID, isSampled: true, &random) }
            }
        }
    }

    func child(of parent: TraceContext) -> TraceContext {
        random.withLock { Self.context(of: parent.traceID, isSampled: parent.isSampled, &$0) }
    }

    private static func context(
        of traceID: TraceContext.TraceID, isSampled: Bool, _ random: inout Random
    ) -> TraceContext {
        while true {
            // 0 stands for no span.
            let context = TraceContext(traceID: traceID, spanID: random.next(), isSampled: isSampled)
            if let context { return context }
        }
    }
}
