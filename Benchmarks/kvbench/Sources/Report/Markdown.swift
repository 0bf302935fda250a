/// The pieces that texts in Markdown are made of.
enum Markdown {
    /// So that it is read as it stands, in a table too.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if character.isNewline {
                escaped.append(" ")
            } else {
                if "\\`*_~[]<>&|#".contains(character) { escaped.append("\\") }
                escaped.append(character)
            }
        }
        return escaped
    }

    static func table(_ table: Table) -> String {
        let header = table.header.map(escaped)
        let rules = table.header.indices.map { $0 == 0 ? "---" : "---:" }
        let rows = table.rows.map { $0.map { $0.isStrong ? "**\(escaped($0.text))**" : escaped($0.text) } }
        return ([header, rules] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }
}
