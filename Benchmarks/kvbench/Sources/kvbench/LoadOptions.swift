import ArgumentParser
import Foundation
import Nodes
import Results
import Workloads

/// Which engines are measured under what.
struct LoadOptions: ParsableArguments {
    @OptionGroup var bench: Workbench

    @Option(
        help: "Engines, by commas; ratios are to the first (default: rocksdb,leveldb,lmdb).",
        transform: Words.init)
    var engines: Words?

    @Option(help: "Workloads, by commas.", transform: Words.init)
    var workloads = Words("a,b,c,d,f")

    @Option(
        help:
            "buffered, synced, or both by a comma; of a cluster that is running, what its nodes have been told.",
        transform: Words.init)
    var durability = Words("buffered")

    @Option(
        help: "Nodes of each cluster; several numbers by commas are compared with each other (default: 3).")
    var nodes: Varied?
    @Option(help: "Replicas of each key.") var n = 3
    @Option(help: "Replicas that must answer a read.") var r = 2
    @Option(help: "Replicas that must store a write.") var w = 2
    @Option(help: "Records, loaded before; several numbers by commas are compared with each other.")
    var records: Varied = 1_000_000
    @Option(help: "Bytes of a value, where the workload has no size of its own.") var valueSize = 128
    @Option(help: "Clients, each with a connection.") var threads = 64
    @Option(help: "Operations in flight on each connection at most.") var pipeline = 1
    @Option(help: "Of each round, such as 30s or 500ms.", transform: Seconds.init) var duration = Seconds(30)
    @Option(help: "Of each workload before its first round.", transform: Seconds.init) var warmUp = Seconds(5)
    @Option(help: "Rounds of each workload; with fewer than five an interval is a range.") var rounds = 5
    @Option(help: "resp, http, session (gRPC, a stream) or unary (gRPC, a call each).")
    var driver = DriverName.resp
    @Option(help: "Where report.json, report.md, report.html and a folder of charts go.") var out = "report"

    func validate() throws {
        for name in workloads.all where Scenario(name) == nil {
            throw ValidationError(
                "there is no workload \"\(name)\": \(Scenario.names.joined(separator: ", "))")
        }
        for name in durability.all where !["buffered", "synced"].contains(name) {
            throw ValidationError("durability is buffered or synced, not \"\(name)\"")
        }
        guard !workloads.all.isEmpty, !durability.all.isEmpty else {
            throw ValidationError("there is nothing to compare")
        }
        guard n > 0, 1...n ~= r, 1...n ~= w else {
            throw ValidationError("n is at least 1, r and w are at least 1 and at most n")
        }
        guard records.least > 0, rounds > 0, threads > 0, pipeline > 0, duration.value >= 1,
            (1...(1 << 20)) ~= valueSize
        else {
            throw ValidationError(
                "numbers are at least 1, a round at least one second, a value at most 1 MiB")
        }
    }

    /// Of what is started; what is running has engines of its own.
    func validateStarted() throws {
        guard !engineNames.isEmpty else { throw ValidationError("there is nothing to compare") }
        guard Set(engineNames).count == engineNames.count else {
            throw ValidationError("an engine is named twice")
        }
        guard n <= nodeCount.least else { throw ValidationError("n is at most the number of nodes") }
    }

    var engineNames: [String] { engines?.all ?? ["rocksdb", "leveldb", "lmdb"] }

    /// Of clusters that are started.
    var nodeCount: Varied { nodes ?? 3 }

    /// One for each number of nodes and of records, with what tells it from the others.
    var variants: [(name: String, load: LoadOptions)] {
        nodeCount.values.flatMap { nodes in
            records.values.map { records in
                var load = self
                load.nodes = Varied(integerLiteral: nodes)
                load.records = Varied(integerLiteral: records)
                let names = [
                    nodeCount.values.count > 1 ? "\(nodes) nodes" : nil,
                    self.records.values.count > 1 ? "\(records.grouped) records" : nil,
                ]
                return (names.compactMap(\.self).joined(separator: " "), load)
            }
        }
    }

    var scenarios: [Scenario] { workloads.all.compactMap(Scenario.init) }

    /// What a report says of them.
    ///
    /// - Parameter nodes: Of each cluster; 0 where that isn't known.
    func told(nodes: Varied, rate: Double?) -> Options {
        Options(
            nodes: nodes, n: n, r: r, w: w, records: records, valueSize: valueSize, connections: threads,
            pipeline: pipeline, secondsPerRound: duration.value, rounds: rounds, rate: rate,
            driver: driver.rawValue)
    }

    /// A report without figures yet, of nodes that are started.
    ///
    /// - Parameter builds: The nodes' executables, by what the report calls them; the one of `bench` without.
    func comparison(of builds: [String: String]? = nil, rate: Double? = nil) throws -> Comparison {
        let versions = try (builds ?? ["kvnode": bench.kvnodePath]).mapValues {
            try Command.output($0, ["--version"]).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return comparison(told(nodes: nodeCount, rate: rate), versions: versions)
    }

    func comparison(_ options: Options, versions: [String: String]) -> Comparison {
        Comparison(
            begun: ISO8601DateFormatter().string(from: Date()),
            command: ["kvbench"] + CommandLine.arguments.dropFirst(), seed: bench.seed,
            machine: MachineFacts.current, versions: versions, options: options)
    }
}

// MARK: Records

extension LoadOptions {
    /// Where a workload's records are. Workloads whose records are alike share them, unless they take some away.
    func bucket(of workload: Workload) -> String {
        if workload.mix.share(of: .delete) > 0 { return "bench-\(workload.name)" }
        return "bench-\(valueSize(of: workload))-\(workload.keepsSiblings ? "siblings" : "latest")"
    }

    /// Where its inserts go in a round if it begins without records.
    static func emptyBucket(_ round: some CustomStringConvertible) -> String { "bench-empty-\(round)" }

    func valueSize(of workload: Workload) -> Int { workload.valueSize ?? valueSize }

    /// Large values are fewer: what they take together is what the user has asked for, or a thousand of them.
    func recordCount(ofSize size: Int) -> Int {
        let records = records.first
        return size <= valueSize ? records : min(records, max(1_000, records * valueSize / size))
    }

    /// Operations in flight on each connection while records are loaded.
    func loadingPipeline(ofSize size: Int) -> Int { max(pipeline, size > 4_096 ? 1 : 16) }
}

extension Varied: ExpressibleByArgument {
    public init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !numbers.contains(nil) else { return nil }
        self.init(numbers.compactMap(\.self))
    }

    public var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}

/// Words by commas.
struct Words {
    var all: [String]

    init(_ text: String) { all = text.split(separator: ",").map(String.init) }
}

/// A time, as in 30s, 500ms or 2m.
struct Seconds {
    var value: Double

    init(_ value: Double) { self.value = value }

    init(_ text: String) throws {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), number >= 0 else { break }
            self.init(number * factor)
            return
        }
        throw ValidationError("\"\(text)\" is no time: 30s, 500ms or 2m")
    }
}
