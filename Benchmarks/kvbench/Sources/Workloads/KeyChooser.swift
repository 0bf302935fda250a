/// Draws the numbers of the records that are asked for.
///
/// All clients of a run begin with the same `records`, so that the same records are hot for all of them. There is
/// nothing else to share: what Zipf's law needs is computed in microseconds, however many records there are.
public struct KeyChooser: Sendable {
    private let distribution: KeyDistribution
    /// How many records there always are.
    private let least: Int
    private let scramble: Scramble
    private var zipf: Zipf
    /// Where the law has an exponent of its own.
    private let ranks: ZipfRanks?

    /// - Parameters:
    ///   - distribution: Which records are drawn how often.
    ///   - records: How many there are at the beginning; at least one if Zipf's law is to hold.
    public init(_ distribution: KeyDistribution, records: Int) {
        switch distribution {
        case .uniform: break
        case .zipfian, .latest, .zipf: precondition(records > 0, "Zipf's law needs records to begin with")
        case .first(let count): precondition(count > 0, "at least one record is asked for")
        }
        self.distribution = distribution
        least = max(records, 1)
        scramble = Scramble(records: records)
        zipf = Zipf(items: least)
        if case .zipf(let exponent) = distribution {
            ranks = ZipfRanks(items: least, exponent: exponent)
        } else {
            ranks = nil
        }
    }

    /// The number of a record, below `recordCount`.
    ///
    /// - Parameters:
    ///   - recordCount: How many have been inserted by now, whether or not some were deleted: at least one, and never
    ///     fewer than at the beginning.
    ///   - random: What decides.
    public mutating func next(recordCount: Int, using random: inout SplitMix64) -> Int {
        precondition(recordCount >= least, "\(recordCount) records where there were \(least)")
        switch distribution {
        case .uniform: return random.next(below: recordCount)
        case .zipfian:
            // The ranks stay those of the beginning: twice as many would get about one draw in twenty.
            return scramble.record(ofRank: zipf.rank(using: &random), recordCount: recordCount)
        case .zipf:
            return scramble.record(ofRank: ranks!.rank(using: &random), recordCount: recordCount)
        case .latest:
            // A rank is the distance from the newest record, so there are more with each insert. Not at once, as with
            // many clients that would be part of nearly each draw. So long the oldest record in a hundred is not
            // drawn.
            if recordCount - zipf.items > zipf.items / 128 { zipf.extend(to: recordCount) }
            return recordCount - 1 - zipf.rank(using: &random)
        case .first(let count): return random.next(below: min(count, recordCount))
        }
    }
}
