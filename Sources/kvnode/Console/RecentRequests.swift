import Logging
import ObjectStorage
import Synchronization

/// The last lines of a logger, for whoever looks on. Any thread.
final class RecentRequests: Sendable {
    struct Entry: Equatable, Sendable {
        /// Milliseconds since 1970.
        var time: UInt64
        var fields: [String: String]
    }

    private let limit: Int
    /// The newest last.
    private let kept = Mutex<[Entry]>([])

    /// - Parameter limit: How many are kept, 1 at least.
    init(limit: Int) { self.limit = limit }

    /// The newest first.
    var entries: [Entry] { kept.withLock { $0.reversed() } }

    /// A logger that writes what `logger` does, of which the last lines are kept here.
    func watching(_ logger: Logger) -> Logger {
        Logger(label: logger.label) { _ in Handler(inner: logger.handler, recent: self) }
    }

    private func keep(_ metadata: Logger.Metadata) {
        let time = UInt64(max(0, WallClock.now() * 1000))
        let entry = Entry(time: time, fields: metadata.mapValues { "\($0)" })
        kept.withLock { kept in
            if kept.count == limit { kept.removeFirst() }
            kept.append(entry)
        }
    }

    private struct Handler: LogHandler {
        var inner: any LogHandler
        let recent: RecentRequests

        var metadata: Logger.Metadata {
            get { inner.metadata }
            set { inner.metadata = newValue }
        }
        var metadataProvider: Logger.MetadataProvider? {
            get { inner.metadataProvider }
            set { inner.metadataProvider = newValue }
        }
        var logLevel: Logger.Level {
            get { inner.logLevel }
            set { inner.logLevel = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { inner[metadataKey: key] }
            set { inner[metadataKey: key] = newValue }
        }

        func log(event: LogEvent) {
            recent.keep(event.metadata ?? [:])
            inner.log(event: event)
        }
    }
}
