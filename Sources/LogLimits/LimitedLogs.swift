import Logging
import Synchronization

/// A ``LimitedLog`` for each of a component's messages. Any thread.
public final class LimitedLogs: Sendable {
    private let logger: Logger
    private let interval: UInt64
    private let clock: LimitedLog.Clock
    /// Messages are written in the source, so that there are few.
    private let logs = Mutex<[String: LimitedLog]>([:])

    /// - Parameter interval: In nanoseconds; how long what goes on is not told again.
    public init(_ logger: Logger, every interval: UInt64, clock: LimitedLog.Clock) {
        self.logger = logger
        self.interval = interval
        self.clock = clock
    }

    /// It has happened, what this message tells.
    public func log(_ level: Logger.Level, _ message: StaticString, metadata: Logger.Metadata = [:]) {
        // What nobody is told need not be kept account of.
        guard logger.logLevel <= level else { return }
        let text = message.description
        self[text].log(level, "\(text)", metadata: metadata)
    }

    /// It is over, what this message told.
    public func end(_ message: StaticString) { logs.withLock { $0[message.description] }?.end() }

    private subscript(message: String) -> LimitedLog {
        logs.withLock { logs in
            if let log = logs[message] { return log }
            let log = LimitedLog(logger, every: interval, clock: clock)
            logs[message] = log
            return log
        }
    }
}
