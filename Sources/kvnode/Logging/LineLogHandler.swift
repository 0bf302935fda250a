import Logging

/// Makes a line of each event.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let destination: NodeLog
    /// The level of all loggers with the label, which may change while they live.
    private let shared: LogLevels.Cell
    /// What this copy was given instead.
    private var own: Logger.Level?

    init(label: String, _ log: NodeLog) {
        self.label = label
        destination = log
        shared = log.levels.cell(of: label)
    }

    var logLevel: Logger.Level {
        get { own ?? shared.level }
        set { own = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error {
            fields["error"] = "\(error)"
            fields["error_type"] = "\(type(of: error))"
        }
        destination.write(
            LogLine(
                time: LogLine.now(), level: event.level, label: label, message: "\(event.message)",
                fields: fields))
    }
}
