import API
import Cluster
import Instruments

extension NodeMetrics {
    /// What `kvnode status` and `kvnode top` show of the node: a few of its metrics.
    func load() async -> NodeLoad {
        let status = await disk.answer(within: limit).flatMap { $0 }
        let reading = registry.read()
        let durations = ClusterNode.requestDurations
        let series = reading.families.first { $0.definition == durations }?.series ?? []
        let inFlight =
            switch reading.value(of: ClusterNode.requestsInFlight.name) {
            case .number(let count): count
            case .histogram, nil: 0.0
            }
        let bounds =
            if case .histogram(let buckets) = durations.kind { buckets.scaledBounds } else { [Double]() }
        return NodeLoad(
            uptimeMillis: UInt64((ContinuousClock.now - begun) / .milliseconds(1)),
            operations: Self.operations(of: series), durationBounds: bounds,
            requestsInFlight: UInt64(max(0, inFlight)),
            disk: status.map {
                NodeLoad.Disk(availableBytes: UInt64($0.availableBytes), sizeBytes: UInt64($0.sizeBytes))
            })
    }

    /// By name, without what other nodes have sent on.
    ///
    /// - Parameter series: Of `ClusterNode.requestDurations`: protocol, operation, outcome.
    static func operations(of series: [MetricReading.Series]) -> [NodeLoad.Operation] {
        var sums: [String: NodeLoad.Operation] = [:]
        for one in series where one.labels[0] != "peer" {
            guard case .histogram(let value) = one.value else { continue }
            let none = NodeLoad.Operation(
                name: one.labels[1], durations: value.counts.map { _ in 0 }, failed: 0)
            var sum = sums[one.labels[1]] ?? none
            for (place, count) in value.counts.enumerated() { sum.durations[place] += count }
            if one.labels[2] == "error" { sum.failed += value.count }
            sums[one.labels[1]] = sum
        }
        return sums.values.sorted { $0.name < $1.name }
    }
}
