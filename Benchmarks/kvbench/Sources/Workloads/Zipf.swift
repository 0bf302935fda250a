import Glibc

/// Draws ranks by Zipf's law: rank i, from 0, has the weight (i + 1)^-theta.
///
/// The generator of Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994, which
/// YCSB has too. Ranks 0 and 1 have exactly their shares. Those after them nearly: of ten thousand ranks or more, the
/// first k together never miss theirs by more than 0.015.
struct Zipf: Sendable {
    /// How skewed it is: the constant of YCSB's workloads.
    static let theta = 0.99
    /// How many weights are added up one by one. Those after them are so much alike that an integral gives their sum.
    private static let summed = 1_024
    private static let alpha = 1 / (1 - theta)
    /// The weights of the first two ranks.
    private static let secondBound = 1 + pow(0.5, theta)

    /// How many ranks there are.
    private(set) var items = 0
    /// The sum of all weights.
    private(set) var zeta = 0.0
    private var eta = 0.0

    /// - Parameter items: How many ranks, at least 1.
    init(items: Int) { extend(to: items) }

    /// Adds ranks after the last, up to `count` of them.
    ///
    /// The sum of the weights goes on from where it stands, as in YCSB. But YCSB adds up weight by weight, which
    /// takes long for ten million. By the midpoint rule, the weights from a to b are the integral of x^-theta
    /// from a - 1/2 to b + 1/2; beyond the first 1,024 this is wrong by less than 10^-7 in all.
    mutating func extend(to count: Int) {
        while items < min(count, Self.summed) {
            items += 1
            zeta += pow(Double(items), -Self.theta)
        }
        if items < count {
            zeta += Self.antiderivative(Double(count) + 0.5) - Self.antiderivative(Double(items) + 0.5)
            items = count
        }
        eta = (1 - pow(2 / Double(items), 1 - Self.theta)) / (1 - Self.secondBound / zeta)
    }

    /// Of x^-theta.
    private static func antiderivative(_ x: Double) -> Double { pow(x, 1 - theta) * alpha }

    /// A rank below `items`.
    func rank(using random: inout SplitMix64) -> Int {
        let unit = random.nextUnit()
        let point = unit * zeta
        if point < 1 { return 0 }
        if point < Self.secondBound { return 1 }
        let rank = Int(Double(items) * pow(eta * unit - eta + 1, Self.alpha))
        // Close to 1, a sum of floating point numbers may be 1.
        return min(rank, items - 1)
    }
}
