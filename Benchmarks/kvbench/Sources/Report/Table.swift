import Results

/// A table before it is Markdown or HTML. What stands in it is plain text.
struct Table: Equatable {
    struct Field: Equatable {
        var text: String
        /// Whether it is to be seen first.
        var isStrong = false
    }

    /// For people who don't see the page around it.
    var caption: String
    var header: [String]
    /// The first field of a row names the row.
    var rows: [[Field]]
}

extension Table {
    /// What there is to say without a value.
    static let nothing = "–"

    /// A row per engine, a column per figure that any of them has.
    static func figures(of group: Group) -> Table {
        let figures = Figure.allCases.filter { figure in group.cells.contains { $0.spread(of: figure) != nil }
        }
        let rows = group.cells.map { cell in
            let fields = figures.map { figure in cell.spread(of: figure).map(figure.format) ?? nothing }
            return ([cell.engine] + fields).map { Field(text: $0) }
        }
        return Table(
            caption: "Figures of \(group.title): median (least–greatest) of the rounds",
            header: ["Engine"] + figures.map(\.heading), rows: rows)
    }

    /// A row per engine, durability and workload that was measured in a cluster and without; nil of none.
    static func replication(of comparison: Comparison) -> Table? {
        let replications = comparison.replications
        guard !replications.isEmpty else { return nil }
        let cpu = Figure.cpuPerOperation
        let rows = replications.map { one in
            [
                "\(one.workload), \(one.durability), \(one.engine)", cpu.format(one.alone),
                "\(one.copies) × = \(cpu.format(one.engines))", cpu.format(one.replicated),
                one.own.text { cpu.format($0) },
                (one.ownPart * 100).formatted(decimals: 0) + "%",
                one.ratio.text { $0.formatted(decimals: 2) },
                one.throughput.text { $0.formatted(decimals: 2) },
            ].map { Field(text: $0) }
        }
        return Table(
            caption: "CPU of an operation in a cluster and without, in microseconds",
            header: [
                "Workload, durability, engine", "Engine alone", "For each copy", "Cluster",
                "Replication's own share", "Part of the whole", "Cluster, times the engine alone",
                "Throughput, times the engine's alone",
            ], rows: rows)
    }

    /// A row per engine but the first, a column per figure in which any of them has a ratio; nil of one engine.
    static func ratios(of group: Group, seed: UInt64) -> Table? {
        guard !group.others.isEmpty else { return nil }
        // A ratio of errors says little: most often there are none.
        let figures = Figure.allCases.filter { $0.isOfEngine && $0 != .errors }
        let ratios = figures.map { figure in
            group.others.map { Ratio(of: figure, $0, to: group.reference, seed: seed) }
        }
        let columns = figures.indices.filter { index in ratios[index].contains { $0 != nil } }
        let rows = group.others.enumerated().map { row, cell in
            [Field(text: cell.engine)] + columns.map { Field(ratios[$0][row], of: figures[$0]) }
        }
        return Table(
            caption:
                "Ratios of \(group.title) to \(group.reference.engine), with 95% intervals; bold where a difference shows",
            header: ["Engine, times \(group.reference.engine)"]
                + columns.map { figures[$0].name.sentenceCased },
            rows: rows)
    }
}

extension Estimate {
    /// "1.20 (1.10–1.30)"; the median alone where there is no interval.
    fileprivate func text(_ format: (Double) -> String) -> String {
        let bounds = interval.map { " (\(format($0.lowerBound))–\(format($0.upperBound)))" } ?? ""
        return format(median) + bounds
    }
}

extension Table.Field {
    /// Strong if it shows a difference.
    fileprivate init(_ ratio: Ratio?, of figure: Figure) {
        guard let ratio else {
            self.init(text: Table.nothing)
            return
        }
        let shows = [.better, .worse].contains(ratio.judgement(of: figure))
        self.init(text: ratio.description, isStrong: shows)
    }
}
