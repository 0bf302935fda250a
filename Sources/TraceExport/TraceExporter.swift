public import Instruments
public import LogLimits
import Logging
import NIOPosix

/// Hands ended spans over to a receiver that speaks OTLP, batch by batch, apart from all that serves requests: the network part of it
/// has a thread of its own. What can't be handed over is tried again within limits, and then dropped and counted; nobody waits for it.
public final class TraceExporter: Sendable {
    /// What makes the spans.
    public let tracer: OTLPTracer
    private let configuration: TraceExportConfiguration
    private let resource: TraceResource
    private let trust: TraceTrust
    private let queue: SpanQueue
    /// In which it is waited for spans.
    private let collecting: Pause
    /// In which it is waited for the receiver.
    private let retrying = Pause()
    private let counts: TraceMetrics
    private let logs: LimitedLogs

    /// - Parameter logs: Of the logger `traces`.
    /// - Throws: `TraceExportError` if the file of authorities can't be used. Blocks for reading it.
    public init(
        _ configuration: TraceExportConfiguration, resource: TraceResource, metrics: MetricRegistry,
        logs: LimitedLogs
    ) throws(TraceExportError) {
        self.configuration = configuration
        self.resource = resource
        self.logs = logs
        trust = try TraceTrust(path: configuration.trustRoots)
        collecting = Pause()
        queue = SpanQueue(
            maxSpans: configuration.maxQueuedSpans, batchSpans: configuration.maxBatchSpans, pause: collecting
        )
        tracer = OTLPTracer(queue: queue)
        counts = TraceMetrics(metrics, queue)
    }

    /// Exports until `close`, then what is queued still, with one attempt for each batch; or until the task is cancelled, which
    /// drops what is left. To be called once.
    ///
    /// - Throws: What keeps a connection from being made at all.
    public func run() async throws {
        defer { counts.undelivered.add(queue.close()) }
        try await MultiThreadedEventLoopGroup.withEventLoopGroup(numberOfThreads: 1) { group in
            switch configuration.transport {
            case .http:
                try await HTTPTraceSender.with(configuration, trust, on: group) { await export(by: $0) }
            case .grpc:
                try await GRPCTraceSender.with(configuration, trust, on: group) { await export(by: $0) }
            }
        }
    }

    /// Has metrics and logs tell as well of spans that have found no room before they came to the tracer.
    ///
    /// - Parameter dropped: How many, since the start.
    public func follow(_ dropped: @escaping @Sendable () -> Int) { queue.follow(dropped) }

    /// Has `run` come to its end. Spans that end later are dropped. Any thread.
    public func close() {
        retrying.close()
        collecting.close()
    }

    // MARK: The loop

    func export(by sender: some TraceSender) async {
        var schedule = RetrySchedule(
            maxTime: configuration.retryTime, minPause: configuration.backoffMin,
            maxPause: configuration.backoffMax)
        var toldDrops = 0
        while !Task.isCancelled {
            await collecting.wait(for: configuration.flushInterval)
            // Asked before the queue is emptied: what ends after that is too late.
            let isLast = collecting.isClosed
            while !Task.isCancelled {
                let batch = queue.takeBatch()
                if batch.isEmpty { break }
                await handOver(batch, by: sender, &schedule)
                tellDrops(&toldDrops)
            }
            if isLast { return }
        }
    }

    private func handOver(
        _ spans: [OTLPSpan], by sender: some TraceSender, _ schedule: inout RetrySchedule
    ) async {
        let request = ExportRequest(spans, of: resource)
        let begin = ContinuousClock.now
        var random = SystemRandomNumberGenerator()
        while true {
            // Asked before the attempt: one that has begun earlier is not what is promised for the end.
            let isLast = retrying.isClosed
            switch await sender.send(request) {
            case .taken(let rejected, let message):
                schedule.succeeded()
                return take(spans.count, rejected: min(max(rejected, 0), spans.count), message)
            case .refused(let reason):
                // It answers, so it can be asked again at once.
                schedule.succeeded()
                return refuse(spans.count, reason)
            case .unavailable(let reason, let retryAfter):
                fail(reason)
                let next = schedule.failed(
                    elapsed: ContinuousClock.now - begin, asked: retryAfter, using: &random)
                let isOver = isLast || !next.again || Task.isCancelled
                if isOver { counts.undelivered.add(spans.count) }
                await retrying.wait(for: next.pause)
                if isOver { return }
            }
        }
    }

    private func fail(_ reason: String) {
        counts.failed.add()
        logs.log(
            .warning, "traces can't be exported",
            metadata: ["address": "\(configuration.endpoint.url)", "reason": "\(reason)"])
    }

    private func refuse(_ count: Int, _ reason: String) {
        counts.failed.add()
        counts.refused.add(count)
        logs.log(
            .warning, "the receiver of traces refuses spans",
            metadata: ["reason": "\(reason)", "spans": "\(count)"])
    }

    private func take(_ count: Int, rejected: Int, _ message: String) {
        counts.succeeded.add()
        counts.exported.add(count - rejected)
        counts.refused.add(rejected)
        logs.end("traces can't be exported")
        // A message without rejected spans is a warning, says OTLP.
        if rejected > 0 || !message.isEmpty {
            logs.log(
                .warning, "the receiver of traces has not taken all",
                metadata: ["rejected": "\(rejected)", "reason": "\(message)"])
        }
    }

    /// Says that spans have found no room, if there are more of them than last time.
    private func tellDrops(_ told: inout Int) {
        let dropped = queue.dropped
        guard dropped > told else { return }
        logs.log(
            .warning, "spans are dropped: more end than are exported",
            metadata: ["spans": "\(dropped - told)", "queue_spans": "\(queue.maxSpans)"])
        told = dropped
    }
}
