import Glibc
import Testing

@testable import Workloads

@Suite struct ZipfTests {
    private static func weights(_ count: Int) -> Double {
        (1...count).reduce(0) { $0 + pow(Double($1), -Zipf.theta) }
    }

    @Test(arguments: [1, 2, 1_000, 1_024, 1_025, 100_000])
    func `zeta is the sum of all weights`(_ count: Int) {
        #expect(abs(Zipf(items: count).zeta - Self.weights(count)) < 1e-7)
    }

    @Test func `extended in steps it is as made at once`() {
        var zipf = Zipf(items: 1)
        for count in [2, 900, 1_024, 1_500, 70_000] { zipf.extend(to: count) }
        let once = Zipf(items: 70_000)
        #expect(zipf.items == once.items)
        #expect(abs(zipf.zeta - once.zeta) < 1e-9)
        var (one, other) = (SplitMix64(seed: 1), SplitMix64(seed: 1))
        for _ in 0..<1_000 { #expect(abs(zipf.rank(using: &one) - once.rank(using: &other)) <= 1) }
    }

    @Test func `the first two ranks have their shares`() {
        let zipf = Zipf(items: 100_000)
        var random = SplitMix64(seed: 1)
        let draws = 200_000
        let counts = counts(bins: zipf.items, draws: draws) { zipf.rank(using: &random) }
        for rank in 0...1 {
            let share = pow(Double(rank + 1), -Zipf.theta) / zipf.zeta
            #expect(abs(Double(counts[rank]) / Double(draws) - share) < tolerance(share, draws: draws))
        }
    }

    /// The generator's own error is 0.0125 at most, at 24 ranks, as computed from its formula; the rest is chance.
    @Test(arguments: [10, 24, 100, 1_000, 10_000, 50_000])
    func `so many ranks have their share together`(_ ranks: Int) {
        let zipf = Zipf(items: 100_000)
        var random = SplitMix64(seed: 2)
        let draws = 200_000
        let found = counts(bins: 2, draws: draws) { zipf.rank(using: &random) < ranks ? 1 : 0 }[1]
        #expect(abs(Double(found) / Double(draws) - Self.weights(ranks) / zipf.zeta) < 0.015)
    }

    @Test(arguments: [1, 2, 3, 5])
    func `of few ranks all are drawn, and no others`(_ items: Int) {
        let zipf = Zipf(items: items)
        var random = SplitMix64(seed: 3)
        var drawn = Set<Int>()
        for _ in 0..<10_000 { drawn.insert(zipf.rank(using: &random)) }
        #expect(drawn == Set(0..<items))
    }
}
