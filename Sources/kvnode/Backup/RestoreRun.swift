import Backup
import Cluster
import ClusterCore
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Messages
import SwiftProtobuf

/// Brings a backup to a cluster, through one of its nodes.
///
/// A restore leaves a mark in the cluster while it is under way, so that one that was ended is known for what it is, and goes on
/// when it is asked for again: rows that are there already change nothing.
struct RestoreRun: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix

    /// Where marks are kept.
    static let markBucket = "kvnode.restore"

    /// Bytes of keys and states that are sent at a time, unless one row has more.
    private static let batchBytes = 1 << 20
    private static let batchRows = 1_000
    /// Pauses between attempts double up to a bound.
    private static let (firstPause, longestPause) = (Duration.milliseconds(250), Duration.seconds(30))

    struct Limits {
        /// Requests of rows that are under way at a time.
        var concurrency = 4
        /// Of each of them.
        var attempts = 8
    }

    /// Nil for all.
    var buckets: Set<String>?
    /// What the one bucket is to be called.
    var newName: String?
    /// Whether rows may be joined with what is there.
    var merges: Bool
    var place: String
    var limits = Limits()

    let keyValue: Kvnode_V1_KeyValue.Client<Transport>
    let cluster: Kvnode_V1_Cluster.Client<Transport>
    let backup: Kvnode_V1_Backup.Client<Transport>
    let call: CallOptions

    /// - Parameter report: Called as rows are stored: rows so far, parts of the backup that are done, and all.
    /// - Returns: How many rows were stored, a key as often as replicas differed in it.
    func run(
        _ reader: BackupReader, _ report: @Sendable (_ rows: Int, _ done: Int, _ total: Int) -> Void
    ) async throws -> Int {
        let names = try await reader.bucketRows().keys.sorted()
        if let missing = buckets?.subtracting(names).sorted(), !missing.isEmpty {
            throw BackupError(
                .notFound, "backup \(reader.backup.id) has no keys in \(missing.joined(separator: ", "))")
        }
        let mark = mark(of: reader.backup.id)
        let isBegun = try await isThere(mark)
        let held = try await begin(reader.backup.id, names)
        if !merges, !isBegun { try await refuseWhatIsThere(names, held) }
        try await put(mark)
        try await setProperties(by: try reader.backup.manifests[0].bucketTable())
        let rows = try await send(reader, report)
        try await remove(mark)
        return rows
    }

    // MARK: What is there

    /// Has the node note down that rows are to come, and say of which buckets any has anything, be it tombstones.
    private func begin(_ id: String, _ names: [String]) async throws -> [String] {
        try await backup.beginRestore(
            .with {
                $0.id = id
                $0.from = place
                $0.buckets = names.map { newName ?? $0 }
            }, options: call
        ).held
    }

    /// The mark of this restore: which backup, which buckets, and under which name.
    private func mark(of id: String) -> Data {
        let rest = [buckets.map { $0.sorted().joined(separator: ",") } ?? "*", newName ?? ""]
        // The names of many buckets may be longer than a key.
        let hash = hash64(Array(rest.joined(separator: "\n").utf8))
        return Data("\(id) \(String(hash, radix: 16))".utf8)
    }

    private func isThere(_ mark: Data) async throws -> Bool {
        let found = try await keyValue.get(
            .with {
                $0.bucket = Self.markBucket
                $0.key = mark
            }, options: call)
        return !found.siblings.isEmpty
    }

    /// - Parameter held: Buckets of which any node has anything, tombstones too.
    private func refuseWhatIsThere(_ names: [String], _ held: [String]) async throws {
        for name in names.map({ newName ?? $0 }) {
            let page = try await keyValue.list(
                .with {
                    $0.bucket = name
                    $0.limit = 1
                }, options: call)
            guard page.keys.isEmpty, !held.contains(name) else {
                let found = page.keys.isEmpty ? "traces of keys that were deleted" : "keys"
                throw BackupError(
                    .occupied,
                    """
                    the cluster has \(found) in bucket \(name) already. To look at the backup beside what is there, restore a \
                    bucket under another name: --bucket NAME --as OTHER. With --merge the backup's keys are joined with those: \
                    what was written since stays, and what was deleted since stays deleted while its trace is there
                    """)
            }
        }
    }

    private func put(_ mark: Data) async throws {
        _ = try await keyValue.put(
            .with {
                $0.bucket = Self.markBucket
                $0.key = mark
                $0.value = Data("under way".utf8)
            }, options: call)
    }

    private func remove(_ mark: Data) async throws {
        let found = try await keyValue.get(
            .with {
                $0.bucket = Self.markBucket
                $0.key = mark
            }, options: call)
        _ = try await keyValue.delete(
            .with {
                $0.bucket = Self.markBucket
                $0.key = mark
                $0.context = found.context
            }, options: call)
    }

    /// Before the first row: they say how states are joined. Within what the cluster's size allows.
    private func setProperties(by table: BucketTable) async throws {
        let status = try await cluster.status(.init(), options: call)
        let members = status.members.count { $0.role == .up }
        for name in table.buckets where buckets?.contains(name) ?? true {
            guard let properties = table.properties(of: name) else { continue }
            let n = min(UInt32(properties.n), status.replication, UInt32(max(1, members)))
            _ = try await keyValue.setBucketProperties(
                .with {
                    $0.bucket = newName ?? name
                    $0.properties.n = n
                    $0.properties.r = min(UInt32(properties.r), n)
                    $0.properties.w = min(UInt32(properties.w), n)
                    $0.properties.conflict = properties.policy == .siblings ? .siblings : .lastWriteWins
                    $0.properties.quorum = properties.quorum == .sloppy ? .sloppy : .strict
                    $0.properties.ttlSeconds = UInt32(properties.ttlSeconds)
                }, options: call)
        }
    }

    // MARK: Rows

    private func send(
        _ reader: BackupReader, _ report: @Sendable (_ rows: Int, _ done: Int, _ total: Int) -> Void
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            var batch = Kvnode_V1_RestoreRowsRequest()
            var (bytes, running, stored) = (0, 0, 0)
            func flush() async throws {
                guard !batch.rows.isEmpty else { return }
                if running == limits.concurrency {
                    stored += try await group.next() ?? 0
                    running -= 1
                }
                let request = batch
                group.addTask { try await self.send(request) }
                running += 1
                batch = Kvnode_V1_RestoreRowsRequest()
                bytes = 0
            }
            for number in 0..<reader.sectionCount {
                try await reader.read(number) { rows in
                    for row in rows {
                        batch.rows.append(
                            .with {
                                $0.bucket = newName ?? row.bucket
                                $0.key = Data(row.key)
                                $0.state = Data(row.state)
                            })
                        bytes += row.key.count + row.state.count
                        if bytes >= Self.batchBytes || batch.rows.count >= Self.batchRows {
                            try await flush()
                        }
                    }
                }
                report(stored, number + 1, reader.sectionCount)
            }
            try await flush()
            for try await count in group { stored += count }
            report(stored, reader.sectionCount, reader.sectionCount)
            return stored
        }
    }

    /// Sends rows until all replicas have them; gives up after some attempts.
    private func send(_ request: Kvnode_V1_RestoreRowsRequest) async throws -> Int {
        var pause = Self.firstPause
        for _ in 1..<limits.attempts {
            do {
                _ = try await backup.restoreRows(request, options: call)
                return request.rows.count
            } catch let error as RPCError where Self.passes(error) {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, Self.longestPause)
            }
        }
        _ = try await backup.restoreRows(request, options: call)
        return request.rows.count
    }

    /// Whether it may go better in a while.
    private static func passes(_ error: RPCError) -> Bool {
        switch error.code {
        case .unavailable, .deadlineExceeded: true
        case .resourceExhausted: !error.metadata[stringValues: "kvnode-reason"].contains("no_space")
        default: false
        }
    }
}
