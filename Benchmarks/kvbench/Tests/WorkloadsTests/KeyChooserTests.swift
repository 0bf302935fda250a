import Testing

@testable import Workloads

@Suite struct KeyChooserTests {
    private static let draws = 100_000

    /// How often each record was drawn.
    private func draw(_ chooser: inout KeyChooser, recordCount: Int) -> [Int] {
        var random = SplitMix64(seed: 9)
        return counts(bins: recordCount, draws: Self.draws) {
            chooser.next(recordCount: recordCount, using: &random)
        }
    }

    private func share(_ count: Int) -> Double { Double(count) / Double(Self.draws) }

    @Test(arguments: [100, 150])
    func `uniform draws all alike, new ones too`(_ recordCount: Int) {
        var chooser = KeyChooser(.uniform, records: 100)
        #expect(fitUniformly(draw(&chooser, recordCount: recordCount)))
    }

    @Test func `zipfian draws the record of the first rank the most`() {
        var chooser = KeyChooser(.zipfian, records: 10_000)
        let counts = draw(&chooser, recordCount: 10_000)
        let hottest = Scramble(records: 10_000).record(ofRank: 0, recordCount: 10_000)
        #expect(counts[hottest] == counts.max())
        let expected = 1 / Zipf(items: 10_000).zeta
        // Other ranks may meet there, none of them among the first.
        #expect(share(counts[hottest]) > expected - tolerance(expected, draws: Self.draws))
        #expect(share(counts[hottest]) < expected * 1.05)
    }

    @Test func `zipfian's hot records do not lie side by side`() {
        var chooser = KeyChooser(.zipfian, records: 10_000)
        let counts = draw(&chooser, recordCount: 10_000)
        let hot = counts.indices.sorted { counts[$0] > counts[$1] }.prefix(10).sorted()
        #expect(zip(hot, hot.dropFirst()).allSatisfy { $1 - $0 > 1 })
        #expect(hot[9] - hot[0] > 5_000)
    }

    @Test func `zipfian draws inserted records, and keeps the hot ones`() {
        var chooser = KeyChooser(.zipfian, records: 10_000)
        let before = draw(&chooser, recordCount: 10_000)
        let after = draw(&chooser, recordCount: 10_100)
        #expect(before.firstIndex(of: before.max()!) == after.firstIndex(of: after.max()!))
        let new = share(after[10_000...].reduce(0, +))
        #expect(new > 0 && new < 0.05)
    }

    @Test(arguments: [10_000, 10_050, 40_000])
    func `latest draws by the distance from the newest`(_ recordCount: Int) {
        var chooser = KeyChooser(.latest, records: 10_000)
        let counts = draw(&chooser, recordCount: recordCount)
        let zipf = Zipf(items: recordCount)
        let newest = 1 / zipf.zeta
        // As the oldest may not be drawn yet, the newest are by a thousandth more.
        #expect(abs(share(counts[recordCount - 1]) - newest) < tolerance(newest, draws: Self.draws) * 1.1)
        let newTenth = share(counts[(recordCount - recordCount / 10)...].reduce(0, +))
        #expect(abs(newTenth - Zipf(items: recordCount / 10).zeta / zipf.zeta) < 0.01)
    }

    @Test func `latest comes to draw the oldest, too`() {
        var chooser = KeyChooser(.latest, records: 50)
        #expect(draw(&chooser, recordCount: 200)[0] > 0)
    }

    @Test func `by an exponent of its own, the hottest record has more`() {
        let hottest = [0.5, 1.5].map { exponent in
            var chooser = KeyChooser(.zipf(exponent: exponent), records: 10_000)
            let counts = draw(&chooser, recordCount: 10_100)
            #expect(counts.firstIndex(of: counts.max()!) != 0, "ranks are spread")
            return share(counts.max()!)
        }
        // 1 by the sum of all weights.
        #expect(abs(hottest[0] - 0.005) < 0.002 && abs(hottest[1] - 0.385) < 0.02)
    }

    @Test func `the first records are drawn alike, and no others`() {
        var chooser = KeyChooser(.first(16), records: 1_000)
        let counts = draw(&chooser, recordCount: 1_000)
        #expect(fitUniformly(Array(counts[..<16])))
        #expect(counts[16...].allSatisfy { $0 == 0 })
    }

    @Test func `no record is drawn that isn't there`() {
        var chooser = KeyChooser(.first(16), records: 3)
        #expect(fitUniformly(draw(&chooser, recordCount: 3)))
    }

    @Test func `fewer records than at the beginning are refused`() async {
        await #expect(processExitsWith: .failure) {
            var random = SplitMix64(seed: 1)
            var chooser = KeyChooser(.latest, records: 100)
            _ = chooser.next(recordCount: 99, using: &random)
        }
    }
}
