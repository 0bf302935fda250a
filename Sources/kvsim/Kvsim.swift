import ArgumentParser
import Simulation

@main
struct Kvsim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kvsim",
        abstract: "Simulates whole clusters with faults, and looks for writes lost and promises broken.",
        discussion: "Exit code 0 if all is well, 1 if something is not.",
        subcommands: [Run.self, Replay.self, Gossip.self])
}

struct PlanOptions: ParsableArguments {
    @Option(help: "Nodes of the cluster.") var nodes = 5
    @Option(help: "Nodes that are no members at first.") var spares = 2
    @Option(help: "Simulated seconds of work and faults.") var seconds: UInt64 = 30
    @Option(help: "Faults by name, separated by commas: \(PlanOptions.names); or all, or none.")
    var faults = "all"

    static var names: String { Plan.Fault.allCases.map(\.rawValue).joined(separator: ", ") }

    func validate() throws {
        _ = try plan()
        guard 1...100 ~= nodes else { throw ValidationError("--nodes takes 1 to 100") }
        guard 0...100 ~= spares else { throw ValidationError("--spares takes 0 to 100") }
        guard 1...86_400 ~= seconds else { throw ValidationError("--seconds takes 1 to 86400") }
    }

    func plan() throws -> Plan {
        var plan = Plan()
        plan.nodes = nodes
        plan.spares = spares
        plan.seconds = seconds
        switch faults {
        case "all": break
        case "none": plan.faults = []
        default:
            plan.faults = Set(
                try faults.split(separator: ",").map { name in
                    guard let fault = Plan.Fault(rawValue: String(name)) else {
                        throw ValidationError("there is no fault \(name); there are \(Self.names)")
                    }
                    return fault
                })
        }
        return plan
    }
}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs one simulation for each seed.",
        discussion: "Example: kvsim run --seeds 1..1000 --nodes 5 --faults all")

    @OptionGroup var options: PlanOptions
    @Option(help: "A seed, or the first and last of several: 1..1000.") var seeds = "1..100"

    private func range() throws -> ClosedRange<UInt64> {
        let ends = seeds.split(separator: "..", omittingEmptySubsequences: false).map { UInt64($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last, ends.count <= 2
        else {
            throw ValidationError("--seeds takes a number, or two as in 1..1000")
        }
        return first...last
    }

    func validate() throws { _ = try range() }

    func run() throws {
        let plan = try options.plan()
        let clock = ContinuousClock()
        let start = clock.now
        var (seconds, writes, reads, failures, reaped, bad) = (0.0, 0, 0, 0, 0, 0)
        for seed in try range() {
            let outcome = try Simulation.run(plan, seed: seed)
            seconds += outcome.simulatedSeconds
            writes += outcome.acknowledgedWrites
            reads += outcome.reads
            failures += outcome.failures
            reaped += outcome.reaped
            if !outcome.violations.isEmpty {
                bad += 1
                outcome.report()
            }
        }
        let real = (clock.now - start) / .seconds(1)
        print(
            "\(try range().count) seeds, \(bad) with violations: \(Int(seconds)) simulated seconds in",
            "\(Int(real * 10).quotientAndRemainder(dividingBy: 10).quotient) s (\(Int(seconds / real)) a second),",
            "\(writes) writes acknowledged, \(reads) reads, \(failures) failures, \(reaped) rows reaped")
        if bad > 0 { throw ExitCode(1) }
    }
}

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs one seed again.", discussion: "Example: kvsim replay 4711 --trace")

    @OptionGroup var options: PlanOptions
    @Argument(help: "The seed.") var seed: UInt64
    @Flag(help: "Prints everything that happens.") var trace = false

    func run() throws {
        let outcome = try Simulation.run(try options.plan(), seed: seed, trace: trace ? { print($0) } : nil)
        outcome.report()
        if !outcome.violations.isEmpty { throw ExitCode(1) }
    }
}

extension Simulation.Outcome {
    func report() {
        print("seed \(seed): trace of \(traceLines) lines, digest \(String(traceDigest, radix: 16))")
        for violation in violations { print("  VIOLATION: \(violation)") }
        for line in explanation.suffix(60) { print("    \(line)") }
    }
}
