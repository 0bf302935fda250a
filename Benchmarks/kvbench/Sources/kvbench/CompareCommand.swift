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
            """)

    @OptionGroup var bench: Workbench

    @Option(help: "Engines, by commas; ratios are to the first.", transform: Words.init)
    var engines = Words("rocksdb,leveldb,lmdb")

    @Option(help: "Workloads, by commas.", transform: Words.init)
    var workloads = Words("a,b,c,d,f")

    @Option(help: "buffered, synced, or both by a comma.", transform: Words.init)
    var durability = Words("buffered")

    @Option(help: "Nodes of each cluster.") var nodes = 3
    @Option(help: "Replicas of each key.") var n = 3
    @Option(help: "Replicas that must answer a read.") var r = 2
    @Option(help: "Replicas that must store a write.") var w = 2
    @Option(help: "Records, loaded before.") var records = 1_000_000
    @Option(help: "Bytes of a value, where the workload has no size of its own.") var valueSize = 128
    @Option(help: "Clients, each with a connection.") var threads = 64
    @Option(help: "Operations in flight on each connection at most.") var pipeline = 1
    @Option(help: "Operations a second over all clients; as many as they can without.") var rate: Double?
    @Option(help: "Of each round, such as 30s or 500ms.", transform: Seconds.init) var duration = Seconds(30)
    @Option(help: "Of each workload before its first round.", transform: Seconds.init) var warmUp = Seconds(5)
    @Option(help: "Rounds of each workload; with fewer than five an interval is a range.") var rounds = 5
    @Option(help: "resp, http, session (gRPC, a stream) or unary (gRPC, a call each).")
    var driver = DriverName.resp
    @Option(help: "Where report.json, report.md and report.html go.") var out = "report"
    @Option(help: "The report.json of an earlier run, to say what has changed.") var baseline: String?

    func validate() throws {
        for name in workloads.all where Scenario(name) == nil {
            throw ValidationError(
                "there is no workload \"\(name)\": \(Scenario.names.joined(separator: ", "))")
        }
        for name in durability.all where !["buffered", "synced"].contains(name) {
            throw ValidationError("durability is buffered or synced, not \"\(name)\"")
        }
        guard !engines.all.isEmpty, !workloads.all.isEmpty, !durability.all.isEmpty else {
            throw ValidationError("there is nothing to compare")
        }
        guard Set(engines.all).count == engines.all.count else {
            throw ValidationError("an engine is named twice")
        }
        if let rate, !(0.1...10_000_000).contains(rate) {
            throw ValidationError("a rate is from 0.1 to 10,000,000 operations a second")
        }
        guard 1...n ~= r, 1...n ~= w, 1...nodes ~= n else {
            throw ValidationError("r and w are at most n, and n at most the number of nodes")
        }
        guard records > 0, rounds > 0, threads > 0, pipeline > 0, duration.value >= 1,
            (1...(1 << 20)) ~= valueSize
        else {
            throw ValidationError(
                "numbers are at least 1, a round at least one second, a value at most 1 MiB")
        }
    }

    func run() throws {
        let earlier = try baseline.map { try Comparison.read(from: URL(fileURLWithPath: $0)) }
        let folder = URL(fileURLWithPath: out)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var comparison = Comparison(
            begun: ISO8601DateFormatter().string(from: Date()),
            command: ["kvbench"] + CommandLine.arguments.dropFirst(),
            seed: bench.seed, machine: MachineFacts.current, versions: try versions(), options: options)
        for durability in durability.all {
            let run = try CompareRun(self, durability: durability)
            defer { run.remove() }
            // Written after each workload, so that what is measured stays whatever comes later.
            try run.measure { cells in
                comparison.cells += cells
                comparison.machine.loadAfter = MachineFacts.loads
                try comparison.write(to: folder.appendingPathComponent("report.json"))
            }
        }
        Terminal.endProgress()
        let markdown = MarkdownReport(comparison).text
        try markdown.write(to: folder.appendingPathComponent("report.md"), atomically: true, encoding: .utf8)
        try HTMLReport(comparison).page.write(
            to: folder.appendingPathComponent("report.html"), atomically: true, encoding: .utf8)
        print(markdown)
        if let earlier { print(Changes.between(baseline: earlier, current: comparison).markdown) }
        print("report.json, report.md and report.html are in \(folder.path)")
    }

    private var options: Options {
        Options(
            nodes: nodes, n: n, r: r, w: w, records: records, valueSize: valueSize, connections: threads,
            pipeline: pipeline, secondsPerRound: duration.value, rounds: rounds, rate: rate,
            driver: driver.rawValue)
    }

    private func versions() throws -> [String: String] {
        [
            "kvnode": try Command.output(bench.kvnodePath, ["--version"]).trimmingCharacters(
                in: .whitespacesAndNewlines)
        ]
    }
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
