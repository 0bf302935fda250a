import ClusterCore
import Synchronization
public import Tracing

/// A span of a recorded trace, made by ``OTLPTracer``. Any thread. After its end nothing of it changes any more.
public final class OTLPSpan: Span {
    /// What is told of the span once it has ended.
    struct Record: Sendable {
        var name: String
        var attributes = SpanAttributes()
        var events: [SpanEvent] = []
        var droppedEvents = 0
        var links: [SpanLink] = []
        var droppedLinks = 0
        var status: SpanStatus?
        /// In nanoseconds since 1970; nil before the end.
        var end: UInt64?
    }

    /// Events and links that a span keeps, of each: OpenTelemetry's own limit. Of the others there is a count.
    static let maxItems = 128

    public let context: ServiceContext
    let traceContext: TraceContext
    /// Nil for the first span of a trace.
    let parentID: UInt64?
    let kind: SpanKind
    /// In nanoseconds since 1970.
    let start: UInt64
    private let queue: SpanQueue
    private let state: Mutex<Record>

    init(
        _ name: String, _ traceContext: TraceContext, parentID: UInt64?, context: ServiceContext,
        kind: SpanKind, start: UInt64, queue: SpanQueue
    ) {
        self.traceContext = traceContext
        self.parentID = parentID
        self.context = context
        self.kind = kind
        self.start = start
        self.queue = queue
        state = Mutex(Record(name: name))
    }

    var record: Record { state.withLock { $0 } }

    public var isRecording: Bool { state.withLock { $0.end == nil } }

    public var operationName: String {
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { change { $0.attributes = newValue } }
    }

    public func setStatus(_ status: SpanStatus) { change { $0.status = status } }

    public func addEvent(_ event: SpanEvent) {
        change { record in
            if record.events.count < Self.maxItems {
                record.events.append(event)
            } else {
                record.droppedEvents += 1
            }
        }
    }

    public func addLink(_ link: SpanLink) {
        change { record in
            if record.links.count < Self.maxItems {
                record.links.append(link)
            } else {
                record.droppedLinks += 1
            }
        }
    }

    /// Adds the event `exception`, as OpenTelemetry has it. Whether the span has failed is for `setStatus` to say.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = String(reflecting: type(of: error))
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    /// Ends the span, the first time it is called, and queues it for export if its trace is sampled.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let now = instant().nanosecondsSinceEpoch
        let isFirst = state.withLock { record in
            guard record.end == nil else { return false }
            record.end = now
            return true
        }
        if isFirst, traceContext.isSampled { queue.append(self) }
    }

    private func change(_ body: (inout Record) -> Void) {
        state.withLock { record in
            if record.end == nil { body(&record) }
        }
    }
}
