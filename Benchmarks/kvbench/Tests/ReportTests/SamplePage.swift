import Foundation
import Report
import Results

/// A comparison about as large as a real one, made up: four engines, two workloads, five rounds, a node killed.
enum SamplePage {
    static let comparison: Comparison = {
        let engines = [("rocksdb", 1.0), ("leveldb", 0.93), ("lmdb", 1.4), ("memory", 1.9)]
        let cells = ["a", "c"].flatMap { workload in
            engines.map { engine, speed in
                Cell.sample(
                    engine, workload: workload,
                    (0..<5).map { round(workload, engine: engine, speed: speed, number: $0) })
            }
        }
        var comparison = Comparison.sample(cells)
        comparison.options.rounds = 5
        comparison.options.secondsPerRound = 20
        return comparison
    }()

    /// Drawn once for all tests.
    static let page = HTMLReport(comparison).page

    private static func round(_ workload: String, engine: String, speed: Double, number: Int) -> Round {
        let isWriting = workload == "a"
        // What disturbs all engines of a round alike, and what disturbs this one only.
        let common = 1 + 0.15 * sin(Double(number) * 2.1)
        let own = 1 + 0.03 * sin(Double(number) * 3.7 + speed * 11)
        let rate = 9_000 * common * own * (isWriting && engine == "lmdb" ? 0.5 : speed)
        let timeline = (0..<20).map { second in
            let isDown = (8..<11).contains(second)
            let part = (isDown ? 0.55 : 1) * (1 + 0.06 * sin(Double(second) * 1.3 + speed))
            return Second(operations: Int(rate * part), errors: isDown ? 3 : 0, p99: 4_000 / speed)
        }
        let operations = timeline.map(\.operations).reduce(0, +)
        let percentiles = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9, 99.99, 100]
        let curve = percentiles.map { percentile in
            let tail = pow(1 - min(percentile, 99.999) / 100, -0.45)
            return Latency.Point(percentile: percentile, microseconds: 450 / speed * tail * own)
        }
        let userBytes = isWriting ? operations / 2 * 144 : 0
        let amplification = ["rocksdb": 9.5, "leveldb": 11.2, "lmdb": 24.0][engine, default: 0]
        var round = Round.sample(
            operations: operations, p99: 450 / speed * 8 * own,
            cpu: Double(operations) * 0.00012 / speed * own,
            generatorCPU: engine == "memory" ? 12 : 6, memory: Int(280e6 * speed), userBytes: userBytes,
            diskBytes: Int(Double(userBytes) * amplification * own), used: Int(6.6e6 * own / speed),
            kinds: isWriting
                ? ["read": .sample(count: operations / 2), "update": .sample(count: operations / 2)]
                : ["read": .sample(count: operations)],
            curve: curve, timeline: timeline,
            events: [Event(second: 8, name: "node2 killed"), Event(second: 11.2, name: "node2 started")])
        round.seconds = 20
        if engine == "leveldb", number == 3 { round.errors = ["connection reset": 12] }
        return round
    }
}
