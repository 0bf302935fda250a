import Results
import Testing

@testable import Report

@Suite struct ChartTests {
    @Test(arguments: [
        (18_602.0, ["0", "5,000", "10,000", "15,000", "20,000"]), (20.0, ["0", "5", "10", "15", "20"]),
        (0.25, ["0.00", "0.05", "0.10", "0.15", "0.20", "0.25"]),
        (0.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ])
    func `a linear axis ends at a round number`(_ greatest: Double, _ labels: [String]) {
        #expect(Scale.linear(upTo: greatest, from: 0, to: 100).ticks.map(\.label) == labels)
    }

    @Test(arguments: [
        (0.25...11.0, ["0.2", "0.5", "1", "2", "5", "10", "20"]), (0.5...2.0, ["0.5", "1", "2"]),
        (3.0...3.0, ["2", "5"]), (0.02...90_000.0, ["0.1", "1", "10", "100", "1,000", "10,000", "100,000"]),
    ])
    func `a logarithmic axis ends at round numbers`(_ values: ClosedRange<Double>, _ labels: [String]) {
        #expect(Scale.logarithmic(values, from: 0, to: 100).ticks.map(\.label) == labels)
    }

    @Test func `positions`() {
        let linear = Scale.linear(upTo: 20, from: 200, to: 100)
        #expect([0, 5, 20, 99, -1].map(linear.position) == [200, 175, 100, 100, 200])
        let logarithmic = Scale.logarithmic(1...100, from: 0, to: 100)
        #expect([1, 10, 100, 0.1].map(logarithmic.position) == [0, 50, 100, 0])
    }

    @Test func `a curve has the percentiles that all rounds have, and their medians`() {
        let rounds = [[1.0, 10, 900], [3, 30, 100], [2, 20]].map { microseconds in
            Round.sample(
                curve: zip([50, 99, 100], microseconds).map {
                    .init(percentile: $0, microseconds: $1 * 1_000)
                })
        }
        let curve = Cell.sample("lmdb", rounds + [.sample(operations: 0)]).latencyCurve
        #expect(curve.map(\.percentile) == [50, 99])
        #expect(curve.map(\.milliseconds) == [2, 20])
    }

    @Test func `a timeline has the seconds that all rounds have, and their medians`() {
        let rounds = [[10, 20, 30], [14, 24, 34, 44], [11, 29, 31]].map { operations in
            Round.sample(timeline: operations.map { Second(operations: $0, errors: 0, p99: 1) })
        }
        #expect(Cell.sample("lmdb", rounds).throughputCurve == [11, 24, 31])
    }

    @Test func `what happens twice in a round is two, and each once for all rounds`() throws {
        let rounds = [0.0, 0.2, 0.7].map { late in
            Round.sample(events: [
                Event(second: 2 + late, name: "killed"), Event(second: 4 + late, name: "started"),
                Event(second: 6 + late, name: "killed"),
            ])
        }
        let group = try #require(Comparison.sample([.sample("lmdb", rounds)]).groups.first)
        #expect(
            Happening.of(group) == [
                Happening(second: 2.2, name: "killed"), Happening(second: 4.2, name: "started"),
                Happening(second: 6.2, name: "killed"),
            ])
    }

    @Test func `a ratio of 0 does not stretch the axis`() throws {
        let comparison = Comparison.sample([
            .sample("rocksdb", [.sample(userBytes: 100, diskBytes: 300)]),
            .sample("memory", [.sample(userBytes: 100, diskBytes: 0)]),
        ])
        let group = try #require(comparison.groups.first)
        let chart = try #require(RatioChart.chart(of: group, seed: 1, Palette(comparison)))
        let texts = chart.content.map(\.written)
        #expect(texts.contains { $0.hasSuffix(">0.1</text>") })
        #expect(!texts.contains { $0.hasSuffix(">0.05</text>") })
        #expect(chart.hint?.hasSuffix(" What is beyond 0.1 or 10 stands at the end.") == true)
        #expect(chart.description.contains("memory: write amplification 0.00 times rocksdb's."))
    }

    @Test func `engines keep their colours where others are missing`() {
        let comparison = Comparison.sample([
            .sample("rocksdb", []), .sample("lmdb", []), .sample("lmdb", workload: "a", []),
        ])
        let palette = Palette(comparison)
        #expect(palette.stroke("lmdb") == "s1")
        #expect(palette.fill("rocksdb") == "f0")
    }
}
