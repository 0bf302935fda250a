import Testing

@testable import Workloads

@Suite struct SplitMix64Tests {
    /// The numbers of the authors' program (Vigna's splitmix64.c).
    @Test func `its numbers are those of the reference`() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
        #expect(random.next() == 9_817_491_932_198_370_423)
    }

    @Test func `streams of a seed have no number in common`() {
        var seen = Set<UInt64>()
        for stream in 0..<100 {
            var random = SplitMix64(seed: 1, stream: stream)
            for _ in 0..<100 { seen.insert(random.next()) }
        }
        #expect(seen.count == 10_000)
    }

    @Test func `a stream follows from its seed and its number`() {
        func first(_ seed: UInt64, _ stream: Int) -> UInt64 {
            var random = SplitMix64(seed: seed, stream: stream)
            return random.next()
        }
        #expect(first(3, 4) == first(3, 4))
        #expect(first(3, 4) != first(4, 3))
    }

    @Test func `numbers below a bound are uniform`() {
        var random = SplitMix64(seed: 2)
        #expect(fitUniformly(counts(bins: 7, draws: 100_000) { random.next(below: 7) }))
    }

    @Test func `numbers of the unit interval are uniform`() {
        var random = SplitMix64(seed: 3)
        #expect(fitUniformly(counts(bins: 50, draws: 100_000) { Int(random.nextUnit() * 50) }))
    }
}
