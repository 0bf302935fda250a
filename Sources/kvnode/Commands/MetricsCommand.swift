import ArgumentParser
import Instruments
import Observability

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "List the metrics that a node tells at /metrics of its HTTP port.",
        discussion: """
            A table in Markdown: name, type, labels, and what it tells. A node tells those that its engine has.

            Example: kvnode metrics

            \(ExitCode.plainDiscussion)
            """)

    @Flag(name: .long, help: "Print JSON: a list with an object for each metric.")
    var json = false

    private struct Metric: Encodable {
        var name, type: String
        var labels: [String]
        var help: String
    }

    func run() throws {
        let metrics = MetricCatalog.metrics
        guard json else { return try Output.standardOutput.print(MetricDocument.table(of: metrics)) }
        let told = metrics.map {
            Metric(name: $0.exposedName, type: $0.kind.name, labels: $0.labels, help: $0.help)
        }
        try Output.standardOutput.print(try JSONText.encode(told))
    }
}
