import Testing

@testable import Results

@Suite struct RatioTests {
    /// Held against rounds of 1,000 operations, these are the ratios times 1,000.
    private func ratio(_ operations: [Int], seed: UInt64 = 1) -> Ratio? {
        Ratio(
            of: .throughput, .sample("lmdb", operations: operations),
            to: .sample("rocksdb", operations: operations.map { _ in 1_000 }), seed: seed)
    }

    @Test func `a ratio that is the same in each pair has an interval of one point`() throws {
        // The rounds themselves differ by the hundredfold.
        let ratio = try #require(
            Ratio(
                of: .throughput, .sample("lmdb", operations: [200, 20_000, 1_000, 4_000]),
                to: .sample("rocksdb", operations: [100, 10_000, 500, 2_000]), seed: 1))
        #expect(ratio.median == 2)
        #expect(ratio.pairs == 4)
        #expect(ratio.interval == 2...2)
    }

    @Test func `of three pairs the interval is all there is`() {
        // 7 in 27 resamples have the least as their median.
        #expect(ratio([1_300, 1_100, 1_200])?.interval == 1.1...1.3)
        #expect(ratio([1_300, 1_100, 1_200])?.median == 1.2)
    }

    @Test func `of seven pairs the interval leaves out the least and the greatest`() {
        // 1% of resamples have the least as their median, 13% one of the least two.
        #expect(ratio([7_000, 1_000, 4_000, 2_000, 6_000, 3_000, 5_000])?.interval == 2...6)
    }

    @Test func `an interval is the middle 95% of 2,000 resamples`() {
        var bootstrap = Bootstrap(seed: 1)
        var count = 0.0
        let interval = bootstrap.interval { _ in
            count += 1
            return count
        }
        #expect(count == 2_000)
        #expect(interval == 50...1_951)
    }

    @Test func `fewer than three pairs have no interval`() throws {
        let ratio = try #require(self.ratio([1_500, 1_600]))
        #expect(ratio.median == 1.55)
        #expect(ratio.interval == nil)
        #expect(ratio.judgement(of: .throughput) == .tooFewRounds)
        #expect(ratio.description == "1.55 (no interval)")
    }

    @Test func `rounds without one beside them are left out`() throws {
        let reference = Cell.sample(
            "rocksdb", [.sample(p99: 1_000), .sample(operations: 0), .sample(p99: 1_000)])
        let cell = Cell.sample("lmdb", [3_000, 90_000, 5_000, 90_000].map { .sample(p99: $0) })
        let ratio = try #require(Ratio(of: .latencyP99, cell, to: reference, seed: 1))
        #expect(ratio.median == 4)
        #expect(ratio.pairs == 2)
    }

    @Test func `there is no ratio to nothing`() {
        let reference = Cell.sample("rocksdb", [.sample(syncs: 10), .sample(syncs: 0)])
        let cell = Cell.sample("lmdb", [.sample(syncs: 10), .sample(syncs: 10)])
        #expect(Ratio(of: .syncsPerOperation, cell, to: reference, seed: 1) == nil)
        #expect(Ratio(of: .syncsPerOperation, reference, to: cell, seed: 1)?.median == 0.5)
        #expect(Ratio(of: .writeAmplification, cell, to: reference, seed: 1) == nil)
    }

    @Test func `the same seed gives the same interval`() {
        let operations = (0..<15).map { 1_000 + ($0 * 7_919) % 1_013 }
        #expect(ratio(operations, seed: 5) == ratio(operations, seed: 5))
        let intervals = (0..<20).map { ratio(operations, seed: $0)?.interval }
        #expect(Set(intervals).count > 1, "the seed changes nothing")
    }

    @Test(arguments: [
        ([1_100, 1_200, 1_300], Judgement.better), ([900, 800, 700], .worse),
        ([990, 1_200, 1_300], .unclear),
        // Touches 1.
        ([1_000, 1_200, 1_300], .unclear),
        // Clear, but less than 5%.
        ([1_030, 1_040, 1_049], .unclear), ([1_050, 1_060, 1_070], .better),
    ])
    func `better needs an interval without 1, and five percent`(_ operations: [Int], _ judgement: Judgement) {
        #expect(ratio(operations)?.judgement(of: .throughput) == judgement)
    }

    @Test func `less latency is better`() throws {
        let slow = Cell.sample("rocksdb", [.sample(p99: 9_000), .sample(p99: 9_000), .sample(p99: 9_000)])
        let quick = Cell.sample("lmdb", [.sample(p99: 3_000), .sample(p99: 3_000), .sample(p99: 3_000)])
        let ratio = try #require(Ratio(of: .latencyP99, quick, to: slow, seed: 1))
        #expect(ratio.judgement(of: .latencyP99) == .better)
        #expect(ratio.description == "0.33 (0.33–0.33)")
    }
}
