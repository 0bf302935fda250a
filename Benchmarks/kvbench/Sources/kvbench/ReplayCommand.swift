import ArgumentParser
import Foundation
import Results

/// A recorded workload on each engine.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Compares the engines under the workload that kvbench record has found.",
        discussion: """
            Takes the options of compare after the file, less --workloads and --value-size, which the file has, and writes the \
            same report. There are as many records as there were keys, but no more than --records; with --rate recorded, as many \
            operations a second as there were; without --rate, as many as the clients can.

            kvbench replay shape.json --engines rocksdb,leveldb,lmdb --rate recorded --out report
            """)

    @Argument(help: "What kvbench record has written.") var shape: String
    @Argument(parsing: .captureForPassthrough, help: "Those of compare.") var options: [String] = []

    func run() throws {
        let shape = try WorkloadShape.read(from: URL(fileURLWithPath: shape))
        try Self.comparison(shape, options).run()
    }

    /// What is to be done.
    static func comparison(_ shape: WorkloadShape, _ options: [String]) throws -> CompareCommand {
        for name in ["--workloads", "--value-size", "--shape"]
        where options.contains(where: { $0 == name || $0.hasPrefix("\(name)=") }) {
            throw ValidationError("a replay has the workload and the values of its file: leave out \(name)")
        }
        var compare = try CompareCommand.parse(withRate(shape.rate, options))
        compare.shape = shape
        if shape.keys > 0 { compare.load.records = compare.load.records.atMost(shape.keys) }
        if let size = shape.valueSize { compare.load.valueSize = size }
        return compare
    }

    /// With a number for the word "recorded".
    private static func withRate(_ rate: Double, _ options: [String]) -> [String] {
        var options = options
        for index in options.indices {
            if options[index] == "--rate=recorded" { options[index] = "--rate=\(rate)" }
            if index > 0, options[index - 1] == "--rate", options[index] == "recorded" {
                options[index] = "\(rate)"
            }
        }
        return options
    }
}
