import Results

/// Makes a shape of what nodes told before and after.
public struct Recording {
    /// Requests that must be sampled for the keys' popularity.
    static let leastSamples = 100
    private static let shares = 20

    private var pairs: [(before: NodeSample, after: NodeSample)] = []

    public init() {}

    /// Adds a node, which was asked twice at an endpoint.
    public mutating func add(
        _ before: NodeSample, _ after: NodeSample, endpoint: String
    ) throws(RecordingError) {
        guard before.node == after.node else {
            throw .isAnother(endpoint, before: before.node, now: after.node)
        }
        guard before.startedMillis == after.startedMillis, before.uptimeMillis <= after.uptimeMillis else {
            throw .hasRestarted(after.node)
        }
        guard !pairs.contains(where: { $0.after.node == after.node }) else { throw .isTwice(after.node) }
        pairs.append((before, after))
    }

    /// - Parameters:
    ///   - begun: In ISO 8601.
    ///   - seconds: That were to be recorded; how many there were, the nodes' clocks tell.
    public func shape(begun: String, seconds: Double) throws(RecordingError) -> WorkloadShape {
        func sum(_ value: (NodeSample) -> Int) -> Int {
            pairs.reduce(0) { $0 + value($1.after) - value($1.before) }
        }
        func kind(_ name: String) -> Int { sum { $0.requests[name] ?? 0 } }
        let operations = WorkloadShape.Operations(
            get: kind("get"), put: kind("put"), delete: kind("delete"), update: kind("update"),
            list: kind("list"))
        guard operations.all > 0 else { throw .nothingAsked(seconds: seconds) }
        let registers = pairs.dropFirst().reduce(pairs[0].after.keyRegisters) {
            zip($0, $1.after.keyRegisters).map(max)
        }
        let keys = KeyEstimate.keys(registers)
        return WorkloadShape(
            begun: begun, nodes: pairs.count,
            seconds: Double(sum(\.uptimeMillis)) / Double(1_000 * pairs.count), operations: operations,
            notFound: operations.get == 0 ? 0 : Double(sum(\.notFound)) / Double(operations.get),
            keyBytes: sizes(\.keyBytes), valueBytes: sizes(\.valueBytes), listLimits: sizes(\.listLimits),
            keys: keys, popularity: try popularity(operations, keys: keys))
    }

    /// Of all nodes, without the empty bins.
    private func sizes(_ histogram: (NodeSample) -> NodeSample.Histogram) -> [WorkloadShape.Sizes] {
        var counts: [Int: (count: Int, sum: Int)] = [:]
        for pair in pairs {
            let (before, after) = (histogram(pair.before), histogram(pair.after))
            for bin in after.counts.indices {
                let (count, sum) = bin < before.counts.count ? (before.counts[bin], before.sums[bin]) : (0, 0)
                counts[bin, default: (0, 0)].count += after.counts[bin] - count
                counts[bin, default: (0, 0)].sum += after.sums[bin] - sum
            }
        }
        return counts.sorted { $0.key < $1.key }.compactMap { bin, found in
            if found.count == 0 { return nil }
            return WorkloadShape.Sizes(
                from: bin == 0 ? 0 : 1 << (bin - 1), to: (1 << bin) - 1, count: found.count,
                mean: Double(found.sum) / Double(found.count))
        }
    }

    private func popularity(
        _ operations: WorkloadShape.Operations, keys: Int
    ) throws(RecordingError) -> WorkloadShape.Popularity {
        if operations.ofKeys == 0 {
            return WorkloadShape.Popularity(exponent: 0, samples: 0, coincidence: 0, shares: [])
        }
        var (samples, same, all) = (0, 0.0, 0.0)
        var ranked: [Double] = []
        for pair in pairs {
            let drawn = pair.after.popularity.samples - pair.before.popularity.samples
            let counts = Self.counts(pair.before.popularity, pair.after.popularity)
            samples += drawn
            // Pairs at one node, since the counters of two don't tell which are of the same key.
            same += counts.reduce(0) { $0 + Double($1) * Double($1 - 1) }
            all += Double(drawn) * Double(max(drawn - 1, 0))
            if ranked.count < counts.count {
                ranked += Array(repeating: 0, count: counts.count - ranked.count)
            }
            for (rank, count) in counts.enumerated() { ranked[rank] += Double(count) }
        }
        guard samples >= Self.leastSamples, all > 0 else { throw .tooFewSamples(samples) }
        let coincidence = same / all
        return WorkloadShape.Popularity(
            exponent: keys < 2 ? 0 : ZipfFit.exponent(coincidence: coincidence, keys: keys),
            samples: samples, coincidence: coincidence,
            shares: ranked.prefix(Self.shares).map { $0 / Double(samples) })
    }

    /// How often keys came between two samples, at least, the most frequent first.
    private static func counts(_ before: NodeSample.Popularity, _ after: NodeSample.Popularity) -> [Int] {
        let earlier = Dictionary(before.counters.map { ($0.label, $0.count) }) { max($0, $1) }
        return after.counters.map { $0.count - (earlier[$0.label] ?? $0.error) }.filter { $0 > 0 }
            .sorted(by: >)
    }
}
