/// The median of some values, with the least and the greatest of them.
public struct Spread: Equatable, Sendable {
    public let median: Double
    public let least: Double
    public let greatest: Double

    /// Nil of no values.
    public init?(_ values: [Double]) {
        guard let least = values.min(), let greatest = values.max() else { return nil }
        self.median = values.median
        self.least = least
        self.greatest = greatest
    }
}

extension [Double] {
    /// The middle one, or the mean of the middle two. Of none there is no median: they must not be empty.
    var median: Double {
        let ordered = sorted()
        let middle = ordered.count / 2
        return ordered.count.isMultiple(of: 2) ? (ordered[middle - 1] + ordered[middle]) / 2 : ordered[middle]
    }
}

extension Cell {
    /// Of the rounds that have one, in their order.
    public func values(of figure: Figure) -> [Double] { rounds.compactMap(figure.value) }

    /// Over the rounds; nil if none has a value.
    public func spread(of figure: Figure) -> Spread? { Spread(values(of: figure)) }
}
