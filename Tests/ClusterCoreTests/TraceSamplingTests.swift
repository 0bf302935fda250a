import Testing

@testable import ClusterCore

/// How many requests are recorded.
@Suite struct TraceSamplingTests {
    private func picked(_ ratio: Double, of count: Int, seed: UInt64 = 1) -> [Bool] {
        var sampler = TraceSampler(ratio: ratio, seed: seed)
        return (0..<count).map { _ in sampler.pick() }
    }

    @Test func noneAndAllAreExact() {
        #expect(!picked(0, of: 10_000).contains(true))
        #expect(!picked(1, of: 10_000).contains(false))
    }

    @Test(arguments: [0.001, 0.01, 0.5, 0.99]) func theRatioIsKept(_ ratio: Double) {
        let count = 200_000
        let expected = ratio * Double(count)
        let found = Double(picked(ratio, of: count).count { $0 })
        // Six standard deviations: a sampler that is right does not fail by chance.
        let tolerance = 6 * (expected * (1 - ratio)).squareRoot()
        #expect(abs(found - expected) < tolerance, "\(found) of \(count)")
    }

    @Test func theSameSeedPicksTheSame() {
        #expect(picked(0.3, of: 1_000, seed: 5) == picked(0.3, of: 1_000, seed: 5))
        #expect(picked(0.3, of: 1_000, seed: 5) != picked(0.3, of: 1_000, seed: 6))
    }

    @Test func aBudgetLetsSoManyBeginInASecond() {
        var budget = TraceBudget(maxPerSecond: 3)
        let second: UInt64 = 1_000_000_000
        let begun = (0..<10 as Range<UInt64>).map { budget.take(now: 7 * second + $0 * second / 10) }
        #expect(begun == [true, true, true] + [Bool](repeating: false, count: 7))
        let next = (0..<5).map { _ in budget.take(now: 8 * second) }
        #expect(next == [true, true, true, false, false])
        // A pause saves nothing up.
        let later = (0..<5).map { _ in budget.take(now: 100 * second) }
        #expect(later == [true, true, true, false, false])
    }

    @Test func aBudgetOfNothingLetsNoneBegin() {
        var budget = TraceBudget(maxPerSecond: 0)
        for second: UInt64 in 0..<3 {
            let hasBegun = budget.take(now: second * 1_000_000_000)
            #expect(!hasBegun)
        }
    }
}
