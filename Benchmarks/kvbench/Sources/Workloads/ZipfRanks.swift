import Glibc

/// Draws ranks by Zipf's law with any exponent: rank i, from 0, has the weight (i + 1)^-exponent.
///
/// Rejection-inversion: Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions",
/// ACM TOMACS 6 (1996). Exact, and it takes as long however many ranks there are. `Zipf` stays with YCSB's generator, which holds
/// below an exponent of 1 and is nearly exact, so that its workloads are those of other programs.
struct ZipfRanks: Sendable {
    private let items: Double
    private let exponent: Double
    /// The integral at the ends of what is drawn.
    private let first: Double
    private let last: Double
    /// What is no further than this below its rank needs no look at the weight.
    private let squeeze: Double

    /// - Parameters:
    ///   - items: How many ranks, at least 1.
    ///   - exponent: Above 0.
    init(items: Int, exponent: Double) {
        precondition(items > 0 && exponent > 0, "no ranks, or no law")
        self.items = Double(items)
        self.exponent = exponent
        first = Self.integral(1.5, exponent) - 1
        last = Self.integral(Double(items) + 0.5, exponent)
        squeeze = 2 - Self.inverse(Self.integral(2.5, exponent) - pow(2, -exponent), exponent)
    }

    /// A rank below `items`.
    func rank(using random: inout SplitMix64) -> Int {
        while true {
            let area = last + random.nextUnit() * (first - last)
            let x = Self.inverse(area, exponent)
            let rank = min(max((x + 0.5).rounded(.down), 1), items)
            if rank - x <= squeeze || area >= Self.integral(rank + 0.5, exponent) - pow(rank, -exponent) {
                return Int(rank) - 1
            }
        }
    }

    /// Of x^-exponent, from 1.
    private static func integral(_ x: Double, _ exponent: Double) -> Double {
        let power = (1 - exponent) * log(x)
        return log(x) * (abs(power) < 1e-8 ? 1 : expm1(power) / power)
    }

    private static func inverse(_ area: Double, _ exponent: Double) -> Double {
        let power = max(area * (1 - exponent), -1)
        return exp(area * (abs(power) < 1e-8 ? 1 : log1p(power) / power))
    }
}
