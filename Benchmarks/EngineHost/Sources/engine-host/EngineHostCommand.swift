import ArgumentParser
import EngineHosting
import Foundation
import HostProtocol

/// One engine, which does what is ordered until there are no more orders.
@main
struct EngineHostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-host",
        abstract: "Runs workloads on one engine without a cluster, as kvbench orders.",
        discussion:
            "Takes orders on standard input and answers on standard output, a JSON object a line; ends with the input."
    )

    @Option(help: "The engine: \(HostedEngine.names.joined(separator: ", ")).") var engine: String
    @Option(help: "What a write survives: buffered or synced.") var durability = "buffered"
    @Option(help: "Where the engine's files go. Its parent is there.") var directory: String

    func validate() throws {
        guard ["buffered", "synced"].contains(durability) else {
            throw ValidationError("durability is buffered or synced, not \"\(durability)\"")
        }
    }

    func run() throws {
        let engine: HostedEngine
        do {
            engine = try HostedEngine(self.engine, at: directory, isSynced: durability == "synced")
        } catch {
            try answer(.failed(reason: "\(error)"))
            throw ExitCode.failure
        }
        try answer(.ready)
        while let line = readLine() {
            try answer(carryOut(line, engine))
        }
        try engine.close()
    }

    private func carryOut(_ line: String, _ engine: HostedEngine) -> HostAnswer {
        do {
            let order = try Line.value(HostOrder.self, in: line)
            let figures = try engine.carryOut(order) {
                try answer(.progress(seconds: $0, operations: $1))
            }
            return .done(figures)
        } catch {
            return .failed(reason: "\(error)")
        }
    }

    private func answer(_ answer: HostAnswer) throws {
        try FileHandle.standardOutput.write(contentsOf: Line.bytes(answer))
    }
}
