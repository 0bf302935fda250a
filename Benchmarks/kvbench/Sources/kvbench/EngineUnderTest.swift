import Foundation
import Load
import Nodes
import Results
import Workloads

/// A cluster of one engine, and what it holds.
final class EngineUnderTest {
    /// Records of one size in a bucket of their own.
    private struct Records {
        var bucket: String
        var valueSize: Int
        var first: Int
        var count: RecordCount
    }

    let name: String
    private let cluster: KVNodeCluster
    private let command: CompareCommand
    private let values = ValueSource()
    private var records: [String: Records] = [:]
    /// When the last round ended, or the warming up. What is done between rounds, such as compactions, is the next one's.
    private var lastCost: Cost = (0, nil)

    init(_ name: String, durability: String, _ command: CompareCommand, folder: URL) throws {
        self.name = name
        self.command = command
        var options = KVNodeCluster.Options(
            engine: name, durability: durability, binary: command.bench.kvnodePath)
        (options.nodes, options.n, options.r, options.w) = (command.nodes, command.n, command.r, command.w)
        options.diskCounter = command.bench.diskCounter
        cluster = try KVNodeCluster(options, directory: folder)
    }

    func start() throws { try cluster.start() }

    func kill() { for node in cluster.nodes { node.process.kill() } }

    func remove() throws { try cluster.remove() }

    // MARK: Records

    /// Workloads whose records are alike share them, unless they take some away.
    private func key(_ workload: Workload) -> String {
        if workload.mix.share(of: .delete) > 0 { return workload.name }
        return "\(size(workload))-\(workload.keepsSiblings ? "siblings" : "latest")"
    }

    private func size(_ workload: Workload) -> Int { workload.valueSize ?? command.valueSize }

    /// Large values are fewer: what they take together is what the user has asked for, or a thousand of them.
    private func count(_ size: Int) -> Int {
        size <= command.valueSize
            ? command.records : min(command.records, max(1_000, command.records * command.valueSize / size))
    }

    /// Loads what the workload asks for, and warms up.
    func prepare(_ scenario: Scenario, progress: @escaping (String) -> Void) throws {
        defer { lastCost = cost }
        let workload = scenario.workload
        if workload.startsEmpty { return }
        if records[key(workload)] == nil {
            let size = size(workload)
            var loading = Records(
                bucket: "bench-\(key(workload))", valueSize: size, first: 0, count: RecordCount(0))
            try cluster.setProperties(bucket: loading.bucket, keepsSiblings: workload.keepsSiblings)
            let count = count(size)
            var plan = plan(.load, loading, seconds: 24 * 3_600, seed: command.bench.seed)
            plan.operations = count
            plan.pipeline = max(plan.pipeline, size > 4_096 ? 1 : 16)
            plan.rate = nil
            let done = try Load.run(plan, records: loading.count) { _, recorder in
                progress("loaded \(recorder.operations) of \(count)")
                return true
            }
            guard done.recorder.operations == count else {
                throw Probe.Failure(description: "\(name): loading failed: \(done.recorder.errors)")
            }
            loading.first = count
            records[key(workload)] = loading
        }
        if command.warmUp.value > 0 {
            let records = records[key(workload)]!
            let plan = plan(workload, records, seconds: command.warmUp.value, seed: ~command.bench.seed)
            _ = try Load.run(plan, records: records.count) { _, _ in
                progress("warming up")
                return true
            }
        }
    }

    private func plan(_ workload: Workload, _ records: Records, seconds: Double, seed: UInt64) -> LoadPlan {
        var plan = LoadPlan(
            servers: cluster.servers(command.driver),
            driver: command.driver.driver(bucket: records.bucket, keepsSiblings: workload.keepsSiblings),
            workload: workload, firstRecords: records.first, values: values, valueSize: records.valueSize,
            connections: command.threads, pipeline: command.pipeline, rate: command.rate, seconds: seconds,
            seed: seed)
        plan.reconnects = true
        return plan
    }

    // MARK: Rounds

    func measure(_ scenario: Scenario, round: Int, progress: @escaping (String) -> Void) throws -> Round {
        let records = try records(for: scenario, round)
        let plan = plan(
            scenario.workload, records, seconds: command.duration.value,
            seed: command.bench.seed &+ UInt64(round))
        var (memory, events, faults) = (0, [Event](), FaultPlan(scenario.fault))
        var failure: (any Error)?
        let done = try Load.run(plan, records: records.count) { seconds, recorder in
            memory = max(memory, cluster.processes.memoryBytes)
            do {
                if let event = try faults.perform(at: seconds / command.duration.value, on: cluster) {
                    events.append(Event(second: seconds, name: event))
                }
            } catch {
                failure = error
            }
            progress("\(Int(seconds)) s, \(recorder.timeline.last?.operations ?? 0) operations/s")
            return failure == nil
        }
        if let failure { throw failure }
        for node in cluster.nodes where scenario.fault != nil { try cluster.waitUntilServing(node) }
        for node in cluster.nodes where !node.process.isRunning {
            throw Probe.Failure(description: "\(name): \(node.process.name) has ended:\n\(node.process.log)")
        }
        let before = lastCost
        lastCost = cost
        return result(done, scenario, since: before, memory, events)
    }

    /// Those of the workload; in a bucket of the round if it begins without any.
    private func records(for scenario: Scenario, _ round: Int) throws -> Records {
        guard scenario.workload.startsEmpty else { return records[key(scenario.workload)]! }
        let bucket = "bench-empty-\(round)"
        try cluster.setProperties(bucket: bucket, keepsSiblings: false)
        let empty = Records(
            bucket: bucket, valueSize: size(scenario.workload), first: 0, count: RecordCount(0))
        records[bucket] = empty
        return empty
    }

    private typealias Cost = (cpu: Double, disk: (syncs: Int, bytes: Int)?)

    private var cost: Cost { (cluster.processes.cpuSeconds, cluster.processes.diskCounts) }

    private func result(
        _ done: Loaded, _ scenario: Scenario, since before: Cost, _ memory: Int, _ events: [Event]
    ) -> Round {
        let (recorder, after) = (done.recorder, lastCost)
        let disk = before.disk.flatMap { before in
            after.disk.map { (syncs: $0.syncs - before.syncs, bytes: $0.bytes - before.bytes) }
        }
        var errors = recorder.errors
        // Who deletes finds nothing there; others should not.
        if recorder.absent > 0, scenario.workload.mix.share(of: .delete) == 0, !scenario.workload.startsEmpty
        {
            errors["a record was not found"] = recorder.absent
        }
        return Round(
            seconds: done.seconds, operations: recorder.operations, errors: errors, latency: recorder.latency,
            kinds: recorder.latencies, nodeCPUSeconds: after.cpu - before.cpu,
            generatorCPUSeconds: done.cpuSeconds, memoryBytes: memory,
            userBytesWritten: recorder.bytesWritten,
            diskBytesWritten: disk?.bytes, diskBytesUsed: cluster.processes.diskBytesUsed,
            userBytesHeld: userBytesHeld, syncs: disk?.syncs,
            timeline: recorder.timeline, events: events)
    }

    /// Of all buckets, as far as they were not deleted from.
    private var userBytesHeld: Int {
        records.values.reduce(0) { $0 + $1.count.count * (RecordKey.length + $1.valueSize) }
    }
}
