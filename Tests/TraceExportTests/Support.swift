import Cluster
import ClusterCore
import Instruments
import LogLimits
import Logging
import SwiftProtobuf
import Synchronization
import Testing
import Tracing

@testable import TraceExport

/// A tracer, and the queue that its spans come to.
final class TracerBench: Sendable {
    let queue: SpanQueue
    let tracer: OTLPTracer

    init(maxSpans: Int = 100, batchSpans: Int = 10) {
        queue = SpanQueue(maxSpans: maxSpans, batchSpans: batchSpans, pause: Pause())
        tracer = OTLPTracer(queue: queue)
    }

    /// Queued spans and their queue keep each other.
    deinit { _ = queue.close() }

    func start(
        _ name: String = "x", parent: TraceContext? = nil, kind: SpanKind = .internal,
        at start: UInt64 = 1_000
    ) -> OTLPSpan {
        tracer.startSpan(name, context: .child(of: parent), ofKind: kind, at: Moment(start))
    }
}

extension ServiceContext {
    /// Where a span begins that `parent` asks for; nil: nobody does.
    static func child(of parent: TraceContext?) -> ServiceContext {
        var context = ServiceContext.topLevel
        context.traceContext = parent
        return context
    }
}

/// A moment of the test's own, in nanoseconds since 1970.
struct Moment: TracerInstant {
    var nanosecondsSinceEpoch: UInt64

    init(_ nanoseconds: UInt64) { nanosecondsSinceEpoch = nanoseconds }

    static func < (a: Moment, b: Moment) -> Bool { a.nanosecondsSinceEpoch < b.nanosecondsSinceEpoch }
}

/// The lines of a log.
final class RecordedLog: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    /// Tells everything, however often it comes.
    var logs: LimitedLogs {
        LimitedLogs(
            Logger(label: "traces") { _ in Handler(log: self) }, every: 0,
            clock: LimitedLog.Clock(nanoseconds: { 0 }, after: { _, _ in }))
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(log: RecordedLog) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            log.state.withLock { $0.append("\(event.message)\(fields.joined())") }
        }
    }
}

/// An exporter, what it counts, and what it logs.
struct ExporterBench {
    let exporter: TraceExporter
    let metrics = MetricRegistry()
    let log = RecordedLog()

    /// Quick, so that a test waits for no more than some milliseconds; but a batch has time without end, however often it fails.
    static func configuration(
        to port: Int = 1, _ transport: TraceExportConfiguration.Transport = .http
    ) -> TraceExportConfiguration {
        TraceExportConfiguration(
            endpoint: TraceEndpoint(isSecure: false, host: "127.0.0.1", port: port), transport: transport,
            maxQueuedSpans: 100, maxBatchSpans: 10, flushInterval: .milliseconds(5), timeout: .seconds(20),
            retryTime: .seconds(86_400), backoffMin: .milliseconds(1), backoffMax: .milliseconds(2))
    }

    init(_ configuration: TraceExportConfiguration = Self.configuration()) throws {
        exporter = try TraceExporter(
            configuration, resource: TraceResource(namespace: "c", instance: "n", version: "1"),
            metrics: metrics, logs: log.logs)
    }

    /// Starts and ends spans with the names `from`, `from + 1` …
    func end(_ count: Int, from: Int = 0) {
        for index in from..<(from + count) {
            exporter.tracer.startSpan("\(index)", context: .topLevel, at: Moment(1)).end(at: Moment(2))
        }
    }

    func count(_ name: String, _ labels: String...) -> Int {
        guard case .number(let value) = metrics.read().value(of: name, labels) else { return -1 }
        return Int(value)
    }

    var exported: Int { count("kvnode_trace_spans_exported") }

    func dropped(_ reason: String) -> Int { count("kvnode_trace_spans_dropped", reason) }
}

/// A receiver with answers that the test has written; what follows is taken.
final class ScriptedSender: TraceSender {
    /// The names of the spans that were sent, attempt by attempt.
    let requests: AsyncStream<[String]>
    private let sent: AsyncStream<[String]>.Continuation
    private let answers: Mutex<[ExportOutcome]>

    init(_ answers: [ExportOutcome] = []) {
        (requests, sent) = AsyncStream.makeStream()
        self.answers = Mutex(answers)
    }

    func send(_ request: ExportRequest) async -> ExportOutcome {
        do {
            sent.yield(try request.message.names)
        } catch {
            Issue.record(error)
        }
        return answers.withLock { $0.isEmpty ? .taken(rejected: 0, message: "") : $0.removeFirst() }
    }
}

typealias ExportMessage = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest
typealias SpanMessage = Opentelemetry_Proto_Trace_V1_Span
typealias ValueMessage = Opentelemetry_Proto_Common_V1_AnyValue

extension ExportRequest {
    /// As a receiver reads it.
    var message: ExportMessage { get throws { try ExportMessage(serializedBytes: bytes) } }
}

extension ExportMessage {
    var spans: [SpanMessage] { resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans) }
    var names: [String] { spans.map(\.name) }
}
