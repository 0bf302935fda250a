import Engine
import LogLimits
import Logging

/// Tells the log what an engine's calls show of its files. Any thread.
struct EngineLog: Sendable {
    private static let cannotRead: StaticString =
        "the engine cannot read what it has stored: the other replicas serve it; stop the node, run kvnode engine repair, and start it"
    private static let hasNoRoom: StaticString =
        "the engine has no room for writes: free the disk, or enlarge it"
    private static let cannotWrite: StaticString =
        "the engine cannot write: look at the disk; if writes fail after a restart as well, run kvnode engine repair"

    private let logs: LimitedLogs
    private let metadata: Logger.Metadata
    private let logger: Logger

    /// - Parameters:
    ///   - logs: For what may fail with each request.
    ///   - path: Where the engine's files are.
    init(_ logs: LimitedLogs, engine: String, path: String, _ logger: Logger) {
        self.logs = logs
        self.logger = logger
        metadata = ["engine": "\(engine)", "directory": "\(path)"]
    }

    func tell(_ incident: EngineWatch.Incident) {
        switch incident {
        case .readFailed(let error): fail(Self.cannotRead, error)
        case .writeFailed(let error):
            fail(error.code == .noSpace ? Self.hasNoRoom : Self.cannotWrite, error)
        case .writesAgain:
            logs.end(Self.hasNoRoom)
            logs.end(Self.cannotWrite)
            logger.notice("the engine writes again", metadata: metadata)
        }
    }

    private func fail(_ message: StaticString, _ error: EngineError) {
        logs.log(.error, message, metadata: metadata.merging(["error": "\(error)"]) { $1 })
    }
}
