import Results

/// How many bytes all nodes write and keep for each byte of the user's.
enum AmplificationChart {
    private static let figures: [Figure] = [.writeAmplification, .spaceAmplification]
    private static let right = Chart.width - 56
    private static let rowHeight = 22.0
    private static let barHeight = 12.0

    static func chart(of group: Group, _ palette: Palette) -> Chart? {
        let spreads = figures.flatMap { figure in group.cells.compactMap { $0.spread(of: figure) } }
        guard let greatest = spreads.map(\.greatest).max() else { return nil }
        let longest = group.cells.map { Chart.width(of: $0.engine) }.max() ?? 0
        let left = min(12 + longest, Chart.width / 2)
        let scale = Scale.linear(upTo: greatest, from: left, to: right)
        var y = 0.0
        var bars: [Markup] = []
        for figure in figures {
            let cells = group.cells.compactMap { cell in cell.spread(of: figure).map { (cell.engine, $0) } }
            if cells.isEmpty { continue }
            bars.append(Shape.text("start", 4, y + 16, figure.name.sentenceCased))
            y += rowHeight
            for (engine, spread) in cells {
                bars += bar(engine, spread, figure, at: y + rowHeight / 2, scale, palette)
                y += rowHeight
            }
            y += rowHeight / 4
        }
        return Chart(
            title: "Amplification",
            hint:
                "Bytes on all nodes' disks for each of the user's: median, with the least and the greatest.",
            description: description(group), height: y + 22, content: axis(scale, to: y) + bars)
    }

    private static func axis(_ scale: Scale, to bottom: Double) -> [Markup] {
        scale.ticks.flatMap { tick in
            let x = scale.position(tick.value)
            return [
                Shape.line(tick.value == 0 ? "axis" : "grid", x, rowHeight, x, bottom),
                Shape.text("soft middle", x, bottom + 15, tick.label),
            ]
        }
    }

    private static func bar(
        _ engine: String, _ spread: Spread, _ figure: Figure, at y: Double, _ scale: Scale, _ palette: Palette
    ) -> [Markup] {
        let (zero, end) = (scale.position(0), scale.position(spread.median))
        let (least, greatest) = (scale.position(spread.least), scale.position(spread.greatest))
        return [
            Shape.text("soft end", zero - 6, y + 4, engine),
            Shape.bar(palette.fill(engine), zero, y - barHeight / 2, width: end - zero, height: barHeight),
            Shape.line("whisker", least, y, greatest, y),
            Shape.line("whisker", least, y - 4, least, y + 4),
            Shape.line("whisker", greatest, y - 4, greatest, y + 4),
            Shape.text("start", max(end, greatest) + 5, y + 4, figure.format(spread.median)),
        ]
    }

    private static func description(_ group: Group) -> String {
        group.cells.map { cell in
            let parts = figures.compactMap { figure in
                cell.spread(of: figure).map { "\(figure.name) \(figure.format($0))" }
            }
            return "\(cell.engine): \(parts.isEmpty ? "not known" : parts.joined(separator: ", "))."
        }.joined(separator: " ")
    }
}
