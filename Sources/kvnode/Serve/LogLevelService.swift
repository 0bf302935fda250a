import API
import Logging
import NIOCore

/// A node's levels of logging, as an operator's interface sees them. Any thread.
final class LogLevelService: LogLevelControl {
    private let levels: LogLevels
    private let loop: any EventLoop

    /// - Parameter loop: Its time and timers are gone by.
    init(_ levels: LogLevels, on loop: any EventLoop) {
        self.levels = levels
        self.loop = loop
    }

    var logLevels: LogLevelReport { levels.report(now: loop.now) }

    func setLogLevel(
        _ level: Logger.Level?, of logger: String?, for duration: TimeAmount?
    ) throws(UnknownLogger) {
        let number = try levels.set(level, of: logger, until: duration.map { loop.now + $0 })
        guard let duration else { return }
        loop.scheduleTask(in: duration) { [levels] in levels.expire(number) }
    }
}
