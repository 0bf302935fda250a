import Foundation
import Load
import Nodes
import Results
import Workloads

/// A cluster of one engine, and what it holds.
final class EngineUnderTest: Contestant {
    /// Records of one size in a bucket of their own.
    private struct Records {
        var bucket: String
        var valueSize: Int
        var first: Int
        var count: RecordCount
    }

    let name: String
    let title: String
    let isAlone = false
    private let cluster: KVNodeCluster
    private let load: LoadOptions
    private let rate: Double?
    private let values = ValueSource()
    /// By their bucket.
    private var records: [String: Records] = [:]
    /// When the last round ended, or the warming up. What is done between rounds, such as compactions, is the next one's.
    private var lastCost = Cost()

    init(_ name: String, durability: String, _ load: LoadOptions, rate: Double?, folder: URL) throws {
        self.name = name
        self.load = load
        self.rate = rate
        title = "\(name), \(durability)"
        var options = KVNodeCluster.Options(
            engine: name, durability: durability, binary: load.bench.kvnodePath)
        (options.nodes, options.n, options.r, options.w) = (load.nodes, load.n, load.r, load.w)
        options.diskCounter = load.bench.diskCounter
        cluster = try KVNodeCluster(options, directory: folder)
    }

    func start() throws { try cluster.start() }

    func kill() { for node in cluster.nodes { node.process.kill() } }

    func remove() throws { try cluster.remove() }

    // MARK: Records

    func prepare(_ scenario: Scenario, progress: @escaping (String) -> Void) throws {
        defer { lastCost = cost }
        let workload = scenario.workload
        if workload.startsEmpty { return }
        let records = try records[load.bucket(of: workload)] ?? fill(for: workload, progress)
        if load.warmUp.value > 0 {
            let plan = plan(workload, records, seconds: load.warmUp.value, seed: ~load.bench.seed)
            _ = try Load.run(plan, records: records.count) { _, _ in
                progress("warming up")
                return true
            }
        }
    }

    private func fill(for workload: Workload, _ progress: @escaping (String) -> Void) throws -> Records {
        let (bucket, size) = (load.bucket(of: workload), load.valueSize(of: workload))
        var loading = Records(bucket: bucket, valueSize: size, first: 0, count: RecordCount(0))
        try cluster.setProperties(bucket: bucket, keepsSiblings: workload.keepsSiblings)
        let count = load.recordCount(ofSize: size)
        var plan = plan(.load, loading, seconds: 24 * 3_600, seed: load.bench.seed)
        plan.operations = count
        plan.pipeline = load.loadingPipeline(ofSize: size)
        plan.rate = nil
        let done = try Load.run(plan, records: loading.count) { _, recorder in
            progress("loaded \(recorder.operations) of \(count)")
            return true
        }
        guard done.recorder.operations == count else {
            throw Probe.Failure(description: "\(title): loading failed: \(done.recorder.errors)")
        }
        loading.first = count
        records[bucket] = loading
        return loading
    }

    private func plan(_ workload: Workload, _ records: Records, seconds: Double, seed: UInt64) -> LoadPlan {
        var plan = LoadPlan(
            servers: cluster.servers(load.driver),
            driver: load.driver.driver(bucket: records.bucket, keepsSiblings: workload.keepsSiblings),
            workload: workload, firstRecords: records.first, values: values, valueSize: records.valueSize,
            connections: load.threads, pipeline: load.pipeline, rate: rate, seconds: seconds, seed: seed)
        plan.reconnects = true
        return plan
    }

    // MARK: Rounds

    func measure(_ scenario: Scenario, round: Int, progress: @escaping (String) -> Void) throws -> Round {
        let records = try records(for: scenario, round)
        let plan = plan(
            scenario.workload, records, seconds: load.duration.value,
            seed: load.bench.seed &+ UInt64(round))
        var (memory, events, faults) = (0, [Event](), FaultPlan(scenario.fault))
        var failure: (any Error)?
        let done = try Load.run(plan, records: records.count) { seconds, recorder in
            memory = max(memory, cluster.processes.memoryBytes)
            do {
                if let event = try faults.perform(at: seconds / load.duration.value, on: cluster) {
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
            throw Probe.Failure(description: "\(title): \(node.process.name) has ended:\n\(node.process.log)")
        }
        let before = lastCost
        lastCost = cost
        return result(done, scenario, costing: lastCost - before, memory, events)
    }

    /// Those of the workload; in a bucket of the round if it begins without any.
    private func records(for scenario: Scenario, _ round: Int) throws -> Records {
        guard scenario.workload.startsEmpty else { return records[load.bucket(of: scenario.workload)]! }
        let bucket = LoadOptions.emptyBucket(round)
        try cluster.setProperties(bucket: bucket, keepsSiblings: false)
        let empty = Records(
            bucket: bucket, valueSize: load.valueSize(of: scenario.workload), first: 0, count: RecordCount(0))
        records[bucket] = empty
        return empty
    }

    private var cost: Cost { Cost(of: cluster.processes) }

    private func result(
        _ done: Loaded, _ scenario: Scenario, costing cost: Cost, _ memory: Int, _ events: [Event]
    ) -> Round {
        let recorder = done.recorder
        return Round(
            seconds: done.seconds, operations: recorder.operations,
            errors: scenario.errors(recorder.errors, absent: recorder.absent), latency: recorder.latency,
            kinds: recorder.latencies, nodeCPUSeconds: cost.cpuSeconds,
            generatorCPUSeconds: done.cpuSeconds, memoryBytes: memory,
            userBytesWritten: recorder.bytesWritten,
            diskBytesWritten: cost.disk?.bytes, diskBytesUsed: cluster.processes.diskBytesUsed,
            userBytesHeld: userBytesHeld, syncs: cost.disk?.syncs,
            timeline: recorder.timeline, events: events)
    }

    /// Of all buckets, as far as they were not deleted from.
    private var userBytesHeld: Int {
        records.values.reduce(0) { $0 + $1.count.count * (RecordKey.length + $1.valueSize) }
    }
}
