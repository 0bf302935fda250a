import Results

extension Cell {
    /// The median over rounds of each percentile that all rounds have, in ms.
    var latencyCurve: [(percentile: Double, milliseconds: Double)] {
        let curves = rounds.map(\.latency.curve).filter { !$0.isEmpty }
        guard let first = curves.first else { return [] }
        return first.compactMap { point in
            let values = curves.compactMap { curve in
                curve.first { $0.percentile == point.percentile }?.microseconds
            }
            guard values.count == curves.count, let spread = Spread(values) else { return nil }
            return (point.percentile, spread.median / 1_000)
        }
    }

    /// The median over rounds of the operations of each second that all rounds have.
    var throughputCurve: [Double] {
        let timelines = rounds.map(\.timeline).filter { !$0.isEmpty }
        let seconds = timelines.map(\.count).min() ?? 0
        return (0..<seconds).compactMap { second in
            Spread(timelines.map { Double($0[second].operations) })?.median
        }
    }
}
