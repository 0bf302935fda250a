import Results

/// Which colour, dashes and mark an engine has: the same on the whole page.
struct Palette {
    private static let count = 6
    private let engines: [String]

    init(_ comparison: Comparison) {
        var engines: [String] = []
        for cell in comparison.allCells where !engines.contains(cell.engine) { engines.append(cell.engine) }
        self.engines = engines
    }

    /// For a line.
    func stroke(_ engine: String) -> String { "s\(index(engine))" }

    /// For an area.
    func fill(_ engine: String) -> String { "f\(index(engine))" }

    /// Of a shape that no other engine has.
    func mark(_ engine: String, x: Double, y: Double) -> Markup {
        let corners: [(Double, Double)] =
            switch index(engine) {
            case 0: [(-4, -4), (4, -4), (4, 4), (-4, 4)]
            case 1: [(0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)]
            case 2: [(0, -5), (5, 4), (-5, 4)]
            case 3: [(0, 5), (5, -4), (-5, -4)]
            case 4: [(-5, 0), (4, -5), (4, 5)]
            default: [(5, 0), (-4, -5), (-4, 5)]
            }
        let points = corners.map { "\((x + $0.0).coordinate),\((y + $0.1).coordinate)" }
        return .element("polygon", ["class": fill(engine), "points": points.joined(separator: " ")], [])
    }

    private func index(_ engine: String) -> Int { (engines.firstIndex(of: engine) ?? 0) % Self.count }
}

/// Which line or mark stands for which engine, in rows above a plot.
struct Legend {
    enum Sample {
        case line
        case mark
    }

    private static let rowHeight = 18.0
    private var samples: [Markup] = []
    /// That it takes.
    private(set) var height = Legend.rowHeight

    init(_ engines: [String], _ sample: Sample, _ palette: Palette) {
        var x = 4.0
        for engine in engines {
            let width = 34 + Chart.width(of: engine) + 14
            if x > 4, x + width > Chart.width {
                x = 4
                height += Self.rowHeight
            }
            let middle = height - Self.rowHeight / 2
            switch sample {
            case .line:
                samples.append(Shape.line("line \(palette.stroke(engine))", x, middle, x + 28, middle))
            case .mark:
                samples.append(palette.mark(engine, x: x + 20, y: middle))
            }
            samples.append(Shape.text("start", x + 34, middle + 4, engine))
            x += width
        }
    }

    var markup: [Markup] { samples }
}
