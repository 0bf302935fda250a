import Foundation

/// The values in force, for `kvnode config`.
struct ConfigurationReport {
    var values: EffectiveConfiguration

    /// A configuration file that gives the same node, each line with its source as a comment.
    var yaml: String {
        let lines = values.entries.map { entry in
            (key: entry.setting.components, text: yamlValue(entry), origin: entry.origin.description)
        }
        var result = ""
        var group: [String] = []
        for line in lines {
            let parents = Array(line.key.dropLast())
            for depth in parents.indices where !group.starts(with: parents[...depth]) {
                result += String(repeating: "  ", count: depth) + parents[depth] + ":\n"
                group = Array(parents[...depth])
            }
            group = parents
            let setting = String(repeating: "  ", count: parents.count) + line.key.last! + ": " + line.text
            // Not by Foundation, which counts other characters than these and would cut some texts off.
            result += setting + String(repeating: " ", count: max(0, 50 - setting.count))
            result += "  # \(line.origin)\n"
        }
        return result
    }

    /// One object a key: `value`, `source` (`default`, `file` or `env`), `from` and `environment_name`.
    var json: String {
        get throws {
            var object: [String: Line] = [:]
            for entry in values.entries {
                object[entry.setting.key] = Line(
                    value: entry.setting.isSecret ? .text("***") : entry.value, source: entry.origin.kind,
                    from: entry.origin.description, environmentName: entry.setting.environmentName)
            }
            return try JSONText.encode(object)
        }
    }

    private struct Line: Encodable {
        var value: Setting.Value
        var source: String
        var from: String
        var environmentName: String

        enum CodingKeys: String, CodingKey {
            case value, source, from
            case environmentName = "environment_name"
        }
    }

    private func yamlValue(_ entry: EffectiveConfiguration.Entry) -> String {
        if entry.setting.isSecret { return "\"***\"" }
        return switch entry.value {
        case .int, .bool: entry.value.text
        case .text(let text): YAMLText.quote(text)
        case .list(let items): "[" + items.map(YAMLText.quote).joined(separator: ", ") + "]"
        }
    }
}

extension Setting.Value: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .int(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        }
    }
}

/// JSON as the command line prints it.
enum JSONText {
    static func encode(_ value: some Encodable) throws -> String { try encode(value, [.prettyPrinted]) }

    /// All of it in one line, of which there may be more.
    static func line(_ value: some Encodable) throws -> String { try encode(value, []) }

    private static func encode(
        _ value: some Encodable, _ layout: JSONEncoder.OutputFormatting
    ) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = layout.union([.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}

enum YAMLText {
    /// `text` in double quotes, whatever it holds.
    static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where isPlain(scalar): result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// Whether YAML takes it within quotes for itself: it prints, and is no break of a line.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2028, 0x2029, 0xFEFF: false
        case 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x1_0000...0x10_FFFF: true
        default: false
        }
    }
}
