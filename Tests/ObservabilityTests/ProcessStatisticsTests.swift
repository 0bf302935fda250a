import Instruments
import Testing

@testable import Observability

@Suite struct ProcessStatisticsTests {
    /// As the kernel writes it, of a program whose name tries to confuse.
    private static let stat =
        "4711 (a) b) (c) S 1 4711 4711 0 -1 4194560 900 0 3 0 250 50 0 0 20 0 9 0 12345 2097152 512 184467 1 1 0 0 0 0"

    @Test func `fields are found behind any name`() {
        #expect(
            ProcessStatistics.status(stat: Self.stat, ticks: 100)
                == ProcessStatistics.Status(
                    cpuSeconds: 3, threads: 9, startSeconds: 123.45, virtualBytes: 2_097_152,
                    residentPages: 512))
    }

    @Test(arguments: ["", "4711 (a", "4711 (a) S 1 2 3", "4711 (a) S 1 x 3"])
    func `what is not as expected is left out`(stat: String) {
        #expect(ProcessStatistics.status(stat: stat, ticks: 100) == nil)
    }

    @Test func `the machine's start is found`() {
        #expect(ProcessStatistics.bootSeconds("cpu 1 2\nbtime 1700000000\nprocesses 3\n") == 1_700_000_000)
        #expect(ProcessStatistics.bootSeconds("cpu 1 2\n") == nil)
    }

    @Test func `this process is there`() throws {
        let registry = MetricRegistry()
        registry.collect(ProcessStatistics.definitions) { ProcessStatistics.collect(into: &$0) }
        let reading = registry.read()
        for metric in ProcessStatistics.definitions {
            guard case .number(let value) = reading.value(of: metric.name) else {
                Issue.record("\(metric.name) is missing")
                continue
            }
            #expect(value > 0, "\(metric.name)")
        }
    }
}
