import ArgumentParser
import Foundation
import Nodes
import Results
import Workloads

/// What replication costs: each engine alone beside a cluster of it.
struct EngineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measures each engine without a cluster beside a cluster of it: what replication costs.",
        discussion: """
            Starts an engine-host (the engine with its writer thread and group commit, nothing of a cluster) and a cluster for each \
            engine and durability, loads both with the same records, and runs each workload on one after the other, round by \
            round. What is in flight at the engine alone is what --threads and --pipeline put in flight at the cluster.

            kvbench engine --engines rocksdb,lmdb --workloads a,c --records 100000 --rounds 5 --out report
            kvbench engine --workloads a,c --records 100000 --beside earlier/report.json --out report
            """)

    @OptionGroup var load: LoadOptions

    @Option(help: "The engine-host to run.")
    var engineHost = "Benchmarks/EngineHost/.build/release/engine-host"

    @Flag(help: "No clusters: the engines alone.")
    var alone = false

    @Option(help: "No clusters: their figures are those of this report.json, of an earlier run.")
    var beside: String?

    func validate() throws {
        try load.bench.requireKvnode()
        try load.validateStarted()
        guard load.variants.count == 1 else {
            throw ValidationError(
                "an engine is measured with one number of nodes and of records: kvbench compare takes several"
            )
        }
        guard FileManager.default.isExecutableFile(atPath: engineHost) else {
            throw ValidationError(
                "there is no engine-host at \(engineHost): swift build -c release --package-path Benchmarks/EngineHost"
            )
        }
        guard !alone || beside == nil else { throw ValidationError("--alone has nothing beside it") }
        for scenario in load.scenarios {
            if scenario.incident != nil {
                throw ValidationError("\(scenario.name) does something to a cluster's nodes: kvbench compare")
            }
            if scenario.workload.keepsSiblings {
                throw ValidationError(
                    "\(scenario.name) keeps siblings, which an engine alone has none of: kvbench compare")
            }
        }
    }

    func run() throws {
        let folder = try ReportFolder(load.out)
        var comparison = try load.comparison()
        comparison.alone = Alone(cells: [], operationsInFlight: load.threads * load.pipeline)
        if let beside { try comparison.take(beside, for: load) }
        try folder.report(&comparison) { comparison in
            for durability in load.durability.all { try measure(durability, &comparison, folder) }
        }
    }

    private func measure(
        _ durability: String, _ comparison: inout Comparison, _ folder: ReportFolder
    ) throws {
        let place = load.bench.folder("engine-\(durability)")
        let host = URL(fileURLWithPath: engineHost).path
        // An engine and the cluster of it one after the other, as they are pairs.
        let contestants = try load.engineNames.flatMap { engine -> [any Contestant] in
            let one = try EngineAlone(
                engine, durability: durability, load, host: host,
                folder: place.appendingPathComponent("\(engine)-alone"))
            if alone || beside != nil { return [one] }
            let cluster = try StartedCluster(
                engine: engine, durability: durability, binary: load.bench.kvnodePath, load,
                folder: place.appendingPathComponent(engine))
            return [one, EngineUnderTest(engine, durability: durability, cluster, load, rate: nil)]
        }
        let run = InterleavedRun(
            contestants, durability: durability, load.scenarios, load, folder: place)
        defer { run.remove() }
        let before = (clusters: comparison.cells, alone: comparison.alone?.cells ?? [])
        try run.measure { clusters, alone in
            comparison.cells = before.clusters + clusters
            comparison.alone?.cells = before.alone + alone
            try folder.keep(&comparison)
        }
    }
}

extension Comparison {
    /// Takes the clusters' figures from an earlier report; throws if it has not all that is asked for, or was measured otherwise.
    fileprivate mutating func take(_ path: String, for load: LoadOptions) throws {
        let earlier = try Comparison.read(from: URL(fileURLWithPath: path))
        let (theirs, ours) = (earlier.options, options)
        let conditions = [
            ("records", theirs.records.values, ours.records.values),
            ("bytes of a value", [theirs.valueSize], [ours.valueSize]),
            ("connections", [theirs.connections], [ours.connections]),
            ("operations in flight on a connection", [theirs.pipeline], [ours.pipeline]),
        ]
        for (name, theirs, ours) in conditions where theirs != ours {
            throw ValidationError(
                "\(path) was measured with other \(name): \(Self.text(theirs)), not \(Self.text(ours))")
        }
        if let rate = theirs.rate {
            throw ValidationError("\(path) was measured at a rate of \(rate), an engine alone never is")
        }
        for durability in load.durability.all {
            for workload in load.workloads.all {
                for engine in load.engineNames {
                    let found = earlier.cells.first {
                        ($0.engine, $0.durability, $0.workload) == (engine, durability, workload)
                    }
                    guard let found else {
                        throw ValidationError(
                            "\(path) has no figures of \(engine), \(durability), under workload \(workload)")
                    }
                    cells.append(found)
                }
            }
        }
        (options.nodes, options.n, options.r, options.w) = (theirs.nodes, theirs.n, theirs.r, theirs.w)
        options.driver = theirs.driver
        alone?.clustersBegun = earlier.begun
    }

    private static func text(_ numbers: [Int]) -> String {
        numbers.map(String.init).joined(separator: ", ")
    }
}
