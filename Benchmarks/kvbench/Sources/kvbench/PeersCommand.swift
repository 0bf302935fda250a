import ArgumentParser
import Foundation
import Load
import Nodes
import Workloads

/// kvnode beside Redis and etcd, what an operation costs of CPU.
struct PeersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract:
            "Measures kvnode beside Redis and etcd: CPU per operation, as ratios within the same round.",
        discussion: """
            All systems run at the same time, three processes each, and are loaded one after the other, round by round: a noisy \
            machine hurts all alike. Redis is one master with two replicas; its SET waits for one of them, so that two copies are \
            there, as with W=2.
            """)

    @OptionGroup var bench: Workbench

    @Option(help: "Engines, by commas; the first one stands for the protocols.")
    var engines = "memory,rocksdb"

    @Option(help: "Rows to measure, by words that their names contain, by commas; references come with them.")
    var only: String?

    @Option(help: "Records, loaded before.")
    var records = 1_000_000

    @Option(help: "Records of etcd, which takes long to load.")
    var etcdRecords = 20_000

    @Option(help: "Bytes of a value.")
    var valueSize = 128

    @Option(help: "Connections.")
    var connections = 50

    @Option(help: "Rounds; the first is not counted.")
    var rounds = 6

    @Option(help: "Seconds of each row in each round.")
    var seconds = 2.0

    @Option(help: "redis-server.")
    var redisServer = "/usr/bin/redis-server"

    @Option(help: "etcd; its rows are left out without it.")
    var etcd: String?

    func validate() throws {
        try bench.requireKvnode()
        guard !engines.split(separator: ",").isEmpty, records > 0, etcdRecords > 0, connections > 0,
            rounds > 1,
            seconds > 0, (1...(1 << 20)) ~= valueSize
        else { throw ValidationError("numbers are at least 1, rounds at least 2, and there is an engine") }
    }

    func run() throws {
        var rows = PeerRow.all(engines: engines.split(separator: ",").map(String.init))
        if etcd == nil {
            rows.removeAll { $0.system == .etcd || $0.target?.reference.hasPrefix("etcd") == true }
        }
        if let only {
            let words = only.split(separator: ",")
            let chosen = rows.filter { row in words.contains { row.name.contains($0) } }
            let references = Set(chosen.compactMap(\.target?.reference))
            rows = rows.filter { row in
                references.contains(row.name) || chosen.contains { $0.name == row.name }
            }
        }
        guard !rows.isEmpty else { throw ValidationError("no rows of these names") }
        Interruption.listen()
        var results = PeerResults(rows)
        do {
            try measure(rows) { results.add($1, to: $0) }
        } catch let interrupted as Interruption.Interrupted {
            Terminal.endProgress()
            if !results.isEmpty { print("Partial, \(interrupted).\n\n\(results.table)") }
            throw ExitCode(interrupted.exitCode)
        }
        Terminal.endProgress()
        print(results.table)
        print("\n\(MachineFacts.line); load average after the end \(MachineFacts.loadAverage)")
    }

    /// - Parameter note: Gets each result that counts, with the index of its row.
    private func measure(_ rows: [PeerRow], _ note: (Int, PeerResult) -> Void) throws {
        let systems = try PeerSystems(self, rows)
        defer { systems.remove() }
        try systems.start()
        for round in 0..<rounds {
            for (index, row) in rows.enumerated() {
                let result = try systems.measure(row, seed: bench.seed &+ UInt64(round))
                try Interruption.check()
                Terminal.progress("round \(round + 1) of \(rounds): \(row.name) \(result.summary)")
                if round > 0 { note(index, result) }
            }
        }
    }
}
