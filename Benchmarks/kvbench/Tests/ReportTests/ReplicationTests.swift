import Foundation
import Report
import Testing

@testable import Results

@Suite struct ReplicationTests {
    /// 10,000 operations a round, for so many microseconds of CPU each.
    private static func cell(_ engine: String, microseconds: [Double], kind: String = "update") -> Cell {
        .sample(
            engine, microseconds.map { .sample(cpu: $0 / 100, kinds: [kind: .sample(count: 10_000)]) })
    }

    private static func comparison(
        alone: [Double], cluster: [Double], clustersBegun: String? = nil
    ) -> Comparison {
        var comparison = Comparison.sample([cell("lmdb", microseconds: cluster)])
        comparison.alone = Alone(
            cells: [cell("lmdb", microseconds: alone)], operationsInFlight: 50, clustersBegun: clustersBegun)
        return comparison
    }

    @Test func `what replication adds is the cluster's CPU less that of the engine for each copy`() throws {
        let one = try #require(
            Self.comparison(alone: [10, 20, 30], cluster: [100, 140, 150]).replications.first)
        #expect(one.copies == 3)
        #expect(one.alone == Spread([10, 20, 30]))
        #expect(one.replicated == Spread([100, 140, 150]))
        #expect(one.engines == 60)
        // 70, 80 and 60 in the pairs; of three, the interval is all there is.
        #expect(abs(one.own.median - 70) < 1e-9)
        let interval = try #require(one.own.interval)
        #expect(abs(interval.lowerBound - 60) < 1e-9 && abs(interval.upperBound - 80) < 1e-9)
        #expect(abs(one.ownPart - 0.5) < 1e-9)
        // 10, 7 and 5.
        #expect(abs(one.ratio.median - 7) < 1e-9)
        #expect(one.throughput.median == 1)
        #expect(one.throughput.interval == 1...1)
    }

    @Test(arguments: [("read", 2), ("scan", 2), ("insert", 3), ("delete", 3), ("modify", 3)])
    func `what only reads meets R copies, what writes N`(_ kind: String, _ copies: Int) throws {
        var comparison = Self.comparison(alone: [10], cluster: [100])
        comparison.alone?.cells = [Self.cell("lmdb", microseconds: [10], kind: kind)]
        let one = try #require(comparison.replications.first)
        #expect(one.copies == copies)
        #expect(abs(one.engines - 10 * Double(copies)) < 1e-9)
        #expect(abs(one.own.median - (100 - 10 * Double(copies))) < 1e-9)
    }

    @Test func `rounds that are no pairs have no interval`() throws {
        let one = try #require(
            Self.comparison(
                alone: [30, 10, 20], cluster: [100, 140, 150], clustersBegun: "2026-11-30T10:00:00Z"
            ).replications.first)
        #expect(abs(one.own.median - 80) < 1e-9)
        #expect(one.own.interval == nil)
        #expect(abs(one.ratio.median - 7) < 1e-9)
        #expect(one.ratio.interval == nil)
    }

    @Test func `two pairs have no interval either`() throws {
        let one = try #require(Self.comparison(alone: [10, 20], cluster: [100, 140]).replications.first)
        #expect(one.own.interval == nil)
        #expect(abs(one.own.median - 75) < 1e-9)
    }

    @Test func `an engine is held against the cluster of it under the same workload alone`() {
        var comparison = Self.comparison(alone: [10], cluster: [100])
        comparison.cells[0].workload = "a"
        #expect(comparison.replications.isEmpty)
        comparison.alone?.cells.append(.sample("lmdb", workload: "a", [.sample()]))
        #expect(comparison.replications.map(\.workload) == ["a"])
        comparison.cells[0].durability = "synced"
        #expect(comparison.replications.isEmpty)
        comparison.alone = nil
        #expect(comparison.replications.isEmpty)
    }

    @Test func `the report has it, and the engines alone by themselves`() throws {
        let text = MarkdownReport(Self.comparison(alone: [10, 20, 30], cluster: [100, 140, 150])).text
        #expect(
            text.contains(
                """
                ## What replication costs

                CPU of an operation in a cluster and without, in microseconds:

                | Workload, durability, engine | Engine alone | For each copy | Cluster | Replication's own share | Part of the whole | Cluster, times the engine alone | Throughput, times the engine's alone |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                | c, buffered, lmdb | 20.0 (10.0–30.0) | 3 × = 60.0 | 140 (100–150) | 70.0 (60.0–80.0) | 50% | 7.00 (5.00–10.00) | 1.00 (1.00–1.00) |

                """))
        #expect(text.contains("\n## Workload c, buffered\n"))
        #expect(text.contains("\n## Workload c, buffered, without a cluster\n"))
        #expect(text.contains("| Engines alone | 50 operations in flight, no cluster |"))
        #expect(text.contains("rounds that ran beside each other, with intervals"))
    }

    @Test func `figures of another run are said to be that`() {
        let text = MarkdownReport(
            Self.comparison(alone: [10], cluster: [100], clustersBegun: "2026-11-30T10:00:00Z")
        ).text
        #expect(text.contains("the clusters' figures are of a run begun 2026-11-30T10:00:00Z |"))
        #expect(text.contains("there are no pairs to make intervals of"))
    }

    @Test func `engines alone are a report too, which says that there was no cluster`() {
        var comparison = Self.comparison(alone: [10, 20, 30], cluster: [100])
        comparison.cells = []
        let text = MarkdownReport(comparison).text
        #expect(!text.contains("What replication costs"))
        #expect(text.contains("| Cluster | none |"))
        #expect(text.contains("\n## Workload c, buffered, without a cluster\n"))
        #expect(!text.contains("\n## Workload c, buffered\n"))
    }

    @Test func `the page draws both parts of an operation`() throws {
        let comparison = Self.comparison(alone: [10, 20, 30], cluster: [100, 140, 150])
        let page = HTMLReport(comparison).page
        let parsed = try ParsedPage(page)
        #expect(parsed.texts["h2"]?.first == "What replication costs")
        #expect(Set(parsed.ids).count == parsed.ids.count)
        #expect(
            parsed.texts["desc"]?.first == "lmdb: 140 µs in a cluster, of which its engines take 60.0.")
        // Of 140 µs, 60 are the engines'.
        let widths = try ["f0", "f0 pale"].map { kind in
            let bar = try Regex(
                "<rect class=\"\(kind)\"[^>]* width=\"([0-9.]+)\"",
                as: (Substring, Substring).self)
            return try #require(page.firstMatch(of: bar).flatMap { Double($0.output.1) })
        }
        #expect(abs(widths[1] / widths[0] - 80.0 / 60) < 0.01)
    }

    @Test func `it is read as it was written`() throws {
        try withFile { file in
            let comparison = Self.comparison(alone: [10], cluster: [100], clustersBegun: "then")
            try comparison.write(to: file)
            #expect(try Comparison.read(from: file) == comparison)
        }
    }
}
