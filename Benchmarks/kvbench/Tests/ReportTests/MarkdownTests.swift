import Foundation
import Report
import Results
import Testing

@Suite struct MarkdownTests {
    private static let small = Comparison.sample([
        .sample("rocksdb", [10_000, 12_000, 11_000].map { .sample(operations: $0, p99: 4_000) }),
        .sample("lmdb", [20_000, 24_000, 22_000].map { .sample(operations: $0, p99: 4_000, cpu: 1.1) }),
    ])

    @Test func `a small comparison's section`() throws {
        let text = MarkdownReport(Self.small).text
        let start = try #require(text.range(of: "## Workload c, buffered\n"))
        // CPU: 1.1 s for 20,000, 24,000 and 22,000 operations are 55.0, 45.8 and 50.0 µs; those of rocksdb cost 100 each.
        #expect(
            text[start.lowerBound...] == """
                ## Workload c, buffered

                | Engine | Throughput, operations/s | Mean latency, ms | Latency p50, ms | Latency p95, ms | Latency p99, ms | Latency p99.9, ms | Greatest latency, ms | CPU per operation, µs | Memory, MiB | Space amplification | Errors | Generator's CPU, of one core |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                | rocksdb | 1,100 (1,000–1,200) | 0.700 (0.700–0.700) | 0.500 (0.500–0.500) | 1.00 (1.00–1.00) | 4.00 (4.00–4.00) | 40.0 (40.0–40.0) | 123 (123–123) | 100 (100–100) | 100 (100–100) | 3.00 (3.00–3.00) | 0 (0–0) | 20% (20%–20%) |
                | lmdb | 2,200 (2,000–2,400) | 0.700 (0.700–0.700) | 0.500 (0.500–0.500) | 1.00 (1.00–1.00) | 4.00 (4.00–4.00) | 40.0 (40.0–40.0) | 123 (123–123) | 50.0 (45.8–55.0) | 100 (100–100) | 3.00 (3.00–3.00) | 0 (0–0) | 20% (20%–20%) |

                Beside rocksdb, bold where a difference shows:

                | Engine, times rocksdb | Throughput | Mean latency | Latency p50 | Latency p95 | Latency p99 | Latency p99.9 | Greatest latency | CPU per operation | Memory | Space amplification |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                | lmdb | **2.00 (2.00–2.00)** | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) | **0.50 (0.46–0.55)** | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) |

                """)
    }

    @Test func `the header says what was measured, where, and how to repeat it`() {
        let text = MarkdownReport(Self.small).text
        #expect(
            text.hasPrefix(
                """
                # Storage engines compared

                | Condition | |
                | --- | --- |
                | Begun | 2026-12-01T10:00:00Z |
                | Machine | EPYC, 2 processors, 24.0 GiB of memory, Linux 6.1 |
                | Load average over 1, 5 and 15 minutes | 0.10 / 0.25 / 0.50 before, 3.00 / 2.00 / 1.00 after |
                | Versions | kvnode 1.0, lmdb 0.9.31 |
                | Cluster | 3 nodes, N=3 R=2 W=2 |
                | Data | 100,000 records, values of 128 bytes |
                | Clients | 50 connections (resp), one operation in flight on each, as many operations as that allows |
                | Rounds | 3 of 10 s each |
                | Seed | 42 |

                To repeat it:

                ```sh
                kvbench compare --engines rocksdb,lmdb --title 'it'\\''s one'
                ```
                """))
    }

    @Test func `an offered rate is said, and no hint about the lack of one`() {
        var comparison = Self.small
        #expect(MarkdownReport(comparison).text.contains("No rate was offered"))
        comparison.options.rate = 2_500
        #expect(MarkdownReport(comparison).text.contains("in flight on each, 2,500 operations/s offered |"))
        #expect(MarkdownReport(comparison).text.contains("- 2,500 operations a second were offered:"))
        #expect(!MarkdownReport(comparison).text.contains("No rate was offered"))
    }

    @Test func `three rounds are said to be few`() {
        #expect(MarkdownReport(Self.small).text.contains("holds the true one in 75 of 100 runs"))
        let six = Comparison.sample([.sample("lmdb", operations: [1, 2, 3, 4, 5, 6])])
        #expect(!MarkdownReport(six).text.contains("of 100 runs. Of five"))
    }

    @Test func `seconds in which nothing ended are named beside the verdict`() {
        let still = [5, 0, 7, 0, 0].map { Second(operations: $0, errors: 0, p99: 1) }
        let text = MarkdownReport(
            Comparison.sample([
                .sample("rocksdb", [.sample(timeline: still), .sample(timeline: still)]),
                .sample("lmdb", [.sample(timeline: [Second(operations: 1, errors: 0, p99: 1)])]),
            ])
        ).text
        #expect(text.contains("  - rocksdb: in 6 of 10 seconds no operation ended.\n"))
        #expect(!text.contains("lmdb: in "))
    }

    @Test func `a generator at its limit, errors, few rounds and events are noted`() {
        let events = [Event(second: 4, name: "node2 killed"), Event(second: 8, name: "node2 started")]
        let text = MarkdownReport(
            Comparison.sample([
                .sample("rocksdb", [.sample(generatorCPU: 5), .sample(generatorCPU: 1)]),
                .sample(
                    "lmdb",
                    [
                        .sample(errors: ["late": 1_500, "refused": 1], generatorCPU: 5.1, events: events),
                        .sample(errors: ["late": 1], events: events),
                    ]),
            ])
        ).text
        #expect(
            text.contains(
                "- The generator may have been the bottleneck: of one core it took up to 51% with lmdb.\n"))
        #expect(
            text.contains(
                "- lmdb: 1,502 operations failed beside 20,000 that were done (1,501 × late; 1 × refused).\n")
        )
        #expect(text.contains("- Too few rounds for intervals, which take 3: rocksdb (2) and lmdb (2).\n"))
        #expect(text.contains("- What was done meanwhile: node2 killed at 4.0 s; node2 started at 8.0 s.\n"))
    }

    @Test func `an untroubled run has no notes`() {
        let text = MarkdownReport(Self.small).text
        for word in ["bottleneck", "failed beside", "Too few", "meanwhile"] {
            #expect(!text.contains(word), "\(word)")
        }
    }

    @Test func `what would end a field, or be an element, is escaped`() {
        let text = MarkdownReport(
            Comparison.sample([.sample("a|b<c>", [.sample(errors: ["`x`\ny": 1])])])
        ).text
        #expect(text.contains("\n| a\\|b\\<c\\> | 1,000 (1,000–1,000) |"))
        #expect(text.contains("1 × \\`x\\` y"))
        #expect(!text.contains("a|b"))
    }
}
