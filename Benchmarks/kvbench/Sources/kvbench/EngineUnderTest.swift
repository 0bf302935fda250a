import Foundation
import Load
import Nodes
import Results
import Workloads

/// A cluster of one engine, and what it holds.
final class EngineUnderTest: Contestant {
    let name: String
    let title: String
    let isAlone = false
    let subject: any Subject
    let options: LoadOptions
    let rate: Double?
    let values = ValueSource()
    var records: [String: Records] = [:]
    /// When the last round was over, or the warming up, and the cluster had recovered from what was done to it. What is done
    /// between rounds otherwise, such as compactions, is the next one's.
    private var lastUsage: Usage?

    init(_ name: String, durability: String, _ subject: any Subject, _ options: LoadOptions, rate: Double?) {
        self.name = name
        self.subject = subject
        self.options = options
        self.rate = rate
        title = "\(name), \(durability)"
    }

    func start() throws { try subject.start() }

    func remove() throws { try subject.remove() }

    func prepare(_ scenario: Scenario, progress: (String) -> Void) throws {
        try load(scenario.workload, progress)
        try warmUp(scenario.workload, progress)
        lastUsage = subject.usage
    }

    func measure(_ scenario: Scenario, round: Int, progress: (String) -> Void) throws -> Round {
        let records = try records(for: scenario, round)
        let plan = plan(
            scenario.workload, records, seconds: options.duration.value,
            seed: options.bench.seed &+ UInt64(round))
        let before = try usageBefore(scenario)
        var course = Course(scenario.incident, seconds: options.duration.value)
        var memory = subject.memoryBytes
        let done = try Load.run(plan, records: records.count) { now in
            try Interruption.check()
            memory = subject.memoryBytes.map { max($0, memory ?? 0) }
            if let cluster = subject.cluster { try course.perform(at: now.seconds, on: cluster) }
            progress("\(Int(now.seconds)) s, \(now.operationsPerSecond) operations/s")
            return course.next
        }
        // Before anything else, so that it is that of the operations.
        let used = before.flatMap { before in subject.usage.map { $0 - before } }
        var result = result(done, scenario, used, memory)
        if let cluster = subject.cluster {
            progress("recovering")
            try recover(cluster, from: scenario, &course, ended: done.seconds)
            for node in cluster.nodes where !node.process.isRunning {
                throw Probe.Failure(
                    description: "\(title): \(node.process.name) has ended:\n\(node.process.log)")
            }
        }
        result.events = course.events
        return result
    }

    /// A node that is to come is started now, and waits; that is no part of the round.
    private func usageBefore(_ scenario: Scenario) throws -> Usage? {
        guard scenario.incident == .join, let cluster = subject.cluster else { return lastUsage }
        try cluster.startNewcomer()
        let start = Usage([cluster.newcomer!.process])
        return lastUsage.map { $0 + start }
    }

    /// Waits for the end of what was done in the round, and until the cluster is as it was before.
    private func recover(
        _ cluster: KVNodeCluster, from scenario: Scenario, _ course: inout Course<KVNodeCluster>,
        ended: Double
    ) throws {
        let start = Clock.now()
        // What a busy machine has kept from being done in time: a node may be down.
        while let due = course.next { try course.perform(at: max(due, ended), on: cluster) }
        while course.isUnderWay {
            try Interruption.check()
            usleep(20_000)
            try course.notice(at: ended + Double(Clock.now() - start) / 1e9)
        }
        if scenario.incident != nil {
            try cluster.removeNewcomer()
            for node in cluster.nodes { try cluster.waitUntilServing(node) }
            try cluster.waitUntilFilled()
        }
        lastUsage = subject.usage
    }

    private func result(_ done: Loaded, _ scenario: Scenario, _ used: Usage?, _ memory: Int?) -> Round {
        let recorder = done.recorder
        return Round(
            seconds: done.seconds, operations: recorder.operations,
            errors: scenario.errors(recorder.errors, absent: recorder.absent), latency: recorder.latency,
            kinds: recorder.latencies, nodeCPUSeconds: used?.cpuSeconds,
            generatorCPUSeconds: done.cpuSeconds, memoryBytes: memory,
            userBytesWritten: recorder.bytesWritten, diskBytesWritten: used?.bytesWritten,
            diskBytesUsed: subject.diskBytesUsed, userBytesHeld: userBytesHeld, syncs: used?.syncs,
            timeline: recorder.timeline, events: [])
    }
}
