import ArgumentParser
import CoreMetrics
import Instruments
import Logging
import Observability

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a node.",
        discussion: """
            Every key of the configuration can be set in the file and by an environment variable, which wins: \
            engine.type is KVNODE_ENGINE_TYPE. `kvnode config` lists all keys. SIGTERM and SIGINT stop the node \
            once it has answered what it took.

            Example: kvnode serve --config node.yaml

            Exit codes: 0 stopped as told, 1 failed (the log says why), 78 the configuration is not valid.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(name: .long, help: .hidden)
    var stopWithStandardInput = false

    func run() async throws {
        let configuration = try options.load().configuration
        let log = NodeLog(
            configuration.log,
            source: LogSource(
                node: configuration.node.name, cluster: configuration.cluster.name, version: Version.current))
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, log) }
        // The last lines say why the node ended.
        defer { log.finish(within: configuration.shutdownTimeout) }
        let metrics = MetricRegistry()
        metrics.declare(MetricCatalog.metrics)
        MetricsSystem.bootstrap(
            SwiftMetricsBackend(registry: metrics, maxSeries: configuration.metrics.maxLibrarySeries))
        if stopWithStandardInput { ParentWatch.start(stopTimeout: configuration.shutdownTimeout) }
        do {
            try await Node.run(configuration: configuration, log: log, metrics: metrics)
        } catch {
            Logger(label: "kvnode").critical("the node failed", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }
}
