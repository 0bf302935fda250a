import Logging

/// What a node has logged.
struct LogRecorder: LogHandler {
    struct Line: Sendable {
        var level: Logger.Level
        var message: String
        var metadata: Logger.Metadata

        var reason: String { metadata["reason"].map { "\($0)" } ?? "" }
        var peer: String { metadata["peer"].map { "\($0)" } ?? "" }
    }

    let lines: Observed<[Line]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.update { $0.append(Line(level: event.level, message: "\(event.message)", metadata: all)) }
    }
}
