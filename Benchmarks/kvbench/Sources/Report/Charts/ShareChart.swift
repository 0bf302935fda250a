import Results

/// What an operation of a cluster costs: the engines' part, and what replication adds.
enum ShareChart {
    private static let right = Chart.width - 56
    private static let rowHeight = 22.0
    private static let barHeight = 12.0

    /// One for each workload and durability.
    static func charts(of replications: [Replication], _ palette: Palette) -> [Chart] {
        var titles: [String] = []
        for one in replications where !titles.contains(title(one)) { titles.append(title(one)) }
        return titles.map { title in
            chart(title, replications.filter { self.title($0) == title }, palette)
        }
    }

    private static func title(_ one: Replication) -> String { "Workload \(one.workload), \(one.durability)" }

    private static func chart(_ title: String, _ replications: [Replication], _ palette: Palette) -> Chart {
        let longest = replications.map { Chart.width(of: $0.engine) }.max() ?? 0
        let left = min(12 + longest, Chart.width / 2)
        let greatest = replications.map { max($0.replicated.median, $0.engines) }.max() ?? 0
        let scale = Scale.linear(upTo: greatest, from: left, to: right)
        let bottom = rowHeight * Double(replications.count)
        let bars = replications.enumerated().flatMap { index, one in
            bar(one, at: rowHeight * (Double(index) + 0.5), scale, palette)
        }
        return Chart(
            name: "replication-" + title.lowercased().replacing(", ", with: "-").replacing(" ", with: "-"),
            title: title,
            hint:
                "CPU of an operation in a cluster, in µs: what its engines take alone, then, paler, what replication adds.",
            description: replications.map(description).joined(separator: " "), height: bottom + 22,
            content: axis(scale, to: bottom) + bars)
    }

    private static func axis(_ scale: Scale, to bottom: Double) -> [Markup] {
        scale.ticks.flatMap { tick in
            let x = scale.position(tick.value)
            return [
                Shape.line(tick.value == 0 ? "axis" : "grid", x, 0, x, bottom),
                Shape.text("soft middle", x, bottom + 15, tick.label),
            ]
        }
    }

    /// Where a cluster takes less than its engines would alone, there is nothing paler.
    private static func bar(
        _ one: Replication, at y: Double, _ scale: Scale, _ palette: Palette
    ) -> [Markup] {
        let (zero, engines) = (scale.position(0), scale.position(one.engines))
        let end = max(engines, scale.position(one.replicated.median))
        let (fill, top) = (palette.fill(one.engine), y - barHeight / 2)
        return [
            Shape.text("soft end", zero - 6, y + 4, one.engine),
            Shape.bar(fill, zero, top, width: engines - zero, height: barHeight),
            Shape.bar("\(fill) pale", engines, top, width: end - engines, height: barHeight),
            Shape.text("start", end + 5, y + 4, Figure.cpuPerOperation.format(one.replicated.median)),
        ]
    }

    private static func description(_ one: Replication) -> String {
        let cpu = Figure.cpuPerOperation
        return
            "\(one.engine): \(cpu.format(one.replicated.median)) µs in a cluster, of which its engines take \(cpu.format(one.engines))."
    }
}
