import Foundation
import HostProtocol
import Nodes
import Results
import Workloads

/// An engine without a cluster, in an engine-host, and what it holds.
final class EngineAlone: Contestant {
    let name: String
    let title: String
    let isAlone = true
    private let process: ServerProcess
    private let load: LoadOptions
    private var conversation: Conversation?
    /// Records that there were at first, by their bucket.
    private var firstRecords: [String: Int] = [:]
    /// Bytes of keys and values, by their bucket.
    private var bytesHeld: [String: Int] = [:]
    /// When the last round ended, or the warming up, as with a cluster.
    private var lastUsage: Usage?

    /// - Parameter host: The engine-host to run.
    init(_ name: String, durability: String, _ load: LoadOptions, host: String, folder: URL) throws {
        self.name = name
        self.load = load
        title = "\(name) alone, \(durability)"
        let data = folder.appendingPathComponent("data").path
        process = try ServerProcess(
            name: "engine-host", directory: folder,
            command: [host, "--engine", name, "--durability", durability, "--directory", data],
            diskCounter: load.bench.diskCounter)
    }

    func start() throws {
        conversation = try process.startConversation()
        guard case .ready = try nextAnswer() else { throw failure("it isn't ready") }
    }

    func remove() throws {
        conversation = nil
        process.kill()
        try FileManager.default.removeItem(at: process.directory)
    }

    // MARK: Records

    func prepare(_ scenario: Scenario, progress: (String) -> Void) throws {
        defer { lastUsage = Usage([process]) }
        let workload = scenario.workload
        if workload.startsEmpty { return }
        if firstRecords[load.bucket(of: workload)] == nil { try fill(for: workload, progress) }
        if load.warmUp.value > 0 {
            let order = order(
                workload, load.bucket(of: workload), seconds: load.warmUp.value, seed: ~load.bench.seed)
            _ = try carryOut(order) { _, _ in progress("warming up") }
        }
    }

    private func fill(for workload: Workload, _ progress: (String) -> Void) throws {
        let (bucket, size) = (load.bucket(of: workload), load.valueSize(of: workload))
        let count = load.recordCount(ofSize: size)
        var order = order(.load, bucket, seconds: 24 * 3_600, seed: load.bench.seed)
        order.valueSize = size
        order.callers = load.threads * load.loadingPipeline(ofSize: size)
        order.operations = count
        let done = try carryOut(order) { _, operations in progress("loaded \(operations) of \(count)") }
        guard done.operations == count else { throw failure("loading failed: \(done.errors)") }
        firstRecords[bucket] = count
    }

    private func order(_ workload: Workload, _ bucket: String, seconds: Double, seed: UInt64) -> HostOrder {
        HostOrder(
            workload: workload.name, bucket: bucket, firstRecords: firstRecords[bucket] ?? 0,
            valueSize: load.valueSize(of: workload), callers: load.threads * load.pipeline,
            coordinators: load.n, seconds: seconds, seed: seed)
    }

    // MARK: Rounds

    func measure(_ scenario: Scenario, round: Int, progress: (String) -> Void) throws -> Round {
        let workload = scenario.workload
        let bucket = workload.startsEmpty ? LoadOptions.emptyBucket(round) : load.bucket(of: workload)
        let order = order(
            workload, bucket, seconds: load.duration.value, seed: load.bench.seed &+ UInt64(round))
        var memory = 0
        let done = try carryOut(order) { seconds, operations in
            memory = max(memory, process.memoryBytes)
            progress("\(Int(seconds)) s, \(operations) operations")
        }
        let now = Usage([process])
        let used = lastUsage.map { now - $0 } ?? now
        lastUsage = now
        return result(done, scenario, used, max(memory, process.memoryBytes))
    }

    private func result(_ done: HostFigures, _ scenario: Scenario, _ used: Usage, _ memory: Int) -> Round {
        Round(
            seconds: done.seconds, operations: done.operations,
            errors: scenario.errors(done.errors, absent: done.absent), latency: done.latency,
            kinds: done.kinds,
            // The process asks itself: what that costs is no engine's.
            nodeCPUSeconds: max(0, used.cpuSeconds - done.callerCPUSeconds),
            generatorCPUSeconds: done.callerCPUSeconds, memoryBytes: memory,
            userBytesWritten: done.bytesWritten, diskBytesWritten: used.bytesWritten,
            diskBytesUsed: process.diskBytesUsed, userBytesHeld: bytesHeld.values.reduce(0, +),
            syncs: used.syncs, timeline: done.timeline, events: [])
    }

    // MARK: Conversation

    private func carryOut(_ order: HostOrder, _ progress: (Double, Int) -> Void) throws -> HostFigures {
        guard let conversation else { throw failure("it isn't there") }
        try conversation.send(try Line.bytes(order))
        while true {
            switch try nextAnswer() {
            case .progress(let seconds, let operations):
                try Interruption.check()
                progress(seconds, operations)
            case .done(let figures):
                bytesHeld[order.bucket] = figures.records * (RecordKey.length + order.valueSize)
                return figures
            case .failed(let reason): throw failure(reason)
            case .ready: throw failure("it says again that it is ready")
            }
        }
    }

    private func nextAnswer() throws -> HostAnswer {
        guard let line = conversation?.nextLine() else { throw failure("it has ended:\n\(process.log)") }
        let answer = try Line.value(HostAnswer.self, in: line)
        if case .failed(let reason) = answer { throw failure(reason) }
        return answer
    }

    private func failure(_ reason: String) -> Probe.Failure {
        Probe.Failure(description: "\(title): \(reason)")
    }
}
