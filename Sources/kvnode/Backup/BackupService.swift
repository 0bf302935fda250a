import API
import Backup
import Cluster
import ClusterCore
import Engine
import Foundation
import Logging
import NIOCore
import NIOPosix
import ObjectStorage
import ServiceLifecycle
import Synchronization

/// Makes the node's backups: those that an operator asks for, and one every day if that is configured; one at a time.
final class BackupService: Service, BackupControl {
    /// In milliseconds.
    private static let longestWait: UInt64 = 30_000

    private let maker: BackupMaker
    private let settings: NodeConfiguration.Backup
    private let node: ClusterNode
    private let wallMillis: @Sendable () -> UInt64
    private let figures: BackupFigures
    private let logger: Logger
    private let requests: AsyncStream<BackupRequest>
    private let begun: AsyncStream<BackupRequest>.Continuation
    private let state: Mutex<State>

    private struct State {
        var report: BackupReport
        var isStopped = false
        /// Whether what is under way, or about to begin, is to be ended.
        var isCancelled = false
        /// What is under way.
        var task: Task<Void, Never>?
    }

    /// - Parameter loop: Where the node's backups wait for what they send.
    init(
        _ configuration: NodeConfiguration, node: ClusterNode, engine: any StorageEngine,
        wallMillis: @escaping @Sendable () -> UInt64, figures: BackupFigures, loop: any EventLoop,
        logger: Logger
    ) {
        settings = configuration.backup
        maker = BackupMaker(
            settings: configuration.backup, node: node, engine: engine, engineName: configuration.engine.type,
            wallMillis: wallMillis, loop: loop)
        self.node = node
        self.wallMillis = wallMillis
        self.figures = figures
        self.logger = logger
        (requests, begun) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State(report: BackupReport(node: configuration.node.name, members: [])))
    }

    // MARK: For operators

    var backup: BackupReport {
        var report = state.withLock(\.report)
        report.members = node.layouts.current.members.map(\.name).sorted()
        return report
    }

    func beginBackup(_ id: String, to place: String) throws(BackupRefusal) {
        guard NodeBackup.accepts(id: id) else { throw .invalid(NodeBackup.nameRule) }
        let place = place.isEmpty ? settings.place ?? "" : place
        guard !place.isEmpty else { throw .invalid("neither the request nor backup.to says where to") }
        do throws(ObjectStoreError) {
            _ = try ObjectStoreLocation(place)
        } catch {
            throw .invalid(error.message)
        }
        try begin(BackupRequest(id: id, place: place))
    }

    func cancelBackup() {
        state.withLock { state in
            guard state.report.state == .running else { return }
            state.isCancelled = true
            state.task?.cancel()
        }
    }

    private func begin(_ request: BackupRequest) throws(BackupRefusal) {
        let now = wallMillis()
        let refusal: BackupRefusal? = state.withLock { state in
            if state.isStopped { return .shuttingDown }
            if state.report.state == .running { return .busy(state.report.id) }
            state.report = BackupReport(node: state.report.node, members: [])
            state.report.state = .running
            state.isCancelled = false
            state.report.id = request.id
            state.report.place = request.place
            state.report.beganMillis = now
            return nil
        }
        if let refusal { throw refusal }
        begun.yield(request)
    }

    // MARK: The work

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.serve() }
            group.addTask {
                await self.findNewest()
                await self.keepSchedule()
            }
            // A shutdown that isn't graceful ends the wait as well.
            try? await gracefulShutdown()
            stop()
            group.cancelAll()
        }
    }

    private func stop() {
        let task = state.withLock { state in
            state.isStopped = true
            return state.task
        }
        begun.finish()
        task?.cancel()
    }

    private func serve() async {
        for await request in requests {
            let task = Task { await perform(request) }
            let isOver = state.withLock { state in
                state.task = task
                return state.isStopped || state.isCancelled
            }
            if isOver { task.cancel() }
            await task.value
            state.withLock { $0.task = nil }
        }
    }

    private func perform(_ request: BackupRequest) async {
        logger.info("a backup begins", metadata: ["backup": "\(request.id)", "to": "\(request.place)"])
        do throws(BackupError) {
            let manifest = try await maker.make(request) { self.note($0) }
            figures.ended(manifest)
            end(.done)
            logger.info(
                "the node's part of a backup is complete",
                metadata: [
                    "backup": "\(request.id)", "rows": "\(manifest.rows)", "bytes": "\(manifest.bytes)",
                    "sent_bytes": "\(manifest.sentBytes)",
                    "milliseconds":
                        "\(manifest.endedMillis - min(manifest.endedMillis, manifest.beganMillis))",
                ])
        } catch {
            figures.failed()
            let isCancelled = error.code == .cancelled
            end(isCancelled ? .cancelled : .failed(reason: error.code.rawValue, error.description))
            logger.log(
                level: isCancelled ? .notice : .error,
                isCancelled ? "a backup was ended early" : "a backup failed",
                metadata: ["backup": "\(request.id)", "error": "\(error)"])
        }
    }

    private func end(_ outcome: BackupReport.State) {
        let now = wallMillis()
        state.withLock { state in
            state.report.state = outcome
            state.report.endedMillis = now
        }
    }

    private func note(_ progress: BackupProgress) {
        state.withLock { state in
            state.report.partitions = progress.partitions
            state.report.partitionsDone = progress.partitionsDone
            state.report.rows = progress.rows
            state.report.bytes = progress.bytes
            state.report.sentBytes = progress.sentBytes
        }
        figures.progress(progress)
    }

    /// How old it is has to be known after a restart, too, whoever has backups made.
    private func findNewest() async {
        guard let place = settings.place else { return }
        do throws(BackupError) {
            if let manifest = try await maker.newest(in: place) { figures.found(manifest) }
        } catch {
            logger.warning(
                "the newest backup is not known", metadata: ["to": "\(place)", "error": "\(error)"])
        }
    }

    // MARK: Every day

    private func keepSchedule() async {
        guard let time = settings.dailyAt, let place = settings.place else { return }
        var last: UInt64 = 0
        while true {
            // Not the same time twice, be the clock set back.
            let due = time.next(after: max(wallMillis(), last))
            guard await waits(until: due) else { return }
            last = due
            do throws(BackupRefusal) {
                try begin(BackupRequest(id: time.name(of: due), place: place))
            } catch {
                logger.warning("the daily backup is left out", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// In slices, so that a clock that is set meanwhile is gone by.
    ///
    /// - Returns: Whether it is the time; false if the node stops.
    private func waits(until due: UInt64) async -> Bool {
        var now = wallMillis()
        while now < due {
            do {
                try await Task.sleep(for: .milliseconds(Int64(min(due - now, Self.longestWait))))
            } catch {
                return false
            }
            now = wallMillis()
        }
        return true
    }
}
