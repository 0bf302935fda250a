import ArgumentParser
import Observability

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "List the metrics that a node tells at /metrics of its HTTP port.",
        discussion:
            "A table in Markdown: name, type, labels, and what it tells. A node tells those that its engine has."
    )

    func run() throws { try Output.standardOutput.print(MetricDocument.table(of: MetricCatalog.metrics)) }
}
