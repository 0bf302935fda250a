import Results

/// The charts of a comparison, each as a file of its own (SVG), for documents that can't hold the page.
public struct Pictures {
    /// By the names of the files.
    public let all: [(name: String, svg: String)]

    public init(_ comparison: Comparison) {
        let charts = Charts(comparison)
        let overviews = charts.overviews.flatMap { durability, charts in
            charts.map { ("overview-\(durability)-\($0.name).svg", $0.picture($0.title)) }
        }
        let groups = comparison.groups.flatMap { group in
            let name = [group.workload, group.durability] + (group.isAlone ? ["alone"] : [])
            return charts.of(group).map { chart in
                (
                    "\(name.joined(separator: "-"))-\(chart.name).svg",
                    chart.picture("\(group.title.sentenceCased): \(chart.title)")
                )
            }
        }
        let shares = charts.replication.map { ("\($0.name).svg", $0.picture("\($0.title): CPU, µs")) }
        all = overviews + groups + shares
    }
}
