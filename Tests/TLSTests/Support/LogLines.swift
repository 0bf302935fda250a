import Logging
import Synchronization

/// What was logged.
struct LogLines: LogHandler {
    final class Storage: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let storage: Storage
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(_ storage: Storage) { self.storage = storage }

    static func logger(_ storage: Storage) -> Logger { Logger(label: "tls") { _ in LogLines(storage) } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        let text = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        storage.add("\(event.level) \(event.message)\(text)")
    }
}
