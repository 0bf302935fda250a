import Testing

@testable import ClusterCore

/// Changes of layout under random schedules, with crashes, concurrent commits and losses.
@Suite struct LayoutHistoryModelTests {
    @Test(arguments: 0..<6) func noScheduleBreaksAQuorum(part: UInt64) throws {
        var total = (changes: 0, contested: 0, writes: 0, reads: 0)
        for seed in part * 8..<(part + 1) * 8 {
            let model = try LayoutModel(seed: seed)
            for _ in 0..<3_000 where model.watch.violations.isEmpty { model.step() }
            model.calmDown()
            model.checkContents()
            let violations = model.watch.violations
            #expect(violations.isEmpty, "seed \(seed): \(violations.first ?? "")")
            total.changes += model.watch.layouts.count - 1
            total.contested += model.watch.contested
            total.writes += model.watch.writes
            total.reads += model.watch.reads
        }
        print("layout model: \(total)")
        #expect(total.changes > 5 && total.contested > 1 && total.writes > 100 && total.reads > 100)
    }

    @Test func mergeIsASemilattice() throws {
        for seed in UInt64(0)..<8 {
            let model = try LayoutModel(seed: 1_000 + seed)
            for _ in 0..<3_000 { model.step() }
            let samples = model.samples
            var random = LayoutRandom(seed: seed)
            for _ in 0..<300 {
                let a = samples[random.below(samples.count)]
                let b = samples[random.below(samples.count)]
                let c = samples[random.below(samples.count)]
                let ab = merged(a, b)
                #expect(ab == merged(b, a), "seed \(seed)")
                #expect(merged(ab, c) == merged(a, merged(b, c)), "seed \(seed)")
                #expect(merged(ab, a) == ab && merged(a, a) == a, "seed \(seed)")
                #expect((ab.digest == a.digest) == (ab == a), "seed \(seed)")
            }
        }
    }

    private func merged(_ a: LayoutHistory, _ b: LayoutHistory) -> LayoutHistory {
        var result = a
        let isNews = result.merge(b)
        #expect(isNews == (result != a))
        return result
    }
}
