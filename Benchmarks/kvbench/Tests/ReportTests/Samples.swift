import Foundation
import Results

extension Round {
    /// Ten seconds of reads: 1,000 operations a second for 100 µs of CPU each, if nothing else is said.
    static func sample(
        operations: Int = 10_000, errors: [String: Int] = [:], p99: Double = 2_000, cpu: Double? = nil,
        generatorCPU: Double = 2, memory: Int = 104_857_600, userBytes: Int = 0, diskBytes: Int = 0,
        used: Int = 6_000_000, syncs: Int? = nil, kinds: [String: Latency] = [:], curve: [Latency.Point] = [],
        timeline: [Second] = [], events: [Event] = []
    ) -> Round {
        Round(
            seconds: 10, operations: operations, errors: errors,
            latency: .sample(count: operations, p99: p99, curve: curve), kinds: kinds,
            nodeCPUSeconds: cpu ?? Double(operations) / 10_000, generatorCPUSeconds: generatorCPU,
            memoryBytes: memory, userBytesWritten: userBytes, diskBytesWritten: diskBytes,
            diskBytesUsed: used,
            userBytesHeld: 2_000_000, syncs: syncs, timeline: timeline, events: events)
    }
}

extension Latency {
    static func sample(count: Int, p99: Double = 2_000, curve: [Point] = []) -> Latency {
        Latency(
            count: count, mean: 700, p50: 500, p95: 1_000, p99: p99, p999: 40_000, max: 123_456, curve: curve)
    }
}

extension Cell {
    static func sample(
        _ engine: String, workload: String = "c", durability: String = "buffered", _ rounds: [Round]
    ) -> Cell {
        Cell(engine: engine, durability: durability, workload: workload, rounds: rounds)
    }

    /// A round for each number of operations in ten seconds.
    static func sample(_ engine: String, operations: [Int]) -> Cell {
        sample(engine, operations.map { .sample(operations: $0) })
    }
}

extension Comparison {
    static func sample(_ cells: [Cell] = []) -> Comparison {
        Comparison(
            begun: "2026-12-01T10:00:00Z",
            command: ["kvbench", "compare", "--engines", "rocksdb,lmdb", "--title", "it's one"], seed: 42,
            machine: Machine(
                processor: "EPYC", processors: 2, memoryBytes: 25_769_803_776, kernel: "Linux 6.1",
                loadBefore: [0.1, 0.25, 0.5], loadAfter: [3, 2, 1]),
            versions: ["lmdb": "0.9.31", "kvnode": "1.0"],
            options: Options(
                nodes: 3, n: 3, r: 2, w: 2, records: 100_000, valueSize: 128, connections: 50, pipeline: 1,
                secondsPerRound: 10, rounds: 3, rate: nil, driver: "resp"),
            cells: cells)
    }
}

/// A file that is gone after `body`.
func withFile(_ body: (URL) throws -> Void) throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
        "kvbench-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file)
}
