import Results

/// A comparison as one page that needs nothing else, for people who look at charts.
public struct HTMLReport {
    private let comparison: Comparison
    private let charts: Charts

    public init(_ comparison: Comparison) {
        self.comparison = comparison
        charts = Charts(comparison)
    }

    /// HTML that is XML, too. It loads nothing and has no scripts.
    public var page: String {
        let head: [Markup] = [
            .element("meta", ["charset": "utf-8"], []),
            .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"], []),
            .element("title", text: Facts.title), .element("style", text: Style.sheet),
        ]
        let parts = [header, replication, verdicts, overview, conditions, reading].compactMap(\.self)
        let body = parts + comparison.groups.enumerated().map(section)
        let html = Markup.element(
            "html", ["xmlns": "http://www.w3.org/1999/xhtml", "lang": "en"],
            [.element("head", head), .element("body", [.element("main", body)])])
        return "<!DOCTYPE html>\n\(html.written)\n"
    }

    private var header: Markup {
        let partial = Facts.partial(comparison).map {
            Markup.element("p", ["class": "verdict"], [.element("strong", text: $0)])
        }
        return .element(
            "header",
            [.element("h1", text: Facts.title)] + [partial].compactMap(\.self) + [
                .element("p", text: "Begun \(comparison.begun).")
            ])
    }

    /// Nil if no engine was measured in a cluster and without.
    private var replication: Markup? {
        Table.replication(of: comparison).map { table in
            .element(
                "section",
                [
                    .element("h2", text: "What replication costs"), drawn(charts.replication, "replication"),
                    self.table(table),
                ])
        }
    }

    private var verdicts: Markup {
        let entries = comparison.groups.enumerated().map { index, group in
            let verdict = Verdict.of(group, seed: comparison.seed)
            let link = Markup.element("a", ["href": "#group\(index)"], text: "Its figures")
            return Markup.element(
                "div", ["class": "verdict"],
                [
                    .element("p", [.element("strong", text: verdict.choice), .text(" "), link]),
                    list(verdict.evidence),
                ])
        }
        return .element("section", [.element("h2", text: "Which engine for which workload")] + entries)
    }

    /// Nil if each workload's own charts say as much.
    private var overview: Markup? {
        let charts = charts.overviews.flatMap(\.charts)
        return charts.isEmpty
            ? nil
            : .element(
                "section", [.element("h2", text: "All workloads at a glance"), drawn(charts, "overview")])
    }

    private var conditions: Markup {
        let facts = Facts(comparison)
        let rows = facts.pairs.map { name, text in
            Markup.element("tr", [.element("th", ["scope": "row"], text: name), .element("td", text: text)])
        }
        return .element(
            "section",
            [
                .element("h2", text: "How it was measured"),
                .element("table", ["class": "facts"], [.element("tbody", rows)]),
                .element("p", text: "To repeat it:"),
                .element("pre", ["tabindex": "0"], [.element("code", text: facts.command)]),
            ])
    }

    private var reading: Markup {
        .element("section", [.element("h2", text: "How to read it"), list(Reading.hints(comparison))])
    }

    private func section(_ index: Int, _ group: Group) -> Markup {
        let id = "group\(index)"
        let tables = [Table.figures(of: group), Table.ratios(of: group, seed: comparison.seed)]
        let notes = Notes.of(group)
        return .element(
            "section", ["id": id],
            [
                .element("h2", text: group.title.sentenceCased), drawn(charts.of(group), id),
            ] + tables.compactMap(\.self).map(self.table) + (notes.isEmpty ? [] : [list(notes)]))
    }

    private func drawn(_ charts: [Chart], _ id: String) -> Markup {
        .element(
            "div", ["class": "charts"], charts.enumerated().map { $1.markup(id: "\(id)-chart\($0)") })
    }

    private func list(_ items: [String]) -> Markup {
        .element("ul", items.map { .element("li", text: $0) })
    }

    /// In a region of its own, which a keyboard can scroll.
    private func table(_ table: Table) -> Markup {
        let header = table.header.map { Markup.element("th", ["scope": "col"], text: $0) }
        let rows = table.rows.map { row in
            let fields = row.enumerated().map { index, field in
                if index == 0 { return Markup.element("th", ["scope": "row"], text: field.text) }
                return .element(
                    "td", [field.isStrong ? .element("strong", text: field.text) : .text(field.text)])
            }
            return Markup.element("tr", fields)
        }
        let content = Markup.element(
            "table",
            [
                .element("caption", text: table.caption + "."), .element("thead", [.element("tr", header)]),
                .element("tbody", rows),
            ])
        return .element(
            "div", ["class": "scroll", "role": "region", "tabindex": "0", "aria-label": table.caption],
            [content])
    }
}
