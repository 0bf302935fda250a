import Glibc
import Testing

@testable import Workloads

@Suite struct SizesTests {
    private let draws = 50_000

    @Test func `ranges come as often as they were found, each with its mean`() {
        let sizes = Sizes([
            (64...127, 1, 70), (128...255, 3, 128), (1_024...2_047, 0, 1_500), (4...7, 6, 6.5),
        ])
        var random = SplitMix64(seed: 1)
        let drawn = (0..<draws).map { _ in sizes.draw(using: &random) }
        for (range, share, mean) in [(64...127, 0.1, 70.0), (128...255, 0.3, 128), (4...7, 0.6, 6.5)] {
            let those = drawn.filter(range.contains)
            #expect(abs(Double(those.count) / Double(draws) - share) < tolerance(share, draws: draws))
            #expect(abs(Double(those.reduce(0, +)) / Double(those.count) / mean - 1) < 0.01)
        }
        #expect(drawn.allSatisfy { (4...7).contains($0) || (64...255).contains($0) })
        #expect(sizes.greatest == 128 && sizes.least == 6)
    }

    @Test func `a record keeps its size, and others have theirs`() {
        let sizes = Sizes([(0...0, 1, 0), (512...1_023, 1, 700)])
        let all = (0..<draws).map(sizes.size)
        #expect(all == (0..<draws).map(sizes.size))
        let empty = Double(all.count { $0 == 0 }) / Double(draws)
        #expect(abs(empty - 0.5) < tolerance(0.5, draws: draws))
    }

    @Test func `all of one range are drawn alike`() {
        let sizes = Sizes(1...16)
        var random = SplitMix64(seed: 2)
        #expect(fitUniformly(counts(bins: 16, draws: draws) { sizes.draw(using: &random) - 1 }))
    }
}

@Suite struct ZipfRanksTests {
    @Test(arguments: [0.3, 0.99, 1, 1.3, 2.5], [3, 1_000, 1_000_000])
    func `each of the first ranks has its share`(_ exponent: Double, _ items: Int) {
        let ranks = ZipfRanks(items: items, exponent: exponent)
        var random = SplitMix64(seed: 4)
        let draws = 100_000
        var (counts, outside) = ([0, 0, 0], 0)
        for _ in 0..<draws {
            let rank = ranks.rank(using: &random)
            if rank < 0 || rank >= items { outside += 1 }
            if rank < 3 { counts[rank] += 1 }
        }
        #expect(outside == 0)
        let sum = (1...items).reduce(0.0) { $0 + pow(Double($1), -exponent) }
        for rank in 0..<3 {
            let share = pow(Double(rank + 1), -exponent) / sum
            #expect(abs(Double(counts[rank]) / Double(draws) - share) < tolerance(share, draws: draws))
        }
    }

    @Test func `a single rank is all there is`() {
        var random = SplitMix64(seed: 4)
        let ranks = ZipfRanks(items: 1, exponent: 1.1)
        #expect((0..<100).allSatisfy { _ in ranks.rank(using: &random) == 0 })
    }
}
