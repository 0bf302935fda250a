import Cluster
import ClusterCore
import Synchronization
public import Tracing

/// Makes the spans of traces that are recorded, and queues those that have ended for a ``TraceExporter``. Any thread; nothing of it
/// waits, but for a lock that is held for some instructions.
///
/// What the parent is goes by `ServiceContext.traceContext`: without one, the span is the first of a new trace. The context of the new
/// span has the new span's, which is `ServiceContext.presetTraceContext` if there is one. Who calls decides what is recorded: a span whose trace is not sampled is made, passed on, and never
/// exported.
public struct OTLPTracer: Tracer {
    private let queue: SpanQueue
    private let names: NewSpans

    init(queue: SpanQueue) {
        self.queue = queue
        var system = SystemRandomNumberGenerator()
        names = NewSpans(seed: system.next())
    }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.traceContext
        let own = context.presetTraceContext ?? names.context(under: parent)
        context.presetTraceContext = nil
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

/// Names spans. Any thread.
private final class NewSpans: Sendable {
    private let ids: Mutex<SpanIDs>

    init(seed: UInt64) { ids = Mutex(SpanIDs(seed: seed)) }

    func context(under parent: TraceContext?) -> TraceContext {
        ids.withLock { ids in parent.map { ids.child(of: $0) } ?? ids.root() }
    }
}
