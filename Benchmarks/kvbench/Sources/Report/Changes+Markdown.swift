import Results

extension Changes {
    /// As text in Markdown; it ends with a line's end.
    public var markdown: String {
        let parts = [
            "# Beside the baseline", list(conditions, "Not measured alike, which may be why figures differ:"),
        ]
        let rest = [
            list(onlyInBaseline, "Only in the baseline:"), list(onlyInCurrent, "Only in this run:"), summary,
            shown(.worse, "Worse:"), shown(.better, "Better:"), reading,
        ]
        return ((parts + rest).compactMap(\.self) + entries.map(section)).joined(separator: "\n\n") + "\n"
    }

    private var summary: String {
        if entries.isEmpty { return "No cell is in both." }
        var text =
            "Of the figures of \(entries.count) \(entries.count == 1 ? "cell" : "cells"): \(count(of: .worse)) worse, \(count(of: .better)) better, \(count(of: .unclear)) without a difference that these runs could show."
        let few = count(of: .tooFewRounds)
        if few > 0 { text += " Of \(few) nothing can be said, with fewer than three rounds." }
        return text
    }

    private var reading: String? {
        if entries.isEmpty { return nil }
        return
            "Change of the median, with the 95% interval of a bootstrap of both runs' rounds. Better or worse: the interval excludes 0, and the change is 5% or more. The runs were apart in time: what else the machine did may differ, too."
    }

    private func list(_ items: [String], _ title: String) -> String? {
        if items.isEmpty { return nil }
        return title + "\n\n" + items.map { "- \(Markdown.escaped($0))" }.joined(separator: "\n")
    }

    /// Those figures of all cells that came out so.
    private func shown(_ judgement: Judgement, _ title: String) -> String? {
        let items = entries.flatMap { entry in
            entry.changes.filter { $0.judgement == judgement }.map {
                "\(entry.name): \($0.figure.name) \($0.shift)"
            }
        }
        return list(items, title)
    }

    private func section(_ entry: Entry) -> String {
        let rows = entry.changes.map { change in
            [
                change.figure.heading, change.figure.format(change.difference.baseline),
                change.figure.format(change.difference.current), change.shift, change.judgement.text,
            ].map { Table.Field(text: $0) }
        }
        let table = Table(
            caption: entry.name, header: ["Figure", "Baseline", "This run", "Change", "Says"], rows: rows)
        return "## \(Markdown.escaped(entry.name))\n\n\(Markdown.table(table))"
    }
}

extension Changes.Change {
    /// "+12% (+8% to +17%)"; in the figure's unit where the baseline is 0.
    fileprivate var shift: String {
        let base = difference.baseline.median
        func signed(_ value: Double) -> String {
            let text = base > 0 ? (value / base * 100).formatted(decimals: 1) + "%" : figure.format(value)
            return value > 0 ? "+" + text : text
        }
        guard let interval = difference.interval else { return "\(signed(difference.shift)) (no interval)" }
        return
            "\(signed(difference.shift)) (\(signed(interval.lowerBound)) to \(signed(interval.upperBound)))"
    }
}

extension Judgement {
    fileprivate var text: String {
        switch self {
        case .better: "better"
        case .worse: "worse"
        case .unclear: "no difference shown"
        case .tooFewRounds: "too few rounds"
        }
    }
}
