import Cluster
import Instruments
import LogLimits
import ServiceLifecycle
import TraceExport

/// The export of traces, if they are on, under the lifecycle's control.
struct TraceService: Service {
    /// Nil: no traces are made.
    let exporter: TraceExporter?
    private let grace: Duration
    /// Whose spans are exported.
    private var node: ClusterNode?

    /// - Throws: `ServeError` if a file that the settings name can't be used. Blocks for reading it.
    init(
        _ configuration: NodeConfiguration, metrics: MetricRegistry, logs: LimitedLogs
    ) throws(ServeError) {
        grace = configuration.shutdownTimeout / 3
        guard let tracing = configuration.tracing else {
            exporter = nil
            return
        }
        do throws(TraceExportError) {
            var export = tracing.export
            if let file = tracing.headersFile { export.headers = try TraceHeaders(file: file) }
            exporter = try TraceExporter(
                export,
                resource: TraceResource(
                    namespace: configuration.cluster.name, instance: configuration.node.name,
                    version: Version.current),
                metrics: metrics, logs: logs)
        } catch {
            throw ServeError("tracing.endpoint is set, but \(error)")
        }
    }

    /// The exporter has its spans of this node. Before `run`.
    mutating func attach(_ node: ClusterNode) {
        self.node = node
        exporter?.follow { [weak node] in node?.droppedSpans ?? 0 }
    }

    /// Exports until all else has stopped, and then, for a while, what is left.
    func run() async throws {
        guard let exporter else { return try await gracefulShutdown() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await exporter.run() }
                group.addTask {
                    try await gracefulShutdown()
                    // The last of them: nobody asks anything of the node any more.
                    node?.makeSpans()
                    exporter.close()
                    try await Task.sleep(for: grace)
                }
                // Whichever ends first ends the other: the export, as all is sent, or the time for it.
                try await group.next()
                group.cancelAll()
            }
        } catch is CancellationError {
            // The time for the node's end is over.
        }
    }
}
