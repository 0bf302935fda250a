import ArgumentParser
import Foundation
import Report
import Results

/// The engines side by side.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares the engines under replicated workloads, and writes a report.",
        discussion: """
            Starts a cluster for each engine and durability, loads it, and runs each workload on one after the other, round by \
            round, so that a noisy machine hurts all alike. Workloads: \(Scenario.names.joined(separator: ", ")).

            kvbench compare --engines rocksdb,lmdb --workloads a,c,kill --records 100000 --rounds 3 --out report
            """)

    @OptionGroup var load: LoadOptions

    @Option(help: "Operations a second over all clients; as many as they can without.") var rate: Double?
    @Option(help: "The report.json of an earlier run, to say what has changed.") var baseline: String?

    func validate() throws {
        if let rate, !(0.1...10_000_000).contains(rate) {
            throw ValidationError("a rate is from 0.1 to 10,000,000 operations a second")
        }
    }

    func run() throws {
        let earlier = try baseline.map { try Comparison.read(from: URL(fileURLWithPath: $0)) }
        let folder = try ReportFolder(load.out)
        var comparison = try load.comparison(rate: rate)
        for durability in load.durability.all {
            let place = load.bench.folder("compare-\(durability)")
            let clusters = try load.engines.all.map {
                try EngineUnderTest(
                    $0, durability: durability, load, rate: rate, folder: place.appendingPathComponent($0))
            }
            let run = InterleavedRun(clusters, durability: durability, load, folder: place)
            defer { run.remove() }
            try run.measure { cells, _ in
                comparison.cells += cells
                try folder.store(&comparison)
            }
        }
        let changes = earlier.map { Changes.between(baseline: $0, current: comparison).markdown }
        try folder.finish(comparison, addition: changes)
    }
}
