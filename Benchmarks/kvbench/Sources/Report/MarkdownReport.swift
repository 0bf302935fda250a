import Results

/// A comparison for people who read text.
public struct MarkdownReport {
    private let comparison: Comparison

    public init(_ comparison: Comparison) { self.comparison = comparison }

    /// CommonMark with tables as GitHub has them; it ends with a line's end.
    public var text: String {
        ([header, replication, verdicts, reading].compactMap(\.self) + comparison.groups.map(section))
            .joined(separator: "\n\n") + "\n"
    }

    private var header: String {
        let facts = Facts(comparison)
        let rows = facts.pairs.map { "| \(Markdown.escaped($0.name)) | \(Markdown.escaped($0.text)) |" }
        let partial = Facts.partial(comparison).map { "**\(Markdown.escaped($0))**\n\n" } ?? ""
        return """
            # \(Facts.title)

            \(partial)| Condition | |
            | --- | --- |
            \(rows.joined(separator: "\n"))

            To repeat it:

            ```sh
            \(facts.command)
            ```
            """
    }

    /// Nil if no engine was measured in a cluster and without.
    private var replication: String? {
        Table.replication(of: comparison).map { table in
            "## What replication costs\n\n\(Markdown.escaped(table.caption)):\n\n\(Markdown.table(table))"
        }
    }

    private var verdicts: String {
        let entries = comparison.groups.map { group in
            let verdict = Verdict.of(group, seed: comparison.seed)
            let evidence = verdict.evidence.map { "  - \(Markdown.escaped($0))" }
            return (["- **\(Markdown.escaped(verdict.choice))**"] + evidence).joined(separator: "\n")
        }
        return (["## Which engine for which workload"] + entries).joined(separator: "\n\n")
    }

    private var reading: String {
        let hints = Reading.hints(comparison).map { "- \(Markdown.escaped($0))" }
        return "## How to read it\n\n" + hints.joined(separator: "\n")
    }

    private func section(_ group: Group) -> String {
        var parts = [
            "## \(Markdown.escaped(group.title.sentenceCased))", Markdown.table(.figures(of: group)),
        ]
        if let ratios = Table.ratios(of: group, seed: comparison.seed) {
            parts.append("Beside \(Markdown.escaped(group.reference.engine)), bold where a difference shows:")
            parts.append(Markdown.table(ratios))
        }
        let notes = Notes.of(group).map { "- \(Markdown.escaped($0))" }
        if !notes.isEmpty { parts.append(notes.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }
}
