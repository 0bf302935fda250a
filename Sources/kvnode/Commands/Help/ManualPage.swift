/// The manual page, in the macros of man(7).
struct ManualPage {
    let text: String

    init(_ kvnode: CommandHelp, version: String) {
        var lines = [
            ".TH KVNODE 1 \"\" \"kvnode \(version)\" \"User Commands\"", ".SH NAME",
            "kvnode \\- \(Self.escape(Self.withoutEnd(kvnode.abstract ?? "")))", ".SH SYNOPSIS",
            ".B kvnode", "\\fIcommand\\fR [\\fIarguments\\fR]", ".SH DESCRIPTION",
        ]
        lines += Self.paragraphs(kvnode.discussion)
        lines.append(".SH COMMANDS")
        lines += kvnode.shown.flatMap(Self.section)
        text = lines.map { $0 + "\n" }.joined()
    }

    /// Of a command, and then of those below it.
    private static func section(_ command: CommandHelp) -> [String] {
        var lines = [".SS \"\(escape(command.path))\""] + paragraphs(command.abstract)
        if command.shown.isEmpty { lines += [".PP", synopsis(command)] }
        lines += paragraphs(command.discussion)
        if command.shown.isEmpty { lines += command.own.flatMap(entry) }
        return lines + command.shown.flatMap(section)
    }

    private static func synopsis(_ command: CommandHelp) -> String {
        let operands = command.own.filter { $0.kind == "positional" }.map { one in
            let name = "\\fI\(escape(one.valueName ?? "value"))\\fR" + (one.isRepeating ? " ..." : "")
            return one.isOptional ? "[\(name)]" : name
        }
        let needed = command.own.filter { $0.kind != "positional" && !$0.isOptional }.map(form)
        let options = command.own.contains { $0.kind != "positional" && $0.isOptional } ? ["[options]"] : []
        return (["\\fB\(escape(command.path))\\fR"] + needed + options + operands).joined(separator: " ")
    }

    private static func entry(_ argument: CommandHelp.Argument) -> [String] {
        let values = argument.allValues.map { " One of: \($0.joined(separator: ", "))." } ?? ""
        let byDefault = argument.defaultValue.map { " (default: \($0))" } ?? ""
        return [".TP", form(argument), escape((argument.abstract ?? "") + values + byDefault)]
    }

    /// `-b, --bucket name`.
    private static func form(_ argument: CommandHelp.Argument) -> String {
        let value = "\\fI\(escape(argument.valueName ?? "value"))\\fR"
        guard argument.kind != "positional" else { return value }
        let names = (argument.names ?? []).map { "\\fB\(escape($0.text))\\fR" }.joined(separator: ", ")
        return argument.kind == "flag" ? names : "\(names) \(value)"
    }

    private static func paragraphs(_ text: String?) -> [String] {
        (text ?? "").split(separator: "\n", omittingEmptySubsequences: true).flatMap {
            [".PP", escape(String($0))]
        }
    }

    private static func withoutEnd(_ sentence: String) -> String {
        sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }

    /// So that roff takes it for text.
    private static func escape(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "\"": result += "\\(dq"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "~": result += "\\(ti"
            case "^": result += "\\(ha"
            default: result.append(character)
            }
        }
        return result.hasPrefix(".") ? "\\&" + result : result
    }
}
