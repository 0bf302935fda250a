import Results

/// A figure of one engine held against another's, in words.
struct Compared {
    let figure: Figure
    let ratio: Ratio

    var judgement: Judgement { ratio.judgement(of: figure) }

    /// "CPU per operation 0.71 times rocksdb's (0.66–0.75)".
    func phrase(_ other: String) -> String {
        let interval = ratio.interval.map { " (\($0.text))" } ?? ""
        return "\(figure.name) \(ratio.median.formatted(decimals: 2)) times \(other)'s\(interval)"
    }

    /// "CPU per operation (0.98–1.04 times)".
    private var range: String {
        let range = ratio.interval?.text ?? ratio.median.formatted(decimals: 2)
        return "\(figure.name) (\(range) times)"
    }

    /// What is better first, then what is worse, then what isn't known.
    static func sentence(_ all: [Compared], of engine: String, to other: String) -> String {
        if all.isEmpty { return "\(engine) and \(other) have no figures to hold against each other." }
        func those(_ judgement: Judgement) -> [Compared] { all.filter { $0.judgement == judgement } }
        var parts: [String] = []
        let better = those(.better).map { $0.phrase(other) }
        if !better.isEmpty { parts.append("better in \(better.joined(separator: ", "))") }
        let worse = those(.worse).map { $0.phrase(other) }
        if !worse.isEmpty { parts.append("worse in \(worse.joined(separator: ", "))") }
        let unclear = those(.unclear).map(\.range)
        if !unclear.isEmpty {
            parts.append(
                "no difference from \(other) that this run could show in \(unclear.joined(last: "and"))")
        }
        let few = those(.tooFewRounds).map { $0.phrase(other) }
        if !few.isEmpty {
            parts.append("too few rounds to say whether it differs: \(few.joined(separator: ", "))")
        }
        return "\(engine): \(parts.joined(separator: "; "))."
    }
}
