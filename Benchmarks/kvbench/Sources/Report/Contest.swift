import Results

/// The engines of a group that one can choose from, each held against each other.
struct Contest {
    let cells: [Cell]
    private let seed: UInt64
    /// Of those that no other one beats: none is better in something that decides and worse in nothing.
    private let leaders: Set<Int>
    private let isDecided: Bool
    private let hasIntervals: Bool

    init(_ group: Group, seed: UInt64) {
        let lasting = group.cells.filter { !Verdict.isForgetful($0) }
        let cells = lasting.isEmpty ? group.cells : lasting
        /// What is said of `one` beside `other`; nothing beside itself.
        func said(of one: Int, beside other: Int) -> Set<Judgement> {
            if one == other { return [] }
            let judgements = Verdict.deciding.compactMap { figure in
                Ratio(of: figure, cells[one], to: cells[other], seed: seed)?.judgement(of: figure)
            }
            return Set(judgements)
        }
        let judgements = cells.indices.map { one in cells.indices.map { said(of: one, beside: $0) } }
        let unbeaten = cells.indices.filter { loser in
            !judgements.contains { $0[loser].contains(.better) && !$0[loser].contains(.worse) }
        }
        self.cells = cells
        self.seed = seed
        // Chance may have each beaten by one: then none leads.
        leaders = Set(unbeaten.isEmpty ? Array(cells.indices) : unbeaten)
        isDecided = judgements.joined().contains { $0.contains(.better) }
        hasIntervals = judgements.joined().contains { !$0.isEmpty && $0 != [.tooFewRounds] }
    }

    /// The choice, for the end of a sentence.
    var outcome: String {
        if cells.count == 1 { return "no choice, only \(cells[0].engine) was run" }
        if !hasIntervals { return "too few rounds to choose by" }
        if !isDecided { return "no difference that this run could show" }
        return leaders.sorted().map { cells[$0].engine }.joined(last: "or")
    }

    /// A sentence for each leader and each engine that it's held against; each two only once.
    var evidence: [String] {
        pairs.map { one, other in
            Compared.sentence(compared(Verdict.deciding, one, other), of: one.engine, to: other.engine)
        }
    }

    /// What a leader costs beside the others, and what it saves, as far as it shows.
    var trades: [String] {
        guard isDecided else { return [] }
        return pairs.compactMap { one, other in
            let shown = compared(Verdict.traded, one, other)
            let costs = shown.filter { $0.judgement == .worse }.map { $0.phrase(other.engine) }
            let saves = shown.filter { $0.judgement == .better }.map { $0.phrase(other.engine) }
            let parts = [("costs", costs), ("saves", saves)].filter { !$0.1.isEmpty }
                .map { "\($0): \($1.joined(separator: ", "))" }
            return parts.isEmpty ? nil : "The trade, \(one.engine) \(parts.joined(separator: "; "))."
        }
    }

    private func compared(_ figures: [Figure], _ one: Cell, _ other: Cell) -> [Compared] {
        figures.compactMap { figure in
            Ratio(of: figure, one, to: other, seed: seed).map { Compared(figure: figure, ratio: $0) }
        }
    }

    /// Each leader with each other engine. Of two leaders the later one is held against the earlier, as in the tables.
    private var pairs: [(one: Cell, other: Cell)] {
        cells.indices.flatMap { later in
            (0..<later).compactMap { earlier in
                if leaders.contains(later) { return (cells[later], cells[earlier]) }
                return leaders.contains(earlier) ? (cells[earlier], cells[later]) : nil
            }
        }
    }
}
