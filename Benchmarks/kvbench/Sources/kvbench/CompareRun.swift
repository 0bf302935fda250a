import Foundation
import Nodes
import Results
import Workloads

/// All workloads with one durability, on a cluster of each engine.
final class CompareRun {
    private let command: CompareCommand
    private let durability: String
    private let engines: [EngineUnderTest]
    private let folder: URL

    init(_ command: CompareCommand, durability: String) throws {
        self.command = command
        self.durability = durability
        folder = command.bench.folder("compare-\(durability)")
        engines = try command.engines.all.map { [folder] in
            try EngineUnderTest(
                $0, durability: durability, command, folder: folder.appendingPathComponent($0))
        }
    }

    /// - Parameter whenDone: Gets the cells of each workload when they are complete.
    func measure(_ whenDone: ([Cell]) throws -> Void) throws {
        for engine in engines {
            Terminal.progress("\(engine.name), \(durability): starting")
            try engine.start()
        }
        for scenario in command.workloads.all.compactMap(Scenario.init) {
            try whenDone(try measure(scenario))
        }
    }

    private func measure(_ scenario: Scenario) throws -> [Cell] {
        var cells = engines.map { Cell(engine: $0.name, durability: durability, workload: scenario.name) }
        for engine in engines {
            try engine.prepare(scenario) { Terminal.progress("\(engine.name), \(scenario.name): \($0)") }
        }
        for round in 0..<command.rounds {
            // Each engine is the first one once, so that none always has what the one before has left behind.
            for place in engines.indices {
                let index = (place + round) % engines.count
                let engine = engines[index]
                let title =
                    "\(engine.name), \(durability), \(scenario.name), round \(round + 1) of \(command.rounds)"
                let result = try engine.measure(scenario, round: round) {
                    Terminal.progress("\(title): \($0)")
                }
                cells[index].rounds.append(result)
            }
        }
        return cells
    }

    /// Ends all, and removes their files. What can't be removed is said, as the figures are there all the same.
    func remove() {
        for engine in engines { engine.kill() }
        do {
            for engine in engines { try engine.remove() }
            try FileManager.default.removeItem(at: folder)
        } catch {
            Terminal.warn("\(error)")
        }
    }
}
