import LogLimits
import Logging

extension LimitedLogs {
    /// Whose lines nobody reads.
    static var unread: LimitedLogs {
        LimitedLogs(
            Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, every: 1,
            clock: LimitedLog.Clock(nanoseconds: { 0 }, after: { _, _ in }))
    }
}
