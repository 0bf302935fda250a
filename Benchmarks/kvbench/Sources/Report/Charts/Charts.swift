import Results

/// Which charts a comparison has.
struct Charts {
    private let comparison: Comparison
    private let palette: Palette

    init(_ comparison: Comparison) {
        self.comparison = comparison
        palette = Palette(comparison)
    }

    /// Of all workloads at a glance, by durability.
    var overviews: [(durability: String, charts: [Chart])] {
        let groups = comparison.groups.filter { !$0.isAlone }
        var durabilities: [String] = []
        for group in groups where !durabilities.contains(group.durability) {
            durabilities.append(group.durability)
        }
        return durabilities.map { durability in
            (durability, OverviewChart.charts(of: groups.filter { $0.durability == durability }, palette))
        }
    }

    func of(_ group: Group) -> [Chart] {
        [
            LatencyChart.chart(of: group, palette), TimelineChart.chart(of: group, palette),
            RatioChart.chart(of: group, seed: comparison.seed, palette),
            AmplificationChart.chart(of: group, palette),
        ].compactMap(\.self)
    }

    /// Empty if no engine was measured in a cluster and without.
    var replication: [Chart] { ShareChart.charts(of: comparison.replications, palette) }
}
