import Testing

@testable import Report
@testable import Results

@Suite struct DisturbanceTests {
    /// A round's seconds, by operations, errors and p99 in milliseconds; a node joins in it.
    private func round(
        _ seconds: [(operations: Int, errors: Int, p99: Double)], from second: Double, until: Double
    ) -> Round {
        .sample(
            timeline: seconds.map {
                Second(operations: $0.operations, errors: $0.errors, p99: $0.p99 * 1_000)
            },
            events: [
                Event(second: 0.5, name: "something else"),
                Event(second: second, name: "a node joins", until: until),
            ])
    }

    private var rounds: [Round] {
        [
            // The first second is left out, and the one in which it begins is within.
            round(
                [(5, 9, 90), (100, 0, 1), (110, 1, 3), (70, 2, 20), (60, 0, 10), (100, 7, 80)], from: 3.4,
                until: 5),
            // It ends after the round.
            round([(5, 9, 90), (90, 0, 2), (120, 0, 2), (80, 0, 15), (50, 1, 5)], from: 3, until: 9),
        ]
    }

    @Test func `the seconds before are held against those while it lasts`() throws {
        let found = try #require(Disturbance(of: rounds))
        #expect(found.name == "a node joins")
        #expect(found.before.operationsPerSecond == 105)
        #expect((found.before.p99, found.before.greatestP99, found.before.errors) == (2_000, 3_000, 1))
        #expect(found.during.operationsPerSecond == 65)
        #expect((found.during.p99, found.during.greatestP99, found.during.errors) == (12_500, 20_000, 3))
    }

    @Test func `nothing is said of what happens at once, or of rounds without a whole second before it`() {
        #expect(Disturbance(of: []) == nil)
        #expect(Disturbance(of: [.sample(events: [Event(second: 3, name: "killed")])]) == nil)
        #expect(Disturbance(of: [round([(9, 0, 1), (9, 0, 1), (9, 0, 1)], from: 1.9, until: 2.5)]) == nil)
    }

    @Test func `the report tells what clients noticed, and when it was complete`() {
        let comparison = Comparison.sample([.sample("lmdb", workload: "join", rounds)])
        let text = MarkdownReport(comparison).text
        #expect(
            text.contains(
                "lmdb, while a node joins: 65.0 operations a second beside 105 before; p99 of a second 12.5 ms (the worst 20.0) beside 2.00 ms (the worst 3.00); 3 operations failed, 1 before."
            ))
        // Medians of 3.4 and 3, and of 1.6 and 6.
        #expect(text.contains("a node joins at 3.2 s, complete after 3.8 s"))
        #expect(HTMLReport(comparison).page.contains(">complete</text>"))
    }

    @Test func `what did not come to its end says so first`() throws {
        var comparison = Comparison.sample([.sample("lmdb", operations: [1])])
        #expect(!MarkdownReport(comparison).text.contains("Partial"))
        #expect(!HTMLReport(comparison).page.contains("Partial"))
        comparison.partial = "interrupted by ^C"
        let words = "Partial: it ended before all was measured, interrupted by ^C."
        #expect(HTMLReport(comparison).page.contains(words))
        let text = MarkdownReport(comparison).text.replacing("\\", with: "")
        let place = try #require(text.firstRange(of: "**\(words)**"))
        #expect(place.lowerBound < text.firstRange(of: "| Condition")!.lowerBound)
        let whole = Comparison.sample([.sample("lmdb", operations: [1])])
        #expect(
            Changes.between(baseline: whole, current: comparison).markdown.contains("ended early: no, now"))
    }

    @Test func `of clusters that were running, the report says that their nodes can't be seen`() {
        var comparison = Comparison.sample([.sample("lmdb", operations: [1])])
        comparison.options.nodes = 0
        let text = MarkdownReport(comparison).text
        #expect(text.contains("| Cluster | one that was running"))
        #expect(text.contains("| Machine of the clients |"))
        #expect(text.contains("The clusters were running already"))
        #expect(!text.contains("those of all nodes together") && !text.contains("CPU per operation suffers"))
    }
}
