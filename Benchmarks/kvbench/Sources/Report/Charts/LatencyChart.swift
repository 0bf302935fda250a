import Foundation
import Results

/// How long operations take, from the quickest to the slowest. The axis gives each further nine of a percentile the same
/// room, so that the slowest can be seen.
enum LatencyChart {
    static func chart(of group: Group, _ palette: Palette) -> Chart? {
        let curves = group.cells.map { (engine: $0.engine, points: $0.latencyCurve) }.filter {
            !$0.points.isEmpty
        }
        let all = curves.flatMap(\.points)
        // A logarithm has no place for 0: what took less than a microsecond is drawn as one.
        let values = all.map { max($0.milliseconds, 0.001) }
        guard let least = values.min(), let greatest = values.max() else { return nil }
        let legend = Legend(curves.map(\.engine), .line, palette)
        let plot = Plot(top: legend.height + 22)
        let y = Scale.logarithmic(least...greatest, from: plot.bottom, to: plot.top)
        let x = Nines(all.map(\.percentile))
        let lines = curves.map { curve in
            Shape.path(
                "line \(palette.stroke(curve.engine))",
                curve.points.map { (x.position($0.percentile), y.position($0.milliseconds)) })
        }
        return Chart(
            name: "latency", title: "Latency by percentile",
            hint: "Median of the rounds; each nine has the same room.",
            description: description(group), height: plot.height,
            content: legend.markup + plot.axes(x: x.ticks, named: "percentile", y: y, named: "ms") + lines)
    }

    private static func description(_ group: Group) -> String {
        group.cells.map { cell in
            let parts = [Figure.latencyP50, .latencyP99, .latencyMax].compactMap { figure in
                cell.spread(of: figure).map { "\(figure.name) \(figure.format($0.median)) ms" }
            }
            return "\(cell.engine): \(parts.isEmpty ? "no latency" : parts.joined(separator: ", "))."
        }.joined(separator: " ")
    }

    /// An axis of percentiles by their nines: 90 is one, 99 are two.
    private struct Nines {
        /// Where 100 is, which has no end of nines.
        private let end: Double

        init(_ percentiles: [Double]) {
            end = max(2, (percentiles.map(Self.nines).filter(\.isFinite).max() ?? 0).rounded(.down) + 1)
        }

        func position(_ percentile: Double) -> Double {
            Plot.left + min(Self.nines(percentile), end) / end * (Plot.right - Plot.left)
        }

        var ticks: [(position: Double, label: String)] {
            let nines = (1..<Int(end)).map {
                $0 < 3 ? ["90", "99"][$0 - 1] : "99." + String(repeating: "9", count: $0 - 2)
            }
            let labelled = (["0", "50"] + nines).compactMap { label in Double(label).map { ($0, label) } }
            return (labelled + [(100, "100")]).map { (position($0.0), $0.1) }
        }

        private static func nines(_ percentile: Double) -> Double {
            // 100 − 99.9 is not quite 0.1.
            percentile < 100 ? (-log10(1 - percentile / 100) * 1e9).rounded() / 1e9 : .infinity
        }
    }
}
