import Glibc
import Logging
import ObjectStorage

/// One event, on its way to a line of the log.
struct LogLine {
    /// RFC 3339, UTC, with milliseconds.
    var time: String
    var level: Logger.Level
    var label: String
    var message: String
    var fields: Logger.Metadata

    /// Characters of one value that are written: the bound of a line.
    private static let maxValueLength = 8_192

    /// For people.
    var text: String {
        var line = "\(time) \(level.rawValue) \(label): \(Self.escape(Self.bounded(message)))"
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.escape(Self.bounded("\(value)")))"
        }
        return line
    }

    /// For programs, by the Elastic Common Schema.
    func json(of source: LogSource) -> String {
        var line = "{\"@timestamp\":\"\(time)\",\"log.level\":\"\(level.rawValue)\""
        func add(_ name: String, _ json: String) { line += ",\(JSONString.quote(name)):\(json)" }
        func add(_ name: String, text: String) { add(name, JSONString.quote(text)) }
        add("message", text: Self.bounded(message))
        add("ecs.version", text: ECSField.version)
        add("log.logger", text: label)
        add("event.dataset", text: "kvnode.\(label)")
        add("service.name", text: "kvnode")
        add("service.version", text: source.version)
        add("service.node.name", text: source.node)
        var placed = ["labels.cluster": JSONString.quote(source.cluster)]
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            let (name, json) = ECSField.place(key, Self.bounded(Self.text(of: value)))
            // Two keys may come to the same label; JSON has each name once.
            placed[name] = json
        }
        for (name, json) in placed.sorted(by: { $0.key < $1.key }) { add(name, json) }
        return line + "}"
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > maxValueLength else { return text }
        return text.prefix(maxValueLength) + "…"
    }

    /// Text as it is, anything else as JSON.
    private static func text(of value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): "\(value)"
        case .array, .dictionary: json(value)
        }
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): JSONString.quote(text)
        case .stringConvertible(let value): JSONString.quote("\(value)")
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let fields):
            "{"
                + fields.sorted { $0.key < $1.key }.map { JSONString.quote($0.key) + ":" + json($0.value) }
                .joined(separator: ",") + "}"
        }
    }

    /// An event stays on its line, and cannot move the cursor of a terminal.
    private static func escape(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            return text
        }
        return String(JSONString.quote(text).dropFirst().dropLast())
    }

    // MARK: Time

    /// The present, from the system's clock.
    static func now() -> String {
        let milliseconds = Int(WallClock.now() * 1000)
        return format(seconds: milliseconds / 1000, milliseconds: milliseconds % 1000)
    }

    static func format(seconds: Int, milliseconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        unsafe gmtime_r(&seconds, &parts)
        let date =
            "\(pad(Int(parts.tm_year) + 1900, 4))-\(pad(Int(parts.tm_mon) + 1, 2))-\(pad(Int(parts.tm_mday), 2))"
        let time = "\(pad(Int(parts.tm_hour), 2)):\(pad(Int(parts.tm_min), 2)):\(pad(Int(parts.tm_sec), 2))"
        return "\(date)T\(time).\(pad(milliseconds, 3))Z"
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
