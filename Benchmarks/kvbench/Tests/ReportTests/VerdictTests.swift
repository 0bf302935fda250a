import Results
import Testing

@testable import Report

@Suite struct VerdictTests {
    private func verdict(_ cells: [Cell]) throws -> Verdict {
        .of(try #require(Comparison.sample(cells).groups.first), seed: 1)
    }

    private static let reads = ["read": Latency.sample(count: 10)]

    /// Three rounds of 1,000 operations, whose CPU takes so many µs each.
    private func cell(_ engine: String, cpu: [Double], p99: Double = 2_000) -> Cell {
        .sample(
            engine,
            cpu.map { .sample(operations: 1_000, p99: p99, cpu: $0 / 1_000, kinds: Self.reads) })
    }

    @Test func `an engine that is better in something and worse in nothing`() throws {
        let verdict = try verdict([
            cell("rocksdb", cpu: [100, 100, 100]), cell("lmdb", cpu: [66, 71, 75]),
        ])
        #expect(verdict.choice == "For reads (workload c, buffered): lmdb.")
        #expect(
            verdict.evidence == [
                "lmdb: better in CPU per operation 0.71 times rocksdb's (0.66–0.75); no difference from rocksdb that this run could show in throughput (1.00–1.00 times) and latency p99 (1.00–1.00 times)."
            ])
    }

    @Test func `the first engine can be the one, too`() throws {
        let verdict = try verdict([
            cell("rocksdb", cpu: [66, 71, 75]), cell("lmdb", cpu: [100, 100, 100]),
        ])
        #expect(verdict.choice == "For reads (workload c, buffered): rocksdb.")
    }

    @Test func `an interval with 1 in it shows no difference`() throws {
        let verdict = try verdict([
            cell("rocksdb", cpu: [100, 100, 100]), cell("lmdb", cpu: [66, 71, 101]),
        ])
        #expect(
            verdict.choice == "For reads (workload c, buffered): no difference that this run could show.")
        #expect(verdict.evidence.count == 1)
        #expect(verdict.evidence[0].contains("CPU per operation (0.66–1.01 times)"))
    }

    @Test func `two rounds are too few, however clear they look`() throws {
        let verdict = try verdict([cell("rocksdb", cpu: [100, 100]), cell("lmdb", cpu: [10, 10])])
        #expect(verdict.choice == "For reads (workload c, buffered): too few rounds to choose by.")
        #expect(
            verdict.evidence == [
                "lmdb: too few rounds to say whether it differs: throughput 1.00 times rocksdb's, latency p99 1.00 times rocksdb's, CPU per operation 0.10 times rocksdb's."
            ])
    }

    @Test func `engines that are each better in something are both named, those beaten are not`() throws {
        let verdict = try verdict([
            cell("rocksdb", cpu: [200, 200, 200], p99: 1_000),
            cell("leveldb", cpu: [300, 300, 300], p99: 1_000),
            cell("lmdb", cpu: [100, 100, 100], p99: 3_000),
        ])
        #expect(verdict.choice == "For reads (workload c, buffered): rocksdb or lmdb.")
        #expect(
            verdict.evidence.contains {
                $0.hasPrefix(
                    "lmdb: better in CPU per operation 0.50 times rocksdb's (0.50–0.50); worse in latency p99 3.00 times rocksdb's (3.00–3.00);"
                )
            })
        // The two beside each other, once, and each beside leveldb.
        #expect(verdict.evidence.count == 3)
    }

    @Test func `the choice's costs and savings are named`() throws {
        func cell(_ engine: String, cpu: Double, disk: Int, used: Int, memory: Int) -> Cell {
            .sample(
                engine,
                (0..<3).map { _ in
                    .sample(cpu: cpu, memory: memory, userBytes: 1_000_000, diskBytes: disk, used: used)
                })
        }
        let verdict = try verdict([
            cell("rocksdb", cpu: 2, disk: 4_000_000, used: 6_000_000, memory: 100),
            cell("lmdb", cpu: 1, disk: 12_000_000, used: 9_000_000, memory: 40),
        ])
        #expect(verdict.choice == "For workload c, buffered: lmdb.")
        #expect(
            verdict.evidence.last
                == "The trade, lmdb costs: write amplification 3.00 times rocksdb's (3.00–3.00), space amplification 1.50 times rocksdb's (1.50–1.50); saves: memory 0.40 times rocksdb's (0.40–0.40)."
        )
    }

    @Test func `an engine that forgets is not chosen`() throws {
        let verdict = try verdict([
            cell("memory", cpu: [10, 10, 10]), cell("rocksdb", cpu: [100, 100, 100]),
            cell("lmdb", cpu: [50, 50, 50]),
        ])
        #expect(verdict.choice == "For reads (workload c, buffered): lmdb.")
        #expect(
            verdict.evidence.last == "Not to choose from: memory, whose data is gone with the process.")
    }

    @Test func `one engine alone is no choice`() throws {
        let alone = try verdict([cell("rocksdb", cpu: [1, 1, 1])])
        #expect(
            alone.choice == "For reads (workload c, buffered): no choice, only rocksdb was run.")
        #expect(alone.evidence.isEmpty)
    }

    @Test func `failed operations are said beside the choice`() throws {
        let verdict = try verdict([
            .sample("rocksdb", [.sample(), .sample(), .sample()]),
            .sample("lmdb", [.sample(errors: ["late": 2], cpu: 0.1), .sample(cpu: 0.1), .sample(cpu: 0.1)]),
        ])
        #expect(verdict.choice.hasSuffix(": lmdb."))
        #expect(
            verdict.evidence.last == "lmdb: 2 operations failed beside 30,000 that were done (2 × late).")
    }

    @Test func `a workload is told by what it did`() throws {
        let kinds = [
            "read": Latency.sample(count: 950), "modify": .sample(count: 49), "odd": .sample(count: 1),
        ]
        let verdict = try verdict([.sample("lmdb", workload: "f", [.sample(kinds: kinds)])])
        #expect(verdict.choice.hasPrefix("For 95% reads, 5% read-modify-writes (workload f, buffered): "))
    }
}
