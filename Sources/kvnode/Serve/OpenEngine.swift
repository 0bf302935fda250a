import Cluster
import ClusterCore
import Engine
import LogLimits
import Logging

/// A node's engine, opened, watched and behind its executor.
enum OpenEngine {
    /// - Parameter logs: For what may fail with each request.
    /// - Throws: `ServeError` with what to do, if the files are damaged; `EngineError`.
    static func executor(
        _ settings: NodeConfiguration.EngineSettings, in directory: DataDirectory, _ logs: LimitedLogs,
        _ logger: Logger
    ) throws -> EngineExecutor {
        let engine = try open(settings, in: directory)
        do {
            try directory.confirm()
        } catch {
            // The first error is the one to tell.
            try? engine.close()
            throw error
        }
        let log = EngineLog(logs, engine: settings.type, path: directory.enginePath, logger)
        let watch = EngineWatch { log.tell($0) }
        // Below the cache: what that answers cannot fail.
        let watched = WatchedEngine(engine, watch)
        return try EngineExecutor(
            engine: CachedEngine.before(watched, maxBytes: settings.rowCacheBytes),
            limits: limits(settings), watch: watch)
    }

    private static func open(
        _ settings: NodeConfiguration.EngineSettings, in directory: DataDirectory
    ) throws -> any StorageEngine {
        do throws(EngineError) {
            return try settings.factory.open(at: directory.enginePath, options: settings.options)
        } catch {
            guard error.isDamage else { throw error }
            throw ServeError("the engine \(settings.type) does not open its files: \(error). \(advice)")
        }
    }

    /// What `begin` found, with what to do if the files are damaged, or a newer release's.
    static func explain(_ error: any Error) -> any Error {
        if let error = error as? CodecError, case .unknownVersion = error.code {
            return ServeError(
                "the node's data is of a format that this release does not know (\(error)): start the release that wrote it"
            )
        }
        let isDamage = (error as? EngineError)?.isDamage ?? (error is CodecError)
        return isDamage
            ? ServeError("the node cannot begin on its engine's files: \(error). \(advice)") : error
    }

    private static let advice =
        "kvnode engine repair saves what can be read; or move the files away, and the node's peers fill it anew"

    private static func limits(_ settings: NodeConfiguration.EngineSettings) -> EngineExecutor.Limits {
        var limits = EngineExecutor.Limits()
        limits.readerThreads = settings.readerThreads
        limits.maxQueuedWrites = settings.maxQueuedWrites
        limits.maxQueuedReads = settings.maxQueuedReads
        limits.maxQueuedBytes = settings.maxQueuedWriteBytes
        limits.maxGroupOperations = settings.maxGroupOperations
        limits.maxGroupBytes = settings.maxGroupBytes
        limits.commitDelay = settings.commitDelay
        limits.commitSiblings = settings.commitSiblings
        return limits
    }
}
