import Results

/// One figure of all workloads with one durability.
enum OverviewChart {
    private static let figures: [Figure] = [.throughput, .cpuPerOperation]

    /// - Parameter groups: Those of clusters, with one durability. One group alone has charts of its own that say as much.
    static func charts(of groups: [Group], _ palette: Palette) -> [Chart] {
        guard groups.count > 1 else { return [] }
        return figures.compactMap { figure in
            let rows = groups.map { GroupedBars.Group(figure, of: $0, title: $0.workload) }
            guard let bars = GroupedBars(rows, palette) else { return nil }
            return Chart(
                name: figure.rawValue, title: "\(figure.heading), \(groups[0].durability)",
                hint: "Median of the rounds, with the least and the greatest.",
                description: description(figure, groups), height: bars.height, content: bars.markup)
        }
    }

    private static func description(_ figure: Figure, _ groups: [Group]) -> String {
        groups.map { group in
            let parts = group.cells.compactMap { cell in
                cell.spread(of: figure).map { "\(cell.engine) \(figure.format($0.median))" }
            }
            return "\(group.workload): \(parts.isEmpty ? "not known" : parts.joined(separator: ", "))."
        }.joined(separator: " ")
    }
}
