import Foundation

/// What one row has come to in one round.
struct PeerResult {
    var cpuMicroseconds: Double
    var operationsPerSecond: Double
    var p50: Double
    var p99: Double
    /// Of one core.
    var generatorShare: Double
    /// Writes that shared a call for the disk.
    var writesPerSync: Double?
    var errors: Int

    subscript(figure: PeerRow.Figure) -> Double {
        switch figure {
        case .cpu: cpuMicroseconds
        case .p50: p50
        }
    }

    var summary: String {
        String(format: "%.1f µs, %.0f/s", cpuMicroseconds, operationsPerSecond)
    }
}

/// The rounds of all rows, and the table of them.
struct PeerResults {
    private let rows: [PeerRow]
    private var results: [[PeerResult]]

    init(_ rows: [PeerRow]) {
        self.rows = rows
        results = Array(repeating: [], count: rows.count)
    }

    var isEmpty: Bool { results.allSatisfy(\.isEmpty) }

    mutating func add(_ result: PeerResult, to row: Int) { results[row].append(result) }

    var table: String {
        let head = """
            | What | CPU, µs/operation | Operations/s | p50, p99, ms | Ratio | Target | Generator, of one core | Failed |
            | --- | --- | --- | --- | --- | --- | --- | --- |
            """
        return ([head] + rows.indices.map(line)).joined(separator: "\n")
    }

    private func line(_ index: Int) -> String {
        let (row, results) = (rows[index], results[index])
        var cells = [row.name, spread(results.map(\.cpuMicroseconds), "%.1f")]
        cells.append(spread(results.map(\.operationsPerSecond), "%.0f"))
        cells.append(
            String(
                format: "%.2f, %.2f", median(results.map(\.p50)) / 1_000, median(results.map(\.p99)) / 1_000))
        if let target = row.target, let other = rows.firstIndex(where: { $0.name == target.reference }) {
            let ratios = zip(results, self.results[other]).map { $0[target.figure] / $1[target.figure] }
            let what = (target.figure == .p50 ? "p50 of " : "") + target.reference
            cells += [spread(ratios, "%.2f"), String(format: "%.2f × ", target.ratio) + what]
        } else {
            cells += ["", ""]
        }
        cells.append(String(format: "%.0f%%", 100 * median(results.map(\.generatorShare))))
        cells.append("\(results.reduce(0) { $0 + $1.errors })")
        let syncs = results.compactMap(\.writesPerSync)
        if !syncs.isEmpty { cells[0] += String(format: " (%.1f writes a sync)", median(syncs)) }
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private func spread(_ values: [Double], _ format: String) -> String {
        let texts = [median(values), values.min() ?? .nan, values.max() ?? .nan].map {
            String(format: format, $0)
        }
        return "\(texts[0]) (\(texts[1])–\(texts[2]))"
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
