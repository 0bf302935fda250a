import Foundation

/// Rows of text below a heading, in columns.
struct TextTable {
    var text: String

    init(_ heading: [String], _ rows: [[String]], _ style: TextStyle = .plain) {
        let rows = [heading] + rows
        let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).map { $0.padding(toLength: $1 + 2, withPad: " ", startingAt: 0) }.joined()
                .trimmingCharacters(in: .whitespaces)
        }
        text = ([style.heading(lines[0])] + lines.dropFirst()).map { $0 + "\n" }.joined()
    }
}
