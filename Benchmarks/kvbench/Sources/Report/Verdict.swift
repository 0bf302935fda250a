import Results

/// Which engine for one group, and what says so.
struct Verdict: Equatable {
    /// What the choice goes by.
    static let deciding: [Figure] = [.throughput, .latencyP99, .cpuPerOperation]
    /// What the choice is paid with.
    static let traded: [Figure] = [.writeAmplification, .spaceAmplification, .memory]
    /// Engines that nobody can choose to keep data: theirs is gone with the process.
    static let forgetful: Set = ["memory"]

    /// One sentence.
    let choice: String
    /// The figures that it rests on, and what it costs.
    let evidence: [String]

    static func of(_ group: Group, seed: UInt64) -> Verdict {
        let contest = Contest(group, seed: seed)
        var evidence = contest.evidence + contest.trades
        if contest.cells.count < group.cells.count {
            let names = group.cells.map(\.engine).filter(forgetful.contains).joined(last: "and")
            evidence.append("Not to choose from: \(names), whose data is gone with the process.")
        }
        return Verdict(
            choice: "For \(group.description): \(contest.outcome).",
            evidence: evidence + Notes.cautions(group))
    }
}
