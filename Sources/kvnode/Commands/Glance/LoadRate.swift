import Messages

/// What a node, or several, have served between two answers of `GetLoad`.
struct LoadRate {
    /// A time below which 99 of 100 requests were answered.
    enum Percentile: Equatable {
        case seconds(Double)
        /// Longer than the last range has a bound.
        case beyond(seconds: Double)
    }

    /// What a node has served since its start, of all operations.
    private struct Total {
        var durations: [UInt64]
        var failed: UInt64 = 0

        /// A node of another version may have other operations, or ranges.
        init(_ load: Kvnode_V1_NodeLoad, ranges: Int) {
            durations = Array(repeating: 0, count: ranges)
            for operation in load.operations {
                for (place, count) in operation.durations.prefix(ranges).enumerated() {
                    durations[place] += count
                }
                failed += operation.failed
            }
        }
    }

    /// Answered, and those of them that were answered with an error.
    private(set) var count: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private(set) var perSecond = 0.0
    private var bounds: [Double] = []
    private var durations: [UInt64] = []

    /// Nil if the process has started anew between the two, or no time has gone by.
    init?(from earlier: Kvnode_V1_NodeLoad, to later: Kvnode_V1_NodeLoad) {
        guard later.uptimeMs > earlier.uptimeMs else { return nil }
        bounds = later.durationBounds
        let (after, before) = (
            Total(later, ranges: bounds.count + 1), Total(earlier, ranges: bounds.count + 1)
        )
        // A process that is new may have been up for longer than the one before it had been.
        guard after.failed >= before.failed, zip(after.durations, before.durations).allSatisfy(>=) else {
            return nil
        }
        durations = zip(after.durations, before.durations).map(-)
        failed = after.failed - before.failed
        count = durations.reduce(0, +)
        perSecond = Double(count) * 1000 / Double(later.uptimeMs - earlier.uptimeMs)
    }

    /// Of several nodes together; nil if there is none.
    init?(_ rates: [LoadRate]) {
        guard var sum = rates.first else { return nil }
        for rate in rates.dropFirst() {
            sum.count += rate.count
            sum.failed += rate.failed
            sum.perSecond += rate.perSecond
            guard rate.bounds == sum.bounds else { continue }
            for place in sum.durations.indices { sum.durations[place] += rate.durations[place] }
        }
        self = sum
    }

    /// Within its range by proportion, as Prometheus does; nil if nothing was answered.
    var p99: Percentile? {
        let rank = Double(durations.reduce(0, +)) * 0.99
        guard rank > 0 else { return nil }
        var below = 0.0
        for (place, bound) in bounds.enumerated() {
            let here = Double(durations[place])
            if below + here >= rank {
                let start = place == 0 ? 0 : bounds[place - 1]
                return .seconds(start + (bound - start) * (rank - below) / here)
            }
            below += here
        }
        return .beyond(seconds: bounds.last ?? 0)
    }
}

extension LoadRate.Percentile {
    var text: String {
        switch self {
        case .seconds(let seconds): Quantity.latency(seconds: seconds)
        case .beyond(let seconds): "> \(Quantity.latency(seconds: seconds))"
        }
    }

    /// What is known for sure of it.
    var seconds: Double {
        switch self {
        case .seconds(let seconds), .beyond(let seconds): seconds
        }
    }
}
