import Testing

/// How often each number below `bins` came up in so many draws.
func counts(bins: Int, draws: Int, _ draw: () -> Int) -> [Int] {
    var counts = [Int](repeating: 0, count: bins)
    for _ in 0..<draws { counts[draw()] += 1 }
    return counts
}

/// Whether counts are what draws with these shares may give: Pearson's chi-square within four standard deviations.
func fits(_ counts: [Int], _ shares: [Double]) -> Bool {
    let draws = Double(counts.reduce(0, +))
    let chiSquare = zip(counts, shares).reduce(0.0) { sum, bin in
        let expected = bin.1 * draws
        return sum + (Double(bin.0) - expected) * (Double(bin.0) - expected) / expected
    }
    let freedom = Double(counts.count - 1)
    return chiSquare <= freedom + 4 * (2 * freedom).squareRoot()
}

/// Whether counts are what draws of the same share each may give.
func fitUniformly(_ counts: [Int]) -> Bool {
    fits(counts, [Double](repeating: 1 / Double(counts.count), count: counts.count))
}

/// How far a share of so many draws may be from the true one: four standard deviations.
func tolerance(_ share: Double, draws: Int) -> Double {
    4 * (share * (1 - share) / Double(draws)).squareRoot()
}

@Suite struct StatisticsTests {
    @Test func `a slight preference is seen`() {
        var turn = 0
        let counts = counts(bins: 10, draws: 100_000) {
            turn += 1
            return turn % 100 == 0 ? 3 : turn % 10
        }
        #expect(!fitUniformly(counts))
    }
}
