/// What an operation costs of a cluster, held against what its engine takes of that: the CPU of an engine alone, once for each copy.
public struct Replication: Equatable, Sendable {
    public let engine: String
    public let durability: String
    public let workload: String
    /// That an operation meets: N where any operation writes, R where all only read.
    public let copies: Int
    /// CPU of an operation of the engine alone, in microseconds.
    public let alone: Spread
    /// The same of all nodes of the cluster.
    public let replicated: Spread
    /// CPU of an operation of the cluster less that of the engine alone, times the copies: what isn't the engines', in microseconds.
    public let own: Estimate
    /// CPU of an operation of the cluster by that of the engine alone.
    public let ratio: Estimate
    /// The cluster's throughput by that of the engine alone.
    public let throughput: Estimate

    /// Nil if one of the two has no figures.
    ///
    /// - Parameter isPaired: Whether their rounds ran beside each other.
    init?(_ cluster: Cell, alone cell: Cell, copies: Int, isPaired: Bool, seed: UInt64) {
        func estimate(
            _ figure: Figure, _ statistic: (_ cluster: Double, _ alone: Double) -> Double
        ) -> Estimate? {
            Estimate(of: figure, cluster, beside: cell, isPaired: isPaired, seed: seed, statistic)
        }
        guard let alone = cell.spread(of: .cpuPerOperation), alone.least > 0,
            let replicated = cluster.spread(of: .cpuPerOperation),
            let own = estimate(.cpuPerOperation, { $0 - Double(copies) * $1 }),
            let ratio = estimate(.cpuPerOperation, { $0 / $1 }),
            let throughput = estimate(.throughput, { $0 / $1 })
        else { return nil }
        (engine, durability, workload) = (cell.engine, cell.durability, cell.workload)
        self.copies = copies
        self.alone = alone
        self.replicated = replicated
        self.own = own
        self.ratio = ratio
        self.throughput = throughput
    }

    /// The engine's part of a replicated operation, in microseconds: once for each copy.
    public var engines: Double { Double(copies) * alone.median }

    /// What isn't the engines', as a part of the whole.
    public var ownPart: Double { own.median / replicated.median }
}

/// A median, and where the true one lies as far as the rounds can show.
public struct Estimate: Equatable, Sendable {
    public let median: Double
    /// 95%, by bootstrap of pairs of rounds; nil without pairs, or with fewer than three.
    public let interval: ClosedRange<Double>?

    /// Of what `statistic` says of each pair of rounds, or of the two medians if the rounds are no pairs. Nil without any.
    init?(
        of figure: Figure, _ cell: Cell, beside other: Cell, isPaired: Bool, seed: UInt64,
        _ statistic: (Double, Double) -> Double
    ) {
        guard isPaired else {
            guard let one = cell.spread(of: figure), let two = other.spread(of: figure) else { return nil }
            median = statistic(one.median, two.median)
            interval = nil
            return
        }
        let values = zip(cell.rounds, other.rounds).compactMap { one, two -> Double? in
            guard let one = figure.value(of: one), let two = figure.value(of: two) else { return nil }
            return statistic(one, two)
        }
        guard !values.isEmpty else { return nil }
        median = values.median
        if values.count < Bootstrap.leastCount {
            interval = nil
        } else {
            var bootstrap = Bootstrap(seed: seed)
            interval = bootstrap.interval { $0.resample(values).median }
        }
    }
}

extension Comparison {
    /// For each engine that was measured both ways, in the order of the engines alone; empty where none was.
    public var replications: [Replication] {
        guard let alone else { return [] }
        return alone.cells.compactMap { cell in
            let cluster = cells.first {
                ($0.engine, $0.durability, $0.workload) == (cell.engine, cell.durability, cell.workload)
            }
            return cluster.flatMap {
                Replication(
                    $0, alone: cell, copies: cell.isReadOnly ? options.r : options.n,
                    isPaired: alone.clustersBegun == nil, seed: seed)
            }
        }
    }
}

extension Cell {
    /// Whether no operation of its rounds has changed anything.
    fileprivate var isReadOnly: Bool {
        rounds.allSatisfy {
            $0.kinds.allSatisfy { ["read", "scan"].contains($0.key) || $0.value.count == 0 }
        }
    }
}
