import Results

/// Which engine for one group, and what says so.
struct Verdict: Equatable {
    /// What the choice goes by.
    static let deciding: [Figure] = [.throughput, .latencyP99, .cpuPerOperation]
    /// What the choice is paid with.
    static let traded: [Figure] = [.writeAmplification, .spaceAmplification, .memory]
    /// Whether nobody can choose its engine to keep data, which is gone with the process. A build or a number of nodes may
    /// follow the engine in the name.
    static func isForgetful(_ cell: Cell) -> Bool { cell.engine.prefix { $0 != " " } == "memory" }

    /// One sentence.
    let choice: String
    /// The figures that it rests on, and what it costs.
    let evidence: [String]

    static func of(_ group: Group, seed: UInt64) -> Verdict {
        let contest = Contest(group, seed: seed)
        var evidence = contest.evidence + contest.trades
        if contest.cells.count < group.cells.count {
            let names = group.cells.filter(isForgetful).map(\.engine).joined(last: "and")
            evidence.append("Not to choose from: \(names), whose data is gone with the process.")
        }
        return Verdict(
            choice: "For \(group.description): \(contest.outcome).",
            evidence: evidence + Notes.cautions(group))
    }
}
