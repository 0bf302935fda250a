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
    func prepare(_ scenario: Scenario, progress: (String) -> Void) throws
    func measure(_ scenario: Scenario, round: Int, progress: (String) -> Void) throws -> Round
    /// Ends what was started, and removes its files.
    func remove() throws
}

/// All workloads with one durability, on one contestant after the other in each round, so that a noisy machine hurts all alike.
final class InterleavedRun {
    private let contestants: [any Contestant]
    private let durability: String
    private let scenarios: [Scenario]
    private let load: LoadOptions
    private let folder: URL
    /// One of each contestant for each workload, in their order.
    private var cells: [Cell] = []

    /// - Parameter folder: Has the contestants' files, and nothing else.
    init(
        _ contestants: [any Contestant], durability: String, _ scenarios: [Scenario], _ load: LoadOptions,
        folder: URL
    ) {
        self.contestants = contestants
        self.durability = durability
        self.scenarios = scenarios
        self.load = load
        self.folder = folder
    }

    /// - Parameter whenMore: Gets all cells so far, after each round.
    func measure(_ whenMore: (_ clusters: [Cell], _ alone: [Cell]) throws -> Void) throws {
        for contestant in contestants {
            Terminal.progress("\(contestant.title): starting")
            try contestant.start()
        }
        for scenario in scenarios { try measure(scenario, whenMore) }
    }

    private func measure(
        _ scenario: Scenario, _ whenMore: (_ clusters: [Cell], _ alone: [Cell]) throws -> Void
    ) throws {
        for contestant in contestants {
            try contestant.prepare(scenario) {
                Terminal.progress("\(contestant.title), \(scenario.name): \($0)")
            }
        }
        let first = cells.count
        cells += contestants.map { Cell(engine: $0.name, durability: durability, workload: scenario.name) }
        for round in 0..<load.rounds {
            // Each is the first one once, so that none always has what the one before has left behind.
            for place in contestants.indices {
                let index = (place + round) % contestants.count
                let contestant = contestants[index]
                let title = "\(contestant.title), \(scenario.name), round \(round + 1) of \(load.rounds)"
                let result = try contestant.measure(scenario, round: round) {
                    Terminal.progress("\(title): \($0)")
                }
                cells[first + index].rounds.append(result)
                try whenMore(measured(alone: false), measured(alone: true))
            }
        }
    }

    /// Of the clusters, or of what is alone.
    private func measured(alone: Bool) -> [Cell] {
        cells.indices.filter {
            contestants[$0 % contestants.count].isAlone == alone && !cells[$0].rounds.isEmpty
        }.map { cells[$0] }
    }

    /// Ends what was started, and removes its files. What can't be removed is said, as the figures are there all the same.
    func remove() {
        do {
            for contestant in contestants { try contestant.remove() }
            if FileManager.default.fileExists(atPath: folder.path) {
                try FileManager.default.removeItem(at: folder)
            }
            load.bench.removeDirectory()
        } catch {
            Terminal.warn("\(error)")
        }
    }
}
