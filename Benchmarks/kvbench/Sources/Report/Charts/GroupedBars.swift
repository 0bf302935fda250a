import Results

/// Bars below each other in groups, each with its whisker and its number.
struct GroupedBars {
    struct Bar {
        let engine: String
        let spread: Spread
    }

    struct Group {
        let title: String
        let figure: Figure
        let bars: [Bar]
    }

    private static let right = Chart.width - 56
    private static let rowHeight = 22.0
    private static let barHeight = 12.0

    private let palette: Palette
    private let scale: Scale
    private(set) var markup: [Markup] = []
    /// That all of it takes.
    private(set) var height = 22.0

    /// Nil without a bar.
    init?(_ groups: [Group], _ palette: Palette) {
        let bars = groups.flatMap(\.bars)
        guard let greatest = bars.map(\.spread.greatest).max() else { return nil }
        let longest = bars.map { Chart.width(of: $0.engine) }.max() ?? 0
        self.palette = palette
        scale = Scale.linear(upTo: greatest, from: min(12 + longest, Chart.width / 2), to: Self.right)
        var y = 0.0
        var drawn: [Markup] = []
        for group in groups where !group.bars.isEmpty {
            drawn.append(Shape.text("start", 4, y + 16, group.title))
            y += Self.rowHeight
            for bar in group.bars {
                drawn += drawing(bar, group.figure, at: y + Self.rowHeight / 2)
                y += Self.rowHeight
            }
            y += Self.rowHeight / 4
        }
        height = y + 22
        markup = axis(to: y) + drawn
    }

    private func axis(to bottom: Double) -> [Markup] {
        scale.ticks.flatMap { tick in
            let x = scale.position(tick.value)
            return [
                Shape.line(tick.value == 0 ? "axis" : "grid", x, Self.rowHeight, x, bottom),
                Shape.text("soft middle", x, bottom + 15, tick.label),
            ]
        }
    }

    private func drawing(_ bar: Bar, _ figure: Figure, at y: Double) -> [Markup] {
        let (zero, end) = (scale.position(0), scale.position(bar.spread.median))
        let (least, greatest) = (scale.position(bar.spread.least), scale.position(bar.spread.greatest))
        return [
            Shape.text("soft end", zero - 6, y + 4, bar.engine),
            Shape.bar(
                palette.fill(bar.engine), zero, y - Self.barHeight / 2, width: end - zero,
                height: Self.barHeight),
            Shape.line("whisker", least, y, greatest, y),
            Shape.line("whisker", least, y - 4, least, y + 4),
            Shape.line("whisker", greatest, y - 4, greatest, y + 4),
            Shape.text("start", max(end, greatest) + 5, y + 4, figure.format(bar.spread.median)),
        ]
    }
}

extension GroupedBars.Group {
    /// Those of `group` that have the figure.
    init(_ figure: Figure, of group: Results.Group, title: String) {
        self.init(
            title: title, figure: figure,
            bars: group.cells.compactMap { cell in
                cell.spread(of: figure).map { GroupedBars.Bar(engine: cell.engine, spread: $0) }
            })
    }
}
