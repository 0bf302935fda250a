import Results

/// What to know before believing a report.
enum Reading {
    static func hints(_ comparison: Comparison) -> [String] {
        let options = comparison.options
        var hints = [
            "Figures are the median of the rounds, with the least and the greatest.",
            "A ratio is the median of the ratios of rounds that ran beside each other. Its interval is meant to hold the true one in 95 of 100 runs (bootstrap of the pairs, \(Ratio.resamples.grouped) resamples).",
            "An engine is called better or worse only if the interval excludes 1 and the ratio is 5% or more from it. Of many such statements, some are wrong by chance.",
        ]
        if let coverage = coverage(of: comparison.groups.map(\.rounds).min() ?? 0) { hints.append(coverage) }
        hints.append(
            options.nodes == 0
                ? "The clusters were running already: what their nodes take of processors, memory and disks isn't known."
                : "CPU, memory, syncs and bytes on disk are those of all nodes together. Each of \(options.n) replicas keeps the data, so that an amplification is \(options.n) where an engine writes or keeps it just once."
        )
        if let alone = comparison.alone { hints += Self.hints(alone, options) }
        if let rate = options.rate {
            hints.append(
                "\(rate.plain) operations a second were offered: throughput says only whether an engine kept up."
            )
        } else {
            hints.append(
                "No rate was offered: each connection sends as soon as it is answered. Latency is that of a cluster with all it can do, and a slow answer holds back the operations behind it, which latency then doesn't count."
            )
        }
        if options.nodes != 0 {
            hints.append(
                "Where the nodes and the generator share one machine, its processors limit throughput. CPU per operation suffers less from that."
            )
        }
        return hints
    }

    private static func hints(_ alone: Alone, _ options: Options) -> [String] {
        let pairs =
            alone.clustersBegun == nil
            ? "Both are of rounds that ran beside each other, with intervals of their pairs."
            : "The two were measured in runs of their own, so that there are no pairs to make intervals of."
        return [
            "An engine alone has the node's writer thread and group commit, and rows as a replica stores them, in one process. A write reads its row first, as a replica's does. Keys, values and stored states are made outside of what is counted as the engine's CPU.",
            "Replication's own share is the CPU of an operation in a cluster less that of the engine alone for each copy: \(options.n), which a write meets, or \(options.r) where all operations read, as a read asks so many replicas. Where there are both, reads are counted as often as writes, so that the share is rather higher than told. It has clients' protocols, coordination, versions and messages between nodes, and batches that are smaller at each node than at an engine with all operations to itself. \(pairs) As each figure has a median of its own, they need not add up.",
        ]
    }

    /// Of three or four pairs, the interval goes from the least to the greatest. The true median lies outside if all are on
    /// one side of it, as two in 2^n are by chance.
    private static func coverage(of rounds: Int) -> String? {
        guard (3...4).contains(rounds) else { return nil }
        let percent = 100 - 200 / Double(1 << rounds)
        return
            "With \(rounds) rounds an interval can't be as sure as that: it goes from the least to the greatest of the pairs' ratios, which holds the true one in \(percent.formatted(decimals: 0)) of 100 runs. Of five rounds it is 94."
    }
}
