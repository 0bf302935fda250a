import Testing

@testable import Recording
@testable import Workloads

@Suite struct ZipfFitTests {
    private static let samples = 50_000

    /// How often the keys came that have a counter, the most frequent first.
    private func draw(keys: Int, samples: Int, _ key: (inout SplitMix64) -> Int) -> [Int] {
        var random = SplitMix64(seed: 5)
        var counts = [Int](repeating: 0, count: keys)
        for _ in 0..<samples { counts[key(&random)] += 1 }
        return Array(counts.sorted(by: >).prefix(1_024))
    }

    private func exponent(_ counts: [Int], samples: Int, keys: Int) -> Double {
        let pairs = counts.reduce(0.0) { $0 + Double($1) * Double($1 - 1) }
        return ZipfFit.exponent(coincidence: pairs / Double(samples) / Double(samples - 1), keys: keys)
    }

    @Test(arguments: [0.6, 0.8, 0.99, 1.0, 1.2, 1.5], [1_000, 100_000])
    func `the exponent that was drawn by is found`(_ exponent: Double, _ keys: Int) {
        let ranks = ZipfRanks(items: keys, exponent: exponent)
        let counts = draw(keys: keys, samples: Self.samples) { ranks.rank(using: &$0) }
        #expect(abs(self.exponent(counts, samples: Self.samples, keys: keys) - exponent) < 0.04)
    }

    @Test(arguments: [(10, 1_000), (1_000, 20_000), (100_000, 50_000)])
    func `keys that are asked for alike have none`(_ keys: Int, _ samples: Int) {
        let counts = draw(keys: keys, samples: samples) { $0.next(below: keys) }
        #expect(exponent(counts, samples: samples, keys: keys) == 0)
        // Nor if there seem to be a few percent more.
        #expect(exponent(counts, samples: samples, keys: keys + keys / 20) == 0)
    }

    @Test func `requests for one key alone are as uneven as it goes`() {
        #expect(ZipfFit.exponent(coincidence: 1, keys: 1_000) > 3.9)
    }

    @Test func `the chance is that of all pairs of ranks`() {
        let weights = (1...5_000).map { 1 / Double($0) }
        let sum = weights.reduce(0, +)
        let exact = weights.reduce(0) { $0 + $1 * $1 } / (sum * sum)
        #expect(abs(ZipfFit.coincidence(exponent: 1, keys: 5_000) / exact - 1) < 1e-6)
        #expect(abs(ZipfFit.coincidence(exponent: 0, keys: 5_000) - 1.0 / 5_000) < 1e-9)
    }
}

@Suite struct KeyEstimateTests {
    @Test(arguments: [0, 1, 10, 1_000, 5_000, 100_000])
    func `it is right within four standard errors`(_ keys: Int) {
        var random = SplitMix64(seed: UInt64(keys))
        let registers = NodeSample.registers(of: (0..<keys).map { _ in random.next() })
        #expect(abs(Double(KeyEstimate.keys(registers) - keys)) <= 0.13 * Double(keys))
    }
}
