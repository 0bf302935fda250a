import Report
import Results
import Testing

@Suite struct ChangesTests {
    private func changes(_ baseline: [Cell], _ current: [Cell]) -> Changes {
        .between(baseline: .sample(baseline), current: .sample(current))
    }

    private func judgement(_ figure: Figure, _ baseline: [Round], _ current: [Round]) throws -> Judgement {
        let changes = changes([.sample("lmdb", baseline)], [.sample("lmdb", current)])
        let entry = try #require(changes.entries.first)
        return try #require(entry.changes.first { $0.figure == figure }).judgement
    }

    private func rounds(_ operations: [Int]) -> [Round] { operations.map { .sample(operations: $0) } }

    @Test(arguments: [
        ([1_000, 1_010, 1_020], Judgement.unclear), ([800, 850, 900], .worse),
        ([1_100, 1_200, 1_300], .better),
        // The ranges meet.
        ([1_020, 1_200, 1_300], .unclear),
        // Apart, but by less than 5%.
        ([1_030, 1_040, 1_050], .unclear), ([1_500, 1_600], .tooFewRounds),
    ])
    func `throughput beside 1,000 to 1,020 operations`(_ operations: [Int], _ judgement: Judgement) throws {
        #expect(
            try self.judgement(.throughput, rounds([1_000, 1_010, 1_020]), rounds(operations)) == judgement)
    }

    @Test func `rounds are no pairs`() throws {
        // As pairs, each is a tenth better.
        let (old, new) = (rounds([1_000, 2_000, 3_000]), rounds([1_100, 2_200, 3_300]))
        #expect(try judgement(.throughput, old, new) == .unclear)
    }

    @Test func `errors where there were none are worse`() throws {
        let failing = [2, 3, 4].map { Round.sample(errors: ["late": $0]) }
        let sound = rounds([10_000, 10_000, 10_000])
        #expect(try judgement(.errors, sound, failing) == .worse)
        #expect(try judgement(.errors, failing, sound) == .better)
        #expect(try judgement(.errors, sound, sound) == .unclear)
    }

    @Test func `a change as text`() {
        let old = Cell.sample("lmdb", [10_000, 10_000, 10_000].map { .sample(operations: $0) })
        let new = Cell.sample(
            "lmdb", [8_000, 7_500, 9_000].map { .sample(operations: $0, errors: ["late": 1]) })
        let text = changes([old], [new]).markdown
        #expect(
            text.hasPrefix(
                """
                # Beside the baseline

                Of the figures of 1 cell: 2 worse, 0 better, 9 without a difference that these runs could show.

                Worse:

                - lmdb, workload c, buffered: throughput −20.0% (−25.0% to −10.0%)
                - lmdb, workload c, buffered: errors +1 (+1 to +1)

                """))
        #expect(
            text.contains(
                """
                ## lmdb, workload c, buffered

                | Figure | Baseline | This run | Change | Says |
                | --- | ---: | ---: | ---: | ---: |
                | Throughput, operations/s | 1,000 (1,000–1,000) | 800 (750–900) | −20.0% (−25.0% to −10.0%) | worse |
                | Mean latency, ms | 0.700 (0.700–0.700) | 0.700 (0.700–0.700) | 0.0% (0.0% to 0.0%) | no difference shown |

                """))
    }

    @Test func `few rounds are counted apart`() {
        let text = changes([.sample("lmdb", operations: [1_000])], [.sample("lmdb", operations: [10])])
            .markdown
        #expect(text.contains("0 worse, 0 better, 0 without a difference"))
        #expect(text.contains("Of 11 nothing can be said, with fewer than three rounds."))
        #expect(text.contains("| −99.0% (no interval) | too few rounds |"))
    }

    @Test func `cells of one run only are named`() {
        let changes = changes(
            [.sample("lmdb", []), .sample("leveldb", [])],
            [.sample("lmdb", []), .sample("lmdb", workload: "a", [])])
        #expect(changes.onlyInBaseline == ["leveldb, workload c, buffered"])
        #expect(changes.onlyInCurrent == ["lmdb, workload a, buffered"])
        #expect(changes.entries.map(\.name) == ["lmdb, workload c, buffered"])
        #expect(
            changes.markdown.hasPrefix(
                """
                # Beside the baseline

                Only in the baseline:

                - leveldb, workload c, buffered

                Only in this run:

                - lmdb, workload a, buffered

                """))
    }

    @Test func `what was not measured alike is said first`() {
        var current = Comparison.sample()
        current.options.records = 2_000_000
        current.options.rate = 500
        current.machine.processor = "Xeon"
        current.versions["kvnode"] = "1.1"
        let changes = Changes.between(baseline: .sample(), current: current)
        #expect(
            changes.markdown == """
                # Beside the baseline

                Not measured alike, which may be why figures differ:

                - processor: EPYC, now Xeon
                - records: 100,000, now 2,000,000
                - operations/s offered: as many as possible, now 500
                - versions: kvnode 1.0, lmdb 0.9.31, now kvnode 1.1, lmdb 0.9.31

                No cell is in both.

                """)
    }

    @Test func `load averages are no condition`() {
        var current = Comparison.sample()
        current.machine.loadBefore = [9, 9, 9]
        #expect(Changes.between(baseline: .sample(), current: current).conditions.isEmpty)
    }
}
