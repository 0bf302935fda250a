/// A piece of XHTML or SVG. Text and attributes are escaped when it is written, and nowhere else: none can be forgotten.
enum Markup {
    case text(String)
    case element(String, KeyValuePairs<String, String>, [Markup])

    static func element(_ name: String, _ children: [Markup]) -> Markup { .element(name, [:], children) }

    static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String
    ) -> Markup {
        .element(name, attributes, [.text(text)])
    }

    /// As it stands in a page.
    var written: String {
        var written = ""
        write(to: &written)
        return written
    }

    /// HTML closes these by themselves, and all others only by an end tag.
    private static let void: Set = ["br", "hr", "link", "meta"]

    private func write(to output: inout String) {
        switch self {
        case .text(let text):
            output += Self.escaped(text)
        case .element(let name, let attributes, let children):
            output += "<\(name)"
            for (key, value) in attributes { output += " \(key)=\"\(Self.escaped(value))\"" }
            if Self.void.contains(name) {
                output += "/>"
                return
            }
            output += ">"
            for child in children { child.write(to: &output) }
            output += "</\(name)>"
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
            // XML has no way to write these.
            case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
