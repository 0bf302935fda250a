import AllocationCounter
import Benchmark
import Glibc

/// The library counts allocations by an allocator of its own, instructions by counters that virtual machines often lack, and
/// CPU time by the scheduler's ticks, longer than a whole iteration here. So blocks are counted before the C library's
/// allocator, and the time is the thread's own.
enum Metric {
    /// Blocks asked of the heap. This has limits: it is the same on any machine, however busy.
    static let blocks = BenchmarkMetric.custom("blocks")
    /// The same, where finding a command in the bytes and planning it are told apart.
    static let findingBlocks = BenchmarkMetric.custom("findingBlocks")
    static let planningBlocks = BenchmarkMetric.custom("planningBlocks")
    /// CPU time of the thread, in nanoseconds: to be looked at only.
    static let cpu = BenchmarkMetric.custom("cpuNanoseconds")

    /// How far a count may be from its limit: 50 blocks in the thousand steps of an iteration, since what an iteration costs
    /// as a whole is among it, and the library's histograms keep three digits.
    private static var tolerance: BenchmarkThresholds { BenchmarkThresholds(absolute: [.p90: 50]) }

    static func configuration(_ counted: BenchmarkMetric...) -> Benchmark.Configuration {
        Benchmark.Configuration(
            metrics: counted + [cpu], warmupIterations: 2, scalingFactor: .kilo,
            maxDuration: .milliseconds(300), maxIterations: 200,
            thresholds: Dictionary(uniqueKeysWithValues: counted.map { ($0, tolerance) }))
    }
}

/// What the calling thread has taken since it began.
struct Taken {
    let blocks: UInt64
    let nanoseconds: UInt64

    static func now() -> Taken {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Taken(
            blocks: allocations_of_this_thread(),
            nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Tells `benchmark` what has been taken from `start` to here.
    func report(since start: Taken, as metric: BenchmarkMetric, to benchmark: Benchmark) {
        benchmark.measurement(metric, Int(blocks - start.blocks))
        benchmark.measurement(Metric.cpu, Int(nanoseconds - start.nanoseconds))
    }
}

/// Registers a benchmark of `step`, which is done a thousand times in each iteration.
///
/// - Parameters:
///   - name: Also that of the file with the limit, so without spaces and slashes.
///   - step: Ends the process if it doesn't do what it is to do: the library passes over errors when it checks limits.
func measure(
    _ name: String, teardown: Benchmark.BenchmarkTeardownHook? = nil, _ step: @escaping () -> Void
) {
    Benchmark(
        name, configuration: Metric.configuration(Metric.blocks),
        closure: { benchmark in
            let start = Taken.now()
            for _ in benchmark.scaledIterations { step() }
            Taken.now().report(since: start, as: Metric.blocks, to: benchmark)
        }, teardown: teardown)
}
