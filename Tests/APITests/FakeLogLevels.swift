import Logging
import NIOCore
import Synchronization

@testable import API

/// Levels of two loggers, and what was asked of them.
final class FakeLogLevels: LogLevelControl {
    struct Change: Equatable {
        var level: Logger.Level?
        var logger: String?
        var duration: TimeAmount?
    }

    private let state = Mutex<[Change]>([])

    var changes: [Change] { state.withLock { $0 } }

    var logLevels: LogLevelReport {
        let last = changes.last
        let loggers = ["audit", "kvnode"].map { name in
            let isChanged = last?.level != nil && (last?.logger ?? name) == name
            return LogLevelReport.Entry(
                logger: name, level: isChanged ? last?.level ?? .info : .info, isChanged: isChanged,
                remaining: isChanged ? last?.duration : nil)
        }
        return LogLevelReport(configured: .info, loggers: loggers)
    }

    func setLogLevel(
        _ level: Logger.Level?, of logger: String?, for duration: TimeAmount?
    ) throws(UnknownLogger) {
        if let logger, logger != "audit", logger != "kvnode" {
            throw UnknownLogger(name: logger, known: ["audit", "kvnode"])
        }
        state.withLock { $0.append(Change(level: level, logger: logger, duration: duration)) }
    }
}
