import ArgumentParser
import Simulation

struct Gossip: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the gossip of a cluster: how soon a crash is known, false deaths, traffic.",
        discussion: """
            Example: kvsim gossip --nodes 1000 --loss 0.01 --runs 100
            Exit code 1 if a node that lives was taken for dead.
            """)

    @Option(help: "Nodes of the cluster.") var nodes = 1_000
    @Option(help: "The share of the messages that is lost.") var loss = 0.01
    @Option(help: "Crashes, one after the other.") var runs = 100
    @Option(help: "Periods after the start, before anything is measured.") var settle = 600
    @Option(help: "Periods without a change, before the crashes.") var periods = 100
    @Option(help: "The seed.") var seed: UInt64 = 1

    func validate() throws {
        guard 2...3_000 ~= nodes else { throw ValidationError("--nodes takes 2 to 3000") }
        guard 0..<1 ~= loss else { throw ValidationError("--loss takes 0 up to, not including, 1") }
        guard 0...100_000 ~= runs else { throw ValidationError("--runs takes 0 to 100000") }
        guard 0...100_000 ~= settle else { throw ValidationError("--settle takes 0 to 100000") }
        guard 0...100_000 ~= periods else { throw ValidationError("--periods takes 0 to 100000") }
    }

    func run() throws {
        var plan = GossipPlan()
        plan.nodes = nodes
        plan.loss = loss
        plan.crashes = runs
        plan.settlePeriods = settle
        plan.quietPeriods = periods
        let start = ContinuousClock().now
        let figures = GossipSimulation.run(plan, seed: seed)
        let seconds = (ContinuousClock().now - start) / .seconds(1)
        print("\(nodes) nodes, \(Self.rounded(loss * 100)) % loss, seed \(seed)")
        print("started: each knew all after \(Self.rounded(figures.bootPeriods)) periods")
        if periods > 0 {
            print(
                "\(periods) periods without a change: \(Int(figures.bytes)) bytes a node and period",
                "(probes and updates \(Int(figures.bytes - figures.pageBytes)), pages \(Int(figures.pageBytes))),",
                "\(Self.rounded(figures.messages)) messages")
        }
        if runs > 0 {
            print("\(runs) crashes: \(Int(figures.busyBytes)) bytes a node and period")
            print("  known everywhere: \(Self.spread(figures.detection)) periods")
            print("  return known everywhere: \(Self.spread(figures.returns)) periods")
            let inTime = figures.detection.count { $0 <= 15 }
            print("  within 15 periods: \(inTime) of \(runs)")
        }
        print("false deaths: \(figures.falseDeaths)")
        print("digest \(String(figures.digest, radix: 16)), \(Self.rounded(seconds)) s")
        if figures.falseDeaths > 0 { throw ExitCode(1) }
    }

    private static func rounded(_ value: Double) -> String { String((value * 10).rounded() / 10) }

    private static func spread(_ sorted: [Double]) -> String {
        func part(_ share: Double) -> String {
            rounded(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))])
        }
        return "least \(part(0)), half \(part(0.5)), 99 % \(part(0.99)), most \(rounded(sorted.last ?? 0))"
    }
}
