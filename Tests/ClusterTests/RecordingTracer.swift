import Cluster
import ClusterCore
import Synchronization
import Testing
import Tracing

/// Keeps the spans of all nodes of a cluster, and gives each a name that no other has.
final class SpanRecorder: Sendable {
    struct Recorded: Sendable {
        /// That recorded it.
        var node: String
        var name: String
        var kind: SpanKind
        var context: TraceContext
        /// Nil for the first of its trace.
        var parent: UInt64?
        /// Nanoseconds since 1970.
        var start: UInt64
        /// Nil while it goes on.
        var end: UInt64?
        var attributes = SpanAttributes()
        var status: SpanStatus?
    }

    private struct State {
        var spans: [Recorded] = []
        var lastID: UInt64 = 0
        var waiters:
            [(isDone: @Sendable ([Recorded]) -> Bool, continuation: CheckedContinuation<Void, Never>)] =
                []
    }

    private let state = Mutex(State())

    /// In the order in which they were made.
    var spans: [Recorded] { state.withLock { $0.spans } }

    /// Forgets all that have ended.
    func clear() { state.withLock { $0.spans.removeAll { $0.end != nil } } }

    /// Returns once the spans meet `isDone`: asked whenever one has ended.
    func wait(until isDone: @escaping @Sendable ([Recorded]) -> Bool) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isDoneNow = state.withLock { state in
                if isDone(state.spans) { return true }
                state.waiters.append((isDone, continuation))
                return false
            }
            if isDoneNow { continuation.resume() }
        }
    }

    fileprivate func begin(
        _ name: String, _ kind: SpanKind, at start: UInt64, on node: String, under parent: TraceContext?,
        as preset: TraceContext?
    ) -> TraceContext {
        if let parent, let preset, parent.traceID != preset.traceID {
            Issue.record("\(name) is to be of another trace than what is above it")
        }
        return state.withLock { state in
            state.lastID += 1
            let traceID = parent?.traceID ?? TraceContext.TraceID(high: 0, low: state.lastID)!
            let context =
                preset
                ?? TraceContext(
                    traceID: traceID, spanID: state.lastID, isSampled: parent?.isSampled ?? true)!
            state.spans.append(
                Recorded(
                    node: node, name: name, kind: kind, context: context, parent: parent?.spanID,
                    start: start))
            return context
        }
    }

    /// Changes a span that goes on.
    fileprivate func change(_ context: TraceContext, _ body: (inout Recorded) -> Void) {
        let ready: [CheckedContinuation<Void, Never>] = state.withLock { state in
            guard let index = state.spans.firstIndex(where: { $0.context == context }) else { return [] }
            if state.spans[index].end != nil { Issue.record("a span is changed after its end") }
            body(&state.spans[index])
            if state.spans[index].end == nil { return [] }
            let spans = state.spans
            defer { state.waiters.removeAll { $0.isDone(spans) } }
            return state.waiters.filter { $0.isDone(spans) }.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    fileprivate func recorded(_ context: TraceContext) -> Recorded? {
        state.withLock { $0.spans.first { $0.context == context } }
    }
}

/// The tracer of one node.
struct RecordingTracer: Tracer {
    let recorder: SpanRecorder
    let node: String

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordingSpan {
        var context = context()
        let own = recorder.begin(
            operationName, kind, at: instant().nanosecondsSinceEpoch, on: node, under: context.traceContext,
            as: context.presetTraceContext)
        context.presetTraceContext = nil
        context.traceContext = own
        return RecordingSpan(recorder: recorder, context: context, traceContext: own)
    }

    func forceFlush() {}

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        Issue.record("a node reads carriers itself")
    }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        Issue.record("a node writes carriers itself")
    }
}

struct RecordingSpan: Span {
    let recorder: SpanRecorder
    let context: ServiceContext
    let traceContext: TraceContext

    var isRecording: Bool { recorder.recorded(traceContext)?.end == nil }

    var operationName: String {
        get { recorder.recorded(traceContext)?.name ?? "" }
        nonmutating set { recorder.change(traceContext) { $0.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { recorder.recorded(traceContext)?.attributes ?? [:] }
        nonmutating set { recorder.change(traceContext) { $0.attributes = newValue } }
    }

    func setStatus(_ status: SpanStatus) { recorder.change(traceContext) { $0.status = status } }

    func addEvent(_ event: SpanEvent) { Issue.record("no event is expected") }

    func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        Issue.record("no event is expected")
    }

    func addLink(_ link: SpanLink) { Issue.record("no link is expected") }

    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let end = instant().nanosecondsSinceEpoch
        recorder.change(traceContext) { $0.end = end }
    }
}
