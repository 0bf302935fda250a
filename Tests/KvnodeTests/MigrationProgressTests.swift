import Testing

@testable import Engine
@testable import kvnode

@Suite struct MigrationProgressTests {
    private func line(_ fraction: Double, seconds: Double) -> String {
        MigrationProgress.line(
            EngineCopy.Progress(
                pass: .copying, keyspace: .data, rows: 1500, bytes: 30 << 20, fraction: fraction),
            seconds: seconds)
    }

    @Test func theLineHasTheRateAndTheTimeLeft() {
        #expect(
            line(0.25, seconds: 10) == "copying data, 25 %, 1500 rows, 30.0 MiB, 3.0 MiB/s, 30 s left")
        #expect(line(1, seconds: 10) == "copying data, 100 %, 1500 rows, 30.0 MiB, 3.0 MiB/s")
        #expect(line(0.001, seconds: 10) == "copying data, 0 %, 1500 rows, 30.0 MiB, 3.0 MiB/s")
        #expect(line(0.5, seconds: 0) == "copying data, 50 %, 1500 rows, 30.0 MiB")
    }

    @Test func theBarIsAsLongAtEveryFraction() {
        #expect(MigrationProgress.bar(0) == "[........................]")
        #expect(MigrationProgress.bar(0.5) == "[############............]")
        #expect(MigrationProgress.bar(1) == "[########################]")
    }
}
