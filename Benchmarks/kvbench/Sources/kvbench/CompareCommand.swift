import ArgumentParser
import Foundation
import Nodes
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

            kvbench compare --endpoints rocksdb=10.0.0.1:7403,10.0.0.2:7403 --endpoints lmdb=10.0.1.1:7403,10.0.1.2:7403
            """)

    @OptionGroup var load: LoadOptions

    @Option(
        help: ArgumentHelp(
            "Builds of kvnode, by commas: each engine is measured with each, ratios are to the first.",
            valueName: "name=path"),
        transform: { try Builds($0) })
    var builds: Builds?

    @Option(
        help: ArgumentHelp(
            "Settings of the nodes; once for each of several: each engine is measured with each, ratios are to the first.",
            valueName: "name:key=value,key=value"),
        transform: { try Settings($0) })
    var settings: [Settings] = []

    @Option(
        help: ArgumentHelp(
            "A cluster that is running, instead of nodes that are started; once for each of several clusters, which then have names.",
            valueName: "name=host:port,host:port"),
        transform: { try Endpoints($0) })
    var endpoints: [Endpoints] = []

    @Option(
        help: ArgumentHelp(
            "Where a cluster of --endpoints is told of buckets by HTTP; port 7402 of its first host without, or its first server with --driver http.",
            valueName: "name=host:port"),
        transform: { try Endpoints($0) })
    var http: [Endpoints] = []

    @Option(help: "Operations a second over all clients; as many as they can without.") var rate: Double?
    @Option(help: "The report.json of an earlier run, to say what has changed.") var baseline: String?
    /// Whose workload is measured instead of `workloads`.
    @Option(help: .hidden, transform: { try WorkloadShape.read(from: URL(fileURLWithPath: $0)) }) var shape:
        WorkloadShape?

    func run() throws {
        let earlier = try baseline.map { try Comparison.read(from: URL(fileURLWithPath: $0)) }
        let folder = try ReportFolder(load.out)
        var comparison =
            endpoints.isEmpty
            ? try load.comparison(of: builds?.versioned, rate: rate)
            : load.comparison(load.told(nodes: 0, rate: rate), versions: [:])
        comparison.shape = shape
        try folder.report(&comparison) { comparison in
            for durability in load.durability.all { try measure(durability, &comparison, folder) }
        }
        if let earlier { print(Changes.between(baseline: earlier, current: comparison).markdown) }
    }

    private func measure(
        _ durability: String, _ comparison: inout Comparison, _ folder: ReportFolder
    ) throws {
        let before = comparison.cells
        let place = load.bench.folder("compare-\(durability)")
        let run = InterleavedRun(
            try subjects(durability: durability, folder: place), durability: durability, scenarios, load,
            folder: place)
        defer { run.remove() }
        try run.measure { cells, _ in
            comparison.cells = before + cells
            try folder.keep(&comparison)
        }
    }

    /// What is measured with one durability, under the names that the report has.
    private func subjects(
        durability: String, folder: URL
    ) throws -> [EngineUnderTest] {
        guard endpoints.isEmpty else {
            let http = try Endpoints.http(of: endpoints, said: http, speaksHTTP: load.driver == .http)
            return zip(endpoints, http).map { endpoints, http in
                let cluster = RunningCluster(endpoints, http: http, load)
                return EngineUnderTest(endpoints.name, durability: durability, cluster, load, rate: rate)
            }
        }
        return try load.engineNames.flatMap { engine in
            try started.flatMap { node in
                try load.variants.map { variant in
                    let name = [engine, node.name, variant.name].filter { !$0.isEmpty }.joined(separator: " ")
                    let cluster = try StartedCluster(
                        engine: engine, durability: durability, binary: node.path, settings: node.environment,
                        variant.load,
                        folder: folder.appendingPathComponent(name.replacing(" ", with: "-")))
                    return EngineUnderTest(name, durability: durability, cluster, variant.load, rate: rate)
                }
            }
        }
    }

    /// Each build with each of the settings, by what tells it from the others.
    private var started: [(name: String, path: String, environment: [String: String])] {
        let builds = builds?.all ?? [Builds.Build(name: "", path: load.bench.kvnodePath)]
        return builds.flatMap { build in
            (settings.isEmpty ? [Settings.usual] : settings).map { settings in
                let words = [build.name, settings.name].filter { !$0.isEmpty }
                return (words.joined(separator: " "), build.path, settings.environment)
            }
        }
    }
}
