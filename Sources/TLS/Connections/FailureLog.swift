import LogLimits
import Logging
import NIOCore
import Synchronization

/// Says why connections failed, and not more often than is of use: whoever can connect could fill the log otherwise. Any thread.
public final class FailureLog: Sendable {
    /// How long what repeats from one host is not told again.
    private static let memory = TimeAmount.minutes(10)
    /// Past this many hosts, all is forgotten rather than kept.
    private static let maxHosts = 1_024
    private static let period = TimeAmount.seconds(10)
    private static let linesPerPeriod = 5

    private struct State {
        var told: [String: String] = [:]
        var toldSince = NIODeadline.uptimeNanoseconds(0)
        var lines = Repetition(
            every: UInt64(FailureLog.period.nanoseconds), most: FailureLog.linesPerPeriod)
    }

    private let message: Logger.Message
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter message: Of every line.
    public init(_ message: Logger.Message, logger: Logger) {
        self.message = message
        self.logger = logger
    }

    /// - Parameter channel: The connection, with the host at its other end.
    public func tell(_ failure: TLSFailure, of channel: any Channel) {
        let host = channel.remoteAddress?.ipAddress ?? "unknown"
        var metadata: Logger.Metadata = [
            "address": "\(host):\(channel.remoteAddress?.port ?? 0)", "reason": "\(failure)",
        ]
        // Whoever only looks whether the port is open, such as a load balancer, is not worth more.
        guard failure.cause != .closed, let leftOut = beginLine(failure.reason, host, at: .now()) else {
            return logger.debug(message, metadata: metadata)
        }
        if leftOut > 0 { metadata[LimitedLog.leftOutKey] = "\(leftOut)" }
        logger.warning(message, metadata: metadata)
    }

    /// How many lines were left out before this one; nil if there is to be none.
    private func beginLine(_ reason: String, _ host: String, at now: NIODeadline) -> Int? {
        state.withLock { state in
            if now - state.toldSince >= Self.memory || state.told.count >= Self.maxHosts {
                state.told = [:]
                state.toldSince = now
            }
            guard state.told.updateValue(reason, forKey: host) != reason else { return nil }
            return state.lines.occurred(at: now.uptimeNanoseconds)
        }
    }
}
