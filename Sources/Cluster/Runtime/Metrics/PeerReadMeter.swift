import Instruments

/// How the keys are read that peers ask for, on all connections together. Any thread.
struct PeerReadMeter: Sendable {
    private let onLoop: Counter
    private let byReader: Counter

    init(_ registry: MetricRegistry) {
        onLoop = registry.counter(RequestMetrics.replicaReads, ["loop"])
        byReader = registry.counter(RequestMetrics.replicaReads, ["reader"])
    }

    /// Those of one batch of requests.
    func read(onLoop count: Int, byReader others: Int) {
        if count > 0 { onLoop.add(count) }
        if others > 0 { byReader.add(others) }
    }
}
