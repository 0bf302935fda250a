import Testing

@testable import Results

@Suite struct FigureTests {
    private static let round = Round.sample(
        operations: 20_000, errors: ["late": 2, "refused": 1], p99: 2_500, cpu: 3, generatorCPU: 4,
        memory: 3_145_728, userBytes: 1_000, diskBytes: 4_500, used: 5_000_000, syncs: 500,
        events: [Event(second: 1, name: "killed"), Event(second: 2, name: "joins", until: 6.5)])

    @Test(arguments: [
        (Figure.throughput, 2_000.0), (.latencyMean, 0.7), (.latencyP50, 0.5), (.latencyP95, 1),
        (.latencyP99, 2.5),
        (.latencyP999, 40), (.latencyMax, 123.456), (.cpuPerOperation, 150), (.memory, 3),
        (.writeAmplification, 4.5), (.spaceAmplification, 2.5), (.syncsPerOperation, 0.025),
        (.changeSeconds, 4.5),
        (.errors, 3),
        (.generatorShare, 0.4),
    ])
    func `a round's value`(_ figure: Figure, _ value: Double) {
        #expect(figure.value(of: Self.round) == value)
    }

    @Test func `no value where it makes no sense`() {
        let nothing = Round.sample(operations: 0, userBytes: 0, syncs: nil)
        let none: [Figure] = [
            .latencyMean, .latencyP50, .latencyP95, .latencyP99, .latencyP999, .latencyMax, .cpuPerOperation,
            .writeAmplification, .syncsPerOperation, .changeSeconds,
        ]
        for figure in Figure.allCases {
            #expect((figure.value(of: nothing) == nil) == none.contains(figure), "\(figure)")
        }
    }

    @Test func `of nodes that nobody could look at, nothing is known but what clients saw`() {
        var round = Self.round
        (round.nodeCPUSeconds, round.memoryBytes, round.diskBytesWritten) = (nil, nil, nil)
        (round.diskBytesUsed, round.syncs) = (nil, nil)
        let unknown: [Figure] = [
            .cpuPerOperation, .memory, .writeAmplification, .spaceAmplification, .syncsPerOperation,
        ]
        for figure in Figure.allCases {
            #expect((figure.value(of: round) == nil) == unknown.contains(figure), "\(figure)")
        }
    }

    @Test func `the median of an even number is between the middle two`() {
        #expect([4, 1, 3, 10].median == 3.5)
        #expect([9, 1, 5].median == 5)
    }

    @Test func `a spread leaves out rounds without a value`() throws {
        let cell = Cell.sample(
            "lmdb",
            [
                .sample(p99: 3_000), .sample(operations: 0), .sample(p99: 1_000), .sample(p99: 7_000),
            ])
        let spread = try #require(cell.spread(of: .latencyP99))
        #expect((spread.median, spread.least, spread.greatest) == (3, 1, 7))
        #expect(cell.spread(of: .writeAmplification) == nil)
    }

    @Test(arguments: [
        (Figure.throughput, 1_234_567.8, "1,234,568"), (.throughput, 999, "999"),
        (.latencyP99, 12.34, "12.3"),
        (.latencyP99, 1.234, "1.23"), (.latencyP99, 0.0123, "0.012"), (.syncsPerOperation, 0, "0"),
        (.errors, 1_000, "1,000"), (.errors, 1.5, "1.5"), (.generatorShare, 0.625, "62%"),
    ])
    func `a value as text`(_ figure: Figure, _ value: Double, _ text: String) {
        #expect(figure.format(value) == text)
    }

    @Test func `a spread is as fine as its median`() throws {
        let spread = try #require(Spread([0.5, 120.25, 11]))
        #expect(Figure.latencyP99.format(spread) == "11.0 (0.5–120.2)")
        let mostlyNone = try #require(Spread([0, 0, 0.25]))
        #expect(Figure.syncsPerOperation.format(mostlyNone) == "0.000 (0.000–0.250)")
    }

    @Test func `numbers below nothing have a sign unless they round to 0`() {
        #expect((-1_234.5).formatted(decimals: 1) == "−1,234.5")
        #expect((-0.001).formatted(decimals: 1) == "0.0")
    }

    @Test func `groups keep the order in which they were asked for`() {
        let cells = [("rocksdb", "c"), ("rocksdb", "a"), ("lmdb", "c"), ("lmdb", "a")].map {
            Cell.sample($0.0, workload: $0.1, [])
        }
        let groups = Comparison.sample(cells + [.sample("lmdb", durability: "synced", [])]).groups
        #expect(groups.map(\.workload) == ["c", "a", "c"])
        #expect(groups.map(\.durability) == ["buffered", "buffered", "synced"])
        #expect(
            groups.map { $0.cells.map(\.engine) } == [["rocksdb", "lmdb"], ["rocksdb", "lmdb"], ["lmdb"]])
    }
}
