/// How events are written to the log.
enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-01-31T12:00:00.000Z info kvnode: message key=value`
    case text
    /// One JSON object a line: `time`, `level`, `logger`, `message` and, if there is any, `metadata`.
    case json
}
