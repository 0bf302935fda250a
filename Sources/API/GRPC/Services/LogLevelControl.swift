import Logging
import NIOCore

/// The levels of a node's loggers, which an operator may change while it runs. Any thread.
public protocol LogLevelControl: AnyObject, Sendable {
    var logLevels: LogLevelReport { get }

    /// - Parameters:
    ///   - level: Nil for what is configured.
    ///   - logger: The label; nil for all.
    ///   - duration: After which it is as configured again; nil for as long as the node runs.
    func setLogLevel(
        _ level: Logger.Level?, of logger: String?, for duration: TimeAmount?
    ) throws(UnknownLogger)
}

/// What a node's loggers write.
public struct LogLevelReport: Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        /// The label.
        public var logger: String
        public var level: Logger.Level
        /// Whether an operator has changed it since the start.
        public var isChanged: Bool
        /// How long that lasts; nil for as long as the node runs.
        public var remaining: TimeAmount?

        public init(logger: String, level: Logger.Level, isChanged: Bool, remaining: TimeAmount?) {
            self.logger = logger
            self.level = level
            self.isChanged = isChanged
            self.remaining = remaining
        }
    }

    /// What the configuration says.
    public var configured: Logger.Level
    /// By label.
    public var loggers: [Entry]

    public init(configured: Logger.Level, loggers: [Entry]) {
        self.configured = configured
        self.loggers = loggers
    }
}

/// No logger has this label.
public struct UnknownLogger: Error, Equatable {
    public var name: String
    /// Those that there are.
    public var known: [String]

    public init(name: String, known: [String]) {
        self.name = name
        self.known = known
    }
}
