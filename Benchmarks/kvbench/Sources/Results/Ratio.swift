/// How many times one engine's figure is another's.
public struct Ratio: Equatable, Sendable {
    /// That an interval is made of.
    public static let resamples = Bootstrap.resamples
    /// That an interval takes.
    public static let leastPairs = Bootstrap.leastCount

    /// Of the pairs' ratios.
    public let median: Double
    /// Rounds of the one beside rounds of the other.
    public let pairs: Int
    /// 95%, by bootstrap of the pairs; nil with fewer than three pairs.
    public let interval: ClosedRange<Double>?

    /// Round i of the one beside round i of the other: what disturbed both cancels out.
    ///
    /// Nil if no round has a value beside one of the reference, or the reference is 0 in one of them.
    public init?(of figure: Figure, _ cell: Cell, to reference: Cell, seed: UInt64) {
        var ratios: [Double] = []
        for (round, beside) in zip(cell.rounds, reference.rounds) {
            guard let value = figure.value(of: round), let divisor = figure.value(of: beside) else {
                continue
            }
            // Without this pair, the others would say too little.
            guard divisor > 0 else { return nil }
            ratios.append(value / divisor)
        }
        guard !ratios.isEmpty else { return nil }
        median = ratios.median
        pairs = ratios.count
        if ratios.count < Bootstrap.leastCount {
            interval = nil
        } else {
            var bootstrap = Bootstrap(seed: seed)
            interval = bootstrap.interval { $0.resample(ratios).median }
        }
    }

    /// What it says of the engine whose figure it is.
    public func judgement(of figure: Figure) -> Judgement {
        guard let interval else { return .tooFewRounds }
        return Judgement(
            shift: median - 1, interval: interval.lowerBound - 1...interval.upperBound - 1, of: figure)
    }
}

/// What a comparison of two may say.
public enum Judgement: Equatable, Sendable {
    case better
    case worse
    /// No difference that the rounds could show.
    case unclear
    /// Fewer than three: nothing is said.
    case tooFewRounds

    /// A difference that matters, as a part of what it is a difference from.
    public static let leastShift = 0.05

    /// By a shift relative to what it is held against: clear if its interval excludes 0, and if it is large enough.
    init(shift: Double, interval: ClosedRange<Double>, of figure: Figure) {
        if interval.contains(0) || abs(shift) < Self.leastShift {
            self = .unclear
        } else {
            self = (shift < 0) == figure.lessIsBetter ? .better : .worse
        }
    }
}

extension Ratio: CustomStringConvertible {
    /// `0.71 (0.66–0.75)`, or `0.71 (no interval)`.
    public var description: String {
        let median = median.formatted(decimals: 2)
        guard let interval else { return "\(median) (no interval)" }
        return "\(median) (\(interval.text))"
    }
}

extension ClosedRange<Double> {
    /// `0.66–0.75`.
    package var text: String { "\(lowerBound.formatted(decimals: 2))–\(upperBound.formatted(decimals: 2))" }
}
