import Results

/// What is different between two runs.
public struct Changes: Equatable, Sendable {
    /// One figure of one cell, in both.
    public struct Change: Equatable, Sendable {
        public let figure: Figure
        public let difference: Difference
        /// Of the current run.
        public let judgement: Judgement
    }

    /// One engine with one durability under one workload, in both.
    public struct Entry: Equatable, Sendable {
        /// "lmdb, workload c, buffered".
        public let name: String
        /// Figures that both have.
        public let changes: [Change]
    }

    /// Conditions that differ and may be why figures do: options, machine and versions. "records: 1,000, now 2,000".
    public let conditions: [String]
    public let entries: [Entry]
    /// Names of cells that the other has not.
    public let onlyInBaseline: [String]
    public let onlyInCurrent: [String]

    /// Intervals are drawn by the current run's seed.
    public static func between(baseline: Comparison, current: Comparison) -> Changes {
        var (entries, onlyInCurrent): ([Entry], [String]) = ([], [])
        for cell in current.cells {
            guard let old = baseline.cells.first(where: { $0.name == cell.name }) else {
                onlyInCurrent.append(cell.name)
                continue
            }
            let changes = Figure.allCases.filter(\.isOfEngine).compactMap { figure in
                Difference(of: figure, baseline: old, current: cell, seed: current.seed)
                    .map { Change(figure: figure, difference: $0, judgement: $0.judgement(of: figure)) }
            }
            entries.append(Entry(name: cell.name, changes: changes))
        }
        let names = Set(current.cells.map(\.name))
        return Changes(
            conditions: Conditions.differences(baseline, current), entries: entries,
            onlyInBaseline: baseline.cells.map(\.name).filter { !names.contains($0) },
            onlyInCurrent: onlyInCurrent)
    }

    /// How many figures of all cells came out so.
    public func count(of judgement: Judgement) -> Int {
        entries.flatMap(\.changes).count { $0.judgement == judgement }
    }
}

extension Cell {
    /// Names it among all cells of a comparison.
    var name: String { "\(engine), workload \(workload), \(durability)" }
}
