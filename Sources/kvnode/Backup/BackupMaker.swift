import Backup
import Cluster
import ClusterCore
import Engine
import Foundation
import NIOCore
import NIOPosix
import ObjectStorage

/// What a backup is to be called, and where it goes.
struct BackupRequest: Sendable {
    var id: String
    var place: String
}

/// Makes a node's part of a backup, with the connections and the thread that this takes, and lets go of them.
struct BackupMaker: Sendable {
    let settings: NodeConfiguration.Backup
    let node: ClusterNode
    let engine: any StorageEngine
    let engineName: String
    let wallMillis: @Sendable () -> UInt64
    let loop: any EventLoop

    func make(
        _ request: BackupRequest, _ report: @escaping @Sendable (BackupProgress) -> Void
    ) async throws(BackupError) -> Manifest {
        try await with(request.place) { (store, key) throws(BackupError) in
            let thread = NIOThreadPool(numberOfThreads: 1)
            thread.start()
            let outcome = await BackupError.outcome { () async throws(BackupError) in
                let source = source
                let archive = try await Archive(
                    store, ofCluster: source.cluster, partitions: source.layout.current.partitionCount,
                    key: key)
                var settings = settings.settings
                settings.key = key
                return try await NodeBackup(
                    request.id, of: source, to: archive, settings: settings, thread: thread, loop: loop
                ).run(report)
            }
            do {
                try await thread.shutdownGracefully()
            } catch {
                throw BackupError(.failed, "the backup's thread cannot be ended: \(error)")
            }
            return try outcome.get()
        }
    }

    /// The node's newest backup; nil if there is none.
    func newest(in place: String) async throws(BackupError) -> Manifest? {
        try await with(place) { (store, key) throws(BackupError) in
            do throws(BackupError) {
                let archive = try await Archive(store, key: key)
                return try await archive.newest(of: node.configuration.nodeName)
            } catch {
                // Not one backup was made.
                if error.code == .notFound { return nil }
                throw error
            }
        }
    }

    private var source: BackupSource {
        BackupSource(
            engine: engine, cluster: node.configuration.clusterName, node: node.configuration.nodeName,
            software: Version.current, engineName: engineName, actor: node.actor, layout: node.layouts,
            buckets: node.bucketTable, wallMillis: wallMillis)
    }

    /// Opens the place and the key, and closes the place when `body` has ended.
    private func with<R: Sendable>(
        _ place: String, _ body: (any ObjectStore, BackupKey?) async throws(BackupError) -> R
    ) async throws(BackupError) -> R {
        let key: BackupKey? = if let path = settings.keyFile { try BackupKeyFile.read(path) } else { nil }
        let store = try BackupStores(s3: settings.s3).open(
            place, environment: ProcessInfo.processInfo.environment)
        let outcome = await BackupError.outcome { () async throws(BackupError) in try await body(store, key) }
        let closed = await store.closed()
        // The first error is the one to tell.
        let result = try outcome.get()
        try closed.get()
        return result
    }
}
