import ClusterCore

/// What a simulation of the gossip is to look like.
public struct GossipPlan: Sendable {
    public var nodes = 1_000
    /// The share of the messages that is lost.
    public var loss = 0.01
    /// How long the others take, evenly spread.
    public var delayMillis: ClosedRange<UInt64> = 1...20
    /// Periods after the start in which nothing is measured: a start of all nodes at once is news for long, and the pauses
    /// between exchanges grow to their usual length.
    public var settlePeriods = 600
    /// Periods without a change, for the traffic and for false deaths.
    public var quietPeriods = 100
    /// Crashes, one after the other; each node is started again when all others have found it dead.
    public var crashes = 100
    public var settings = SwimSettings()

    public init() {}

    /// By the kind of the message (docs/formats.md): 6 and 7 are pages.
    static func isPage(_ message: [UInt8]) -> Bool { message[1] >= 6 }
}

/// Measures the gossip of a whole cluster. One seed decides everything.
public enum GossipSimulation {
    public struct Figures: Equatable, Sendable {
        /// Periods from the start of the first node until each knew all.
        public var bootPeriods = 0.0
        /// Bytes and messages that a node sends in a period without a change: all, and pages alone.
        public var bytes = 0.0
        public var pageBytes = 0.0
        public var messages = 0.0
        /// Bytes that a node sends in a period while nodes crash and return.
        public var busyBytes = 0.0
        /// Periods from each crash until all others knew, ascending.
        public var detection: [Double] = []
        /// Periods from each return until all others knew, ascending.
        public var returns: [Double] = []
        /// How often any node took a node for dead that was not.
        public var falseDeaths = 0
        /// A hash of all messages: equal for equal runs.
        public var digest: UInt64 = 0
    }

    /// Periods after which a change counts as never noticed.
    public static let patience = 200.0

    public static func run(_ plan: GossipPlan, seed: UInt64) -> Figures {
        var network = GossipNetwork(plan, seed: seed)
        var figures = Figures()
        figures.bootPeriods = network.run(periods: patience) { $0.isComplete }
        network.run(periods: Double(plan.settlePeriods))

        network.resetTraffic()
        network.run(periods: Double(plan.quietPeriods))
        let nodePeriods = Double(plan.nodes * max(1, plan.quietPeriods))
        figures.bytes = Double(network.traffic.bytes) / nodePeriods
        figures.pageBytes = Double(network.traffic.pageBytes) / nodePeriods
        figures.messages = Double(network.traffic.messages) / nodePeriods

        network.resetTraffic()
        let start = network.now
        for _ in 0..<plan.crashes {
            let victim = network.random.next(below: plan.nodes)
            network.crash(victim)
            figures.detection.append(network.run(periods: patience) { $0.isNoticed })
            network.restart(victim)
            figures.returns.append(network.run(periods: patience) { $0.isNoticed })
            // At any time of the period, when the last change is no news any more.
            network.run(periods: 10 + Double(network.random.next(below: 1_000)) / 1_000)
        }
        let busyPeriods = Double(network.now - start) / Double(plan.settings.periodMillis)
        figures.busyBytes = Double(network.traffic.bytes) / (Double(plan.nodes) * max(1, busyPeriods))
        figures.detection.sort()
        figures.returns.sort()
        figures.falseDeaths = network.falseDeaths
        figures.digest = network.digest
        return figures
    }

    /// Cuts a cluster in two until each side takes the other for dead, then heals it.
    ///
    /// - Returns: Periods from then until all knew all again; nil if that took longer than `patience`.
    public static func heal(_ plan: GossipPlan, seed: UInt64) -> Double? {
        var network = GossipNetwork(plan, seed: seed)
        network.run(periods: patience) { $0.isComplete }
        network.cut = plan.nodes / 2
        let apart = plan.nodes / 2
        let pairs = apart * (apart - 1) + (plan.nodes - apart) * (plan.nodes - apart - 1)
        network.run(periods: patience) { $0.knownPairs == pairs }
        guard network.knownPairs == pairs else { return nil }
        network.cut = nil
        let periods = network.run(periods: patience) { $0.isComplete }
        return network.isComplete ? periods : nil
    }
}
