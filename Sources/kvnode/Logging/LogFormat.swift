/// How events are written to the log.
enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-01-31T12:00:00.000Z info kvnode: message key=value`
    case text
    /// One JSON object a line, by the Elastic Common Schema (`ECSField`).
    case json
}
