/// Which records are asked for how often.
public enum KeyDistribution: Hashable, Sendable {
    /// All alike.
    case uniform
    /// By Zipf's law with the constant 0.99: a few much, most hardly ever. Which they are has nothing to do with
    /// their numbers (YCSB's "Zipfian", Cooper et al. 2010, section 4.1).
    case zipfian
    /// By Zipf's law with the constant 0.99, the one inserted last the most (YCSB's "Latest", ibid.).
    case latest
    /// By Zipf's law with this exponent, above 0; which are hot has nothing to do with their numbers.
    case zipf(exponent: Double)
    /// So many of the first records, all alike, and no others.
    case first(Int)
}
