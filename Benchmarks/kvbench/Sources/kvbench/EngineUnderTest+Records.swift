import Foundation
import Load
import Nodes
import Results
import Workloads

/// Records of one size in a bucket of their own.
struct Records {
    var bucket: String
    var valueSize: Int
    /// Those that were loaded.
    var first: Int
    var count: RecordCount

    /// Bytes of the keys and values that are there.
    var bytesHeld: Int { count.held * (RecordKey.length + valueSize) }
}

extension EngineUnderTest {
    /// Those of the workload; in a bucket of the round if it begins without any.
    func records(for scenario: Scenario, _ round: Int) throws -> Records {
        guard scenario.workload.startsEmpty else { return records[options.bucket(of: scenario.workload)]! }
        // In a cluster that was there before, what an earlier run has left there isn't empty.
        let bucket =
            subject.cluster == nil ? LoadOptions.emptyBucket(Clock.now()) : LoadOptions.emptyBucket(round)
        try subject.setProperties(bucket: bucket, keepsSiblings: false)
        let empty = Records(
            bucket: bucket, valueSize: options.valueSize(of: scenario.workload), first: 0,
            count: RecordCount(0))
        records[bucket] = empty
        return empty
    }

    /// Of all buckets.
    var userBytesHeld: Int { records.values.reduce(0) { $0 + $1.bytesHeld } }

    /// Loads what the workload asks for, unless another one has.
    func load(_ workload: Workload, _ progress: (String) -> Void) throws {
        let (bucket, size) = (options.bucket(of: workload), options.valueSize(of: workload))
        if workload.startsEmpty || records[bucket] != nil { return }
        var loading = Records(bucket: bucket, valueSize: size, first: 0, count: RecordCount(0))
        try subject.setProperties(bucket: loading.bucket, keepsSiblings: workload.keepsSiblings)
        let count = options.recordCount(ofSize: size)
        var plan = plan(.loading(workload), loading, seconds: 24 * 3_600, seed: options.bench.seed)
        plan.operations = count
        plan.pipeline = options.loadingPipeline(ofSize: size)
        // Not more than a cluster takes without refusing any, however many clients are to ask for too much later.
        plan.connections = min(plan.connections, 16)
        plan.rate = nil
        let done = try Load.run(plan, records: loading.count) { now in
            try Interruption.check()
            progress("loaded \(now.operations) of \(count)")
            return nil
        }
        guard done.recorder.operations == count else {
            throw Probe.Failure(description: "\(title): loading failed: \(done.recorder.errors)")
        }
        loading.first = count
        records[bucket] = loading
    }

    func warmUp(_ workload: Workload, _ progress: (String) -> Void) throws {
        if workload.startsEmpty || options.warmUp.value == 0 { return }
        let records = records[options.bucket(of: workload)]!
        let plan = plan(workload, records, seconds: options.warmUp.value, seed: ~options.bench.seed)
        _ = try Load.run(plan, records: records.count) { _ in
            try Interruption.check()
            progress("warming up")
            return nil
        }
    }

    func plan(_ workload: Workload, _ records: Records, seconds: Double, seed: UInt64) -> LoadPlan {
        var plan = LoadPlan(
            servers: subject.servers,
            driver: options.driver.driver(bucket: records.bucket, keepsSiblings: workload.keepsSiblings),
            workload: workload, firstRecords: records.first, values: values, valueSize: records.valueSize,
            connections: options.threads, pipeline: options.pipeline, rate: rate, seconds: seconds,
            seed: seed)
        plan.reconnects = true
        return plan
    }
}
