import Instruments

/// The list of metrics in docs/observability.md.
public enum MetricDocument {
    /// A table in Markdown, a row for each metric.
    public static func table(of metrics: [MetricDefinition]) -> String {
        var lines = ["| Metric | Type | Labels | What it tells |", "| --- | --- | --- | --- |"]
        for metric in metrics {
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            lines.append("| `\(metric.exposedName)` | \(metric.kind.name) | \(labels) | \(metric.help) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
