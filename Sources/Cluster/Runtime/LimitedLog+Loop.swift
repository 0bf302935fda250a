import LogLimits
import Logging
import NIOCore

extension LimitedLog.Clock {
    /// The time and the timers of an event loop.
    package init(_ loop: any EventLoop) {
        self.init(
            nanoseconds: { loop.now.uptimeNanoseconds },
            after: { wait, body in
                loop.scheduleTask(in: .nanoseconds(Int64(clamping: wait))) { body() }
            })
    }
}

extension LimitedLogs {
    /// - Parameter interval: How long what goes on is not told again.
    package convenience init(_ logger: Logger, every interval: TimeAmount, on loop: any EventLoop) {
        self.init(logger, every: UInt64(clamping: interval.nanoseconds), clock: LimitedLog.Clock(loop))
    }
}

extension LimitedLog {
    /// - Parameter interval: How long what goes on is not told again.
    package convenience init(_ logger: Logger, every interval: TimeAmount, on loop: any EventLoop) {
        self.init(logger, every: UInt64(clamping: interval.nanoseconds), clock: Clock(loop))
    }
}
