import Foundation
import Nodes
import Results

/// What is measured beside others: loaded once, then asked round by round.
protocol Contestant: AnyObject {
    /// The engine's.
    var name: String { get }
    /// For people.
    var title: String { get }
    /// Whether there is no cluster.
    var isAlone: Bool { get }

    func start() throws
    /// Loads what the workload asks for, and warms up.
    func prepare(_ scenario: Scenario, progress: @escaping (String) -> Void) throws
    func measure(_ scenario: Scenario, round: Int, progress: @escaping (String) -> Void) throws -> Round
    /// Ends its processes.
    func kill()
    /// Removes its files.
    func remove() throws
}

/// All workloads with one durability, on one contestant after the other in each round, so that a noisy machine hurts all alike.
final class InterleavedRun {
    private let contestants: [any Contestant]
    private let durability: String
    private let load: LoadOptions
    private let folder: URL

    /// - Parameter folder: Has the contestants' files, and nothing else.
    init(_ contestants: [any Contestant], durability: String, _ load: LoadOptions, folder: URL) {
        self.contestants = contestants
        self.durability = durability
        self.load = load
        self.folder = folder
    }

    /// - Parameter whenDone: Gets the cells of each workload when they are complete.
    func measure(_ whenDone: (_ clusters: [Cell], _ alone: [Cell]) throws -> Void) throws {
        for contestant in contestants {
            Terminal.progress("\(contestant.title): starting")
            try contestant.start()
        }
        for scenario in load.scenarios {
            let cells = try measure(scenario)
            try whenDone(
                zip(contestants, cells).filter { !$0.0.isAlone }.map(\.1),
                zip(contestants, cells).filter { $0.0.isAlone }.map(\.1))
        }
    }

    /// - Returns: A cell for each contestant.
    private func measure(_ scenario: Scenario) throws -> [Cell] {
        var cells = contestants.map {
            Cell(engine: $0.name, durability: durability, workload: scenario.name)
        }
        for contestant in contestants {
            try contestant.prepare(scenario) {
                Terminal.progress("\(contestant.title), \(scenario.name): \($0)")
            }
        }
        for round in 0..<load.rounds {
            // Each is the first one once, so that none always has what the one before has left behind.
            for place in contestants.indices {
                let index = (place + round) % contestants.count
                let contestant = contestants[index]
                let title = "\(contestant.title), \(scenario.name), round \(round + 1) of \(load.rounds)"
                let result = try contestant.measure(scenario, round: round) {
                    Terminal.progress("\(title): \($0)")
                }
                cells[index].rounds.append(result)
            }
        }
        return cells
    }

    /// Ends all, and removes their files. What can't be removed is said, as the figures are there all the same.
    func remove() {
        for contestant in contestants { contestant.kill() }
        do {
            for contestant in contestants { try contestant.remove() }
            try FileManager.default.removeItem(at: folder)
        } catch {
            Terminal.warn("\(error)")
        }
    }
}
