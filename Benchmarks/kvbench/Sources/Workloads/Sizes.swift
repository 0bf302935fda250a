/// Sizes as often as they were found: by ranges, in each of which they are spread evenly about their mean.
public struct Sizes: Hashable, Sendable {
    private struct Part: Hashable {
        /// Of this part and those before.
        var upTo: Int
        var range: ClosedRange<Int>
    }

    private let parts: [Part]

    /// - Parameter found: Ranges with how many sizes there were and their mean, which lies within; one at least has any.
    public init(_ found: [(range: ClosedRange<Int>, count: Int, mean: Double)]) {
        var sum = 0
        parts = found.filter { $0.count > 0 }.map {
            sum += $0.count
            return Part(upTo: sum, range: Self.even($0.range, about: $0.mean))
        }
        precondition(!parts.isEmpty, "no sizes")
    }

    /// All of a range alike.
    public init(_ range: ClosedRange<Int>) { parts = [Part(upTo: 1, range: range)] }

    /// As wide as it can be within `range` and have the mean in its middle.
    private static func even(_ range: ClosedRange<Int>, about mean: Double) -> ClosedRange<Int> {
        let double = Int((2 * mean).rounded())
        let lower = max(range.lowerBound, double - range.upperBound)
        return lower...max(lower, min(range.upperBound, double - lower))
    }

    /// The greatest that may be drawn.
    public var greatest: Int { parts.map(\.range.upperBound).max()! }

    public var least: Int { parts.map(\.range.lowerBound).min()! }

    public func draw(using random: inout SplitMix64) -> Int {
        var part = parts[0]
        if parts.count > 1 {
            let point = random.next(below: parts[parts.count - 1].upTo)
            part = parts.first { point < $0.upTo }!
        }
        return part.range.lowerBound + random.next(below: part.range.count)
    }

    /// The same size each time for the same record.
    public func size(ofRecord record: Int) -> Int {
        var random = SplitMix64(seed: 0, stream: record)
        return draw(using: &random)
    }
}
