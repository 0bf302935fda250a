/// A figure of one cell in two runs.
public struct Difference: Equatable, Sendable {
    public let baseline: Spread
    public let current: Spread
    /// 95%, of the current median less the baseline's, by bootstrap of both; nil with fewer than three rounds in one.
    public let interval: ClosedRange<Double>?

    /// The rounds of two runs are no pairs: they were far apart in time.
    ///
    /// Nil if one of the two has no value.
    public init?(of figure: Figure, baseline: Cell, current: Cell, seed: UInt64) {
        let (old, new) = (baseline.values(of: figure), current.values(of: figure))
        guard let oldSpread = Spread(old), let newSpread = Spread(new) else { return nil }
        self.baseline = oldSpread
        self.current = newSpread
        if min(old.count, new.count) < Bootstrap.leastCount {
            interval = nil
        } else {
            var bootstrap = Bootstrap(seed: seed)
            interval = bootstrap.interval { $0.resample(new).median - $0.resample(old).median }
        }
    }

    /// Of the medians, in the figure's unit.
    public var shift: Double { current.median - baseline.median }

    /// What it says of the current run.
    public func judgement(of figure: Figure) -> Judgement {
        guard let interval else { return .tooFewRounds }
        guard baseline.median > 0 else {
            // Beside nothing, anything is large.
            let sign: Double = shift == 0 ? 0 : shift < 0 ? -1 : 1
            return Judgement(shift: sign, interval: interval, of: figure)
        }
        let relative = interval.lowerBound / baseline.median...interval.upperBound / baseline.median
        return Judgement(shift: shift / baseline.median, interval: relative, of: figure)
    }
}
