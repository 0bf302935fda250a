import Results

/// How many times the first engine's the others' figures are, with intervals.
enum RatioChart {
    static let figures: [Figure] = [
        .throughput, .latencyP50, .latencyP99, .cpuPerOperation, .memory, .writeAmplification,
        .spaceAmplification,
    ]
    private static let (left, right) = (158.0, Chart.width - 40)
    private static let rowHeight = 16.0
    private static let gap = 8.0
    /// What is beyond is drawn at the end.
    private static let drawn = 0.1...10.0

    private struct Row {
        let figure: Figure
        let engine: String
        let ratio: Ratio
        /// Where it lies.
        let y: Double
    }

    static func chart(of group: Group, seed: UInt64, _ palette: Palette) -> Chart? {
        let engines = group.others.map(\.engine)
        let legend = Legend(engines, .mark, palette)
        let top = legend.height + 4
        let rows = rows(of: group, seed: seed, top: top)
        guard let last = rows.last else { return nil }
        let bottom = last.y + rowHeight
        let ends = rows.flatMap {
            [$0.ratio.median] + ($0.ratio.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
        }
        let (least, greatest) = (min(ends.min() ?? 1, 0.5), max(ends.max() ?? 1, 2))
        let scale = Scale.logarithmic(
            least.clamped(to: drawn)...greatest.clamped(to: drawn), from: left, to: right)
        return Chart(
            name: "ratios", title: "Beside \(group.reference.engine)",
            hint: hint(group.reference.engine, isCut: ends.contains { !drawn.contains($0) }),
            description: description(rows, group.reference.engine), height: bottom + 24,
            content: legend.markup + axis(scale, from: top, to: bottom) + names(rows)
                + rows.flatMap { drawing($0, scale, palette) })
    }

    private static func hint(_ reference: String, isCut: Bool) -> String {
        let cut =
            isCut
            ? " What is beyond \(drawn.lowerBound.plain) or \(drawn.upperBound.plain) stands at the end." : ""
        return "Times \(reference)'s, with 95% intervals. Arrows point to where it's better." + cut
    }

    private static func rows(of group: Group, seed: UInt64, top: Double) -> [Row] {
        var rows: [Row] = []
        var y = top
        for figure in figures {
            for cell in group.others {
                guard let ratio = Ratio(of: figure, cell, to: group.reference, seed: seed) else { continue }
                y += rows.last.map { $0.figure == figure ? rowHeight : rowHeight + gap } ?? rowHeight
                rows.append(Row(figure: figure, engine: cell.engine, ratio: ratio, y: y))
            }
        }
        return rows
    }

    private static func axis(_ scale: Scale, from top: Double, to bottom: Double) -> [Markup] {
        scale.ticks.flatMap { tick in
            let x = scale.position(tick.value)
            return [
                Shape.line(tick.value == 1 ? "axis" : "grid", x, top, x, bottom),
                Shape.text("soft middle", x, bottom + 16, tick.label),
            ]
        }
    }

    /// Of each figure, beside its first row.
    private static func names(_ rows: [Row]) -> [Markup] {
        rows.indices.filter { $0 == 0 || rows[$0 - 1].figure != rows[$0].figure }.map { index in
            let figure = rows[index].figure
            let name = figure.name.sentenceCased + (figure.lessIsBetter ? " ←" : " →")
            return Shape.text("start", 4, rows[index].y + 4, name)
        }
    }

    private static func drawing(_ row: Row, _ scale: Scale, _ palette: Palette) -> [Markup] {
        var parts: [Markup] = []
        if let interval = row.ratio.interval {
            let (from, to) = (scale.position(interval.lowerBound), scale.position(interval.upperBound))
            let kind = "range \(palette.stroke(row.engine))"
            parts.append(Shape.line(kind, from, row.y, to, row.y))
            parts += [from, to].map { Shape.line(kind, $0, row.y - 4, $0, row.y + 4) }
        }
        parts.append(palette.mark(row.engine, x: scale.position(row.ratio.median), y: row.y))
        parts.append(
            Shape.text("soft end", Chart.width - 2, row.y + 4, row.ratio.median.formatted(decimals: 2)))
        return parts
    }

    private static func description(_ rows: [Row], _ reference: String) -> String {
        rows.map { "\($0.engine): \(Compared(figure: $0.figure, ratio: $0.ratio).phrase(reference))." }
            .joined(separator: " ")
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
