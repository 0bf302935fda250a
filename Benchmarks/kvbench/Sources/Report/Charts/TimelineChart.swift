import Results

/// How many operations ended in each second, and what was done to the cluster meanwhile.
enum TimelineChart {
    private static let rowHeight = 16.0
    /// Of events' names; more of them share rows.
    private static let mostRows = 5

    static func chart(of group: Group, _ palette: Palette) -> Chart? {
        let curves = group.cells.map { (engine: $0.engine, values: $0.throughputCurve) }.filter {
            !$0.values.isEmpty
        }
        guard let seconds = curves.map(\.values.count).max(), let most = curves.flatMap(\.values).max() else {
            return nil
        }
        let happenings = Happening.of(group)
        let moments = happenings.flatMap(\.moments).sorted { $0.second < $1.second }
        let legend = Legend(curves.map(\.engine), .line, palette)
        let rows = min(moments.count, mostRows)
        let plot = Plot(top: legend.height + Double(rows) * rowHeight + 22)
        let end = max(Double(seconds), moments.last?.second ?? 0)
        let x = Scale.linear(upTo: end, from: Plot.left, to: Plot.right)
        let y = Scale.linear(upTo: most, from: plot.bottom, to: plot.top)
        let lines = curves.map { curve in
            // In the middle of its second.
            let points = curve.values.enumerated().map { (x.position(Double($0) + 0.5), y.position($1)) }
            return Shape.path("line \(palette.stroke(curve.engine))", points)
        }
        let events = moments.enumerated().flatMap { index, moment in
            let label = legend.height + Double(index % mostRows) * rowHeight + 12
            return event(moment.name, at: x.position(moment.second), from: label, to: plot.bottom)
        }
        let ticks = x.ticks.map { (x.position($0.value), $0.label) }
        return Chart(
            name: "throughput", title: "Throughput over time", hint: "Median of the rounds.",
            description: description(curves, happenings), height: plot.height,
            content: legend.markup + plot.axes(x: ticks, named: "s", y: y, named: "operations/s") + events
                + lines)
    }

    /// Its name on the right of its line, if there is room: there no line of a later one begins above it.
    private static func event(
        _ name: String, at x: Double, from top: Double, to bottom: Double
    ) -> [Markup] {
        let fits = x + 5 + Chart.width(of: name) <= Chart.width
        return [
            Shape.line("event", x, top - 10, x, bottom),
            Shape.text(fits ? "halo start" : "halo end", fits ? x + 5 : x - 5, top, name),
        ]
    }

    private static func description(
        _ curves: [(engine: String, values: [Double])], _ happenings: [Happening]
    ) -> String {
        let engines = curves.compactMap { curve in
            Spread(curve.values).map {
                "\(curve.engine): \(Figure.throughput.format($0)) operations a second."
            }
        }
        let events = happenings.map { "\($0.description)." }
        return (engines + events).joined(separator: " ")
    }
}
