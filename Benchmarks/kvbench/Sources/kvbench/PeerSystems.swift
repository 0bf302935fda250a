import Foundation
import Load
import Nodes
import Results
import Workloads

/// The systems that the rows name, loaded and running.
final class PeerSystems {
    private let command: PeersCommand
    private let rows: [PeerRow]
    private let folder: URL
    private var clusters: [PeerRow.System: KVNodeCluster] = [:]
    private var redis: RedisReplicas?
    private var etcd: EtcdCluster?
    private let values = ValueSource()
    private static let bucket = "bench"

    init(_ command: PeersCommand, _ rows: [PeerRow]) throws {
        self.command = command
        self.rows = rows
        folder = command.bench.folder("peers")
        for system in Set(rows.map(\.system)) {
            switch system {
            case .kvnode(let engine, let durability):
                var options = KVNodeCluster.Options(
                    engine: engine, durability: durability, binary: command.bench.kvnodePath)
                options.diskCounter = durability == "synced" ? command.bench.diskCounter : nil
                clusters[system] = try KVNodeCluster(
                    options, directory: folder.appendingPathComponent("\(engine)-\(durability)"))
            case .redis:
                redis = try RedisReplicas(
                    binary: command.redisServer, directory: folder.appendingPathComponent("redis"))
            case .etcd:
                etcd = try EtcdCluster(
                    binary: command.etcd!, directory: folder.appendingPathComponent("etcd"))
            }
        }
    }

    func start() throws {
        for cluster in clusters.values {
            try cluster.start()
            try cluster.setProperties(bucket: Self.bucket, keepsSiblings: false)
        }
        try redis?.start()
        try etcd?.start()
        var loaded: Set<PeerRow.System> = []
        for row in rows where loaded.insert(row.system).inserted {
            Terminal.progress("loading \(row.system)")
            var load = row
            load.workload = .load
            load.pipeline = row.system == .etcd ? 1 : 16
            load.isConfirmed = false
            load.connections = nil
            load.driver = .resp
            let count = records(row.system)
            let done = try self.load(
                load, RecordCount(0), seconds: 3_600, operations: count, seed: command.bench.seed)
            try Interruption.check()
            guard done.recorder.operations == count else {
                throw Probe.Failure(description: "loading \(row.system): \(done.recorder.errors)")
            }
        }
    }

    private func records(_ system: PeerRow.System) -> Int {
        system == .etcd ? command.etcdRecords : command.records
    }

    func measure(_ row: PeerRow, seed: UInt64) throws -> PeerResult {
        let processes = processes(row.system)
        let (cpu, syncs) = (processes.cpuSeconds, processes.diskCounts?.syncs)
        let done = try load(
            row, RecordCount(records(row.system)), seconds: command.seconds, operations: nil, seed: seed)
        let recorder = done.recorder
        let count = Double(recorder.operations)
        let syncsAfter = processes.diskCounts?.syncs
        let latency = recorder.latency
        return PeerResult(
            cpuMicroseconds: (processes.cpuSeconds - cpu) / count * 1e6,
            operationsPerSecond: count / done.seconds, p50: latency.p50, p99: latency.p99,
            generatorShare: done.cpuSeconds / done.seconds,
            writesPerSync: syncs.flatMap { before in
                syncsAfter.flatMap { $0 > before ? 3 * count / Double($0 - before) : nil }
            },
            errors: recorder.errors.values.reduce(0, +) + recorder.absent)
    }

    private func load(
        _ row: PeerRow, _ records: RecordCount, seconds: Double, operations: Int?, seed: UInt64
    ) throws -> Loaded {
        let (servers, driver) = target(row)
        return try Load.run(
            LoadPlan(
                servers: servers, driver: driver, workload: row.workload,
                firstRecords: records.count, values: values, valueSize: command.valueSize,
                connections: row.connections ?? command.connections,
                pipeline: row.pipeline, seconds: seconds, operations: operations, seed: seed),
            records: records, tick: { _, _ in !Interruption.isAsked })
    }

    private func target(_ row: PeerRow) -> ([Server], Driver) {
        switch row.system {
        case .kvnode:
            (
                clusters[row.system]!.servers(row.driver),
                row.driver.driver(bucket: Self.bucket, keepsSiblings: false)
            )
        case .redis:
            (
                [Server(host: "127.0.0.1", port: redis!.port)],
                .resp(row.isConfirmed ? .confirmed : .plain, bucket: nil)
            )
        case .etcd: (etcd!.ports.map { Server(host: "127.0.0.1", port: $0) }, .unary(.etcd))
        }
    }

    private func processes(_ system: PeerRow.System) -> [ServerProcess] {
        switch system {
        case .kvnode: clusters[system]!.processes
        case .redis: redis!.processes
        case .etcd: etcd!.processes
        }
    }

    /// Ends all, and removes their files. What can't be removed is said, as the figures are there all the same.
    func remove() {
        for process in Set(rows.map(\.system)).flatMap(processes) { process.kill() }
        do {
            for cluster in clusters.values { try cluster.remove() }
            try redis?.remove()
            try etcd?.remove()
            try FileManager.default.removeItem(at: folder)
            command.bench.removeDirectory()
        } catch {
            Terminal.warn("\(error)")
        }
    }
}
