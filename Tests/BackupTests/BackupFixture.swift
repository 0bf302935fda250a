import ClusterCore
import Engine
import Foundation
import NIOCore
import NIOPosix

@testable import Backup

/// A few nodes without a cluster: engines whose rows are those of replicas, and an archive.
final class BackupFixture {
    static let partitions = 8

    let store = MemoryStore()
    let nodes: [String]
    private var engines: [String: any StorageEngine] = [:]
    private let layout: Layout
    private let folder: URL
    private var counter: UInt64 = 0

    /// - Parameter replication: How many of the nodes have each key.
    init(nodes: [String] = ["a", "b", "c"], replication: Int = 3) throws {
        self.nodes = nodes
        folder = FileManager.default.temporaryDirectory.appending(path: "kvnode-backup-\(UUID().uuidString)")
        let members = nodes.map { Member(name: $0, address: "\($0):1") }
        layout = try Layout.initial(
            members: members, partitionCount: Self.partitions, replicationFactor: replication)
        for node in nodes {
            let path = folder.appending(path: node)
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
            engines[node] = try MemoryEngineFactory.open(
                at: path.path(percentEncoded: false),
                options: try EngineOptions(MemoryEngineFactory.options, given: [:]))
        }
    }

    deinit {
        for engine in engines.values { try? engine.close() }
        try? FileManager.default.removeItem(at: folder)
    }

    func engine(_ node: String) -> any StorageEngine { engines[node]! }

    func key(_ name: String, _ bucket: String = "users") -> StorageKey {
        StorageKey(bucket: bucket, key: Array(name.utf8), partitionCount: Self.partitions)
    }

    /// A state that nobody has written before.
    func state(_ value: String, padding: Int = 0) -> [UInt8] {
        counter += 1
        var versions = Versions()
        versions.write(
            .value(Array(value.utf8) + [UInt8](repeating: 0x5A, count: padding), contentType: ""),
            dot: Dot(actor: 7, counter: counter), timestamp: Timestamp(milliseconds: counter),
            context: CausalContext(), policy: .siblings)
        return VersionsCodec.encode(versions)
    }

    /// Writes a key to those of its replicas that are named; to all if none is.
    @discardableResult
    func put(
        _ name: String, bucket: String = "users", _ value: String, padding: Int = 0, at only: [String]? = nil
    ) throws -> [UInt8] {
        let key = key(name, bucket)
        let state = state(value, padding: padding)
        let replicas = nodes.filter {
            layout.replicas(ofPartition: key.partition).contains(NodeID(name: $0))
                && only?.contains($0) ?? true
        }
        for node in replicas {
            var batch = WriteBatch()
            batch.put(.data, key.bytes, state)
            try engine(node).write(batch, durability: .buffered)
        }
        return state
    }

    func fill(_ count: Int, bucket: String = "users", padding: Int = 200) throws {
        for number in 0..<count {
            try put("key-\(number)", bucket: bucket, "value \(number)", padding: padding)
        }
    }

    func archive(key: BackupKey? = nil) async throws -> Archive {
        try await Archive(store, ofCluster: "test", partitions: Self.partitions, key: key)
    }

    func source(_ node: String) -> BackupSource {
        BackupSource(
            engine: engine(node), cluster: "test", node: node, software: "0", engineName: "memory", actor: 7,
            layout: LayoutHistory(layout), buckets: BucketTable(),
            wallMillis: { [store] in UInt64(store.now) * 1000 })
    }

    /// Has a node make its part of a backup.
    @discardableResult
    func backUp(
        _ node: String, _ id: String, settings: BackupSettings = BackupSettings(),
        _ report: @escaping @Sendable (BackupProgress) -> Void = { _ in }
    ) async throws -> Manifest {
        try await withThread { thread in
            try await backup(node, id, settings: settings, thread: thread).run(report)
        }
    }

    func backup(
        _ node: String, _ id: String, settings: BackupSettings = BackupSettings(), thread: NIOThreadPool
    ) async throws -> NodeBackup {
        try NodeBackup(
            id, of: source(node), to: try await archive(key: settings.key), settings: settings,
            thread: thread,
            loop: MultiThreadedEventLoopGroup.singleton.next())
    }

    func withThread<R>(_ body: (NIOThreadPool) async throws -> R) async throws -> R {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        let result: R
        do {
            result = try await body(thread)
        } catch {
            try await thread.shutdownGracefully()
            throw error
        }
        try await thread.shutdownGracefully()
        return result
    }

    func backUpAll(_ id: String, settings: BackupSettings = BackupSettings()) async throws {
        for node in nodes { try await backUp(node, id, settings: settings) }
    }

    /// All rows of a backup: the states of each key, by bucket and key.
    func rows(
        _ id: String, key: BackupKey? = nil, buckets: Set<String>? = nil, allowsMissing: Bool = false
    ) async throws -> [String: [[UInt8]]] {
        let reader = try await BackupReader(
            id, in: try await archive(key: key), buckets: buckets, allowsMissing: allowsMissing)
        var found: [String: [[UInt8]]] = [:]
        for number in 0..<reader.sectionCount {
            try await reader.read(number) { rows in
                for row in rows {
                    found["\(row.bucket)/\(String(decoding: row.key, as: UTF8.self))", default: []].append(
                        row.state)
                }
            }
        }
        return found
    }

    /// What a node has, in the same form.
    func held(_ node: String) throws -> [String: [[UInt8]]] {
        var found: [String: [[UInt8]]] = [:]
        for row in try engine(node).scan(.data, .all).rows {
            let key = StorageKey(bytes: row.key)!
            found["\(key.bucket)/\(String(decoding: key.key, as: UTF8.self))"] = [row.value]
        }
        return found
    }

    func verify(_ id: String, key: BackupKey? = nil) async throws -> BackupVerification.Result {
        let path = folder.appending(path: UUID().uuidString).path(percentEncoded: false)
        let scratch = try MemoryEngineFactory.open(
            at: path, options: try EngineOptions(MemoryEngineFactory.options, given: [:]))
        defer { try? scratch.close() }
        let archive = try await archive(key: key)
        return try await BackupVerification(of: archive, in: scratch).run(try await archive.backup(id)) {
            _, _, _ in
        }
    }
}

func expect(
    _ code: BackupError.Code, _ body: () async throws -> Void
) async throws -> BackupError {
    do {
        try await body()
    } catch let error as BackupError {
        guard error.code == code else { throw error }
        return error
    }
    throw BackupError(.failed, "nothing was thrown where \(code) should have been")
}
