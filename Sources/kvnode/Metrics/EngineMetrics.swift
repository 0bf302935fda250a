import Engine
import Instruments

/// What is told of the engine's threads and of its files, whichever engine it is.
enum EngineMetrics {
    static let commits = MetricDefinition(
        "kvnode_engine_commits", .counter, "Group commits of the writer thread.")
    static let committedOperations = MetricDefinition(
        "kvnode_engine_committed_operations", .counter, "Puts and deletes in these commits.")
    static let failedJobs = MetricDefinition(
        "kvnode_engine_failed_write_jobs", .counter,
        "Batches of writes that failed, by themselves or with their commit.")
    static let commitDuration = MetricDefinition(
        "kvnode_engine_commit_duration_seconds", .histogram(EngineMetrics.buckets(.commitDurations, 1e-9)),
        unit: .seconds, labels: ["durability"],
        "Time that commits took: of `synced` ones, which include the flush to disk, and of `buffered` ones, which leave it to the system, but for LMDB."
    )
    static let commitSize = MetricDefinition(
        "kvnode_engine_commit_operations", .histogram(EngineMetrics.buckets(.commitSizes, 1)),
        "Puts and deletes of each commit.")
    static let hoppedReads = MetricDefinition(
        "kvnode_engine_read_jobs", .counter,
        "Batches of reads that went to a reader thread, since what they asked for was not known to be in memory."
    )
    static let queuedWrites = MetricDefinition(
        "kvnode_engine_queued_write_jobs", .gauge, "Batches of writes that wait or are being committed.")
    static let queuedBytes = MetricDefinition(
        "kvnode_engine_queued_write_bytes", .gauge, unit: .bytes, "Bytes of these.")
    static let queuedReads = MetricDefinition(
        "kvnode_engine_queued_read_jobs", .gauge, "Batches of reads that wait for a reader thread.")
    static let refused = MetricDefinition(
        "kvnode_engine_refused_jobs", .counter, labels: ["queue"],
        "Batches that were refused since the queue `writes` or `reads` was full.")
    static let state = MetricDefinition(
        "kvnode_engine_state", .gauge, labels: ["state"],
        "1 for the state of the engine's files, 0 for the others: `ok`, `damaged` (some reads fail), `full`, `failed` (the last write failed)."
    )
    static let failedReads = MetricDefinition(
        "kvnode_engine_failed_reads", .counter, "Reads of what is stored and cannot be read.")
    static let failedWrites = MetricDefinition(
        "kvnode_engine_failed_writes", .counter, "Writes that the disk or the library has not taken.")

    static let definitions = [
        commits, committedOperations, failedJobs, commitDuration, commitSize, hoppedReads, queuedWrites,
        queuedBytes, queuedReads, refused, state, failedReads, failedWrites,
    ]

    static func add(
        _ statistics: EngineExecutor.Statistics, _ health: EngineHealth, to reading: inout MetricReading
    ) {
        reading.add(commits, statistics.committedGroups)
        reading.add(committedOperations, statistics.committedOperations)
        reading.add(failedJobs, statistics.failedJobs)
        for (durability, times) in [
            ("synced", statistics.syncedCommits), ("buffered", statistics.bufferedCommits),
        ] where times.sum > 0 {
            reading.add(commitDuration, [durability], value(times, commitDuration))
        }
        reading.add(commitSize, value(statistics.commitSizes, commitSize))
        reading.add(hoppedReads, statistics.finishedReads)
        reading.add(queuedWrites, statistics.queuedWrites)
        reading.add(queuedBytes, statistics.queuedBytes)
        reading.add(queuedReads, statistics.queuedReads)
        reading.add(refused, ["writes"], statistics.refusedWrites)
        reading.add(refused, ["reads"], statistics.refusedReads)
        for each in [EngineHealth.State.ok, .damaged, .full, .failed] {
            reading.add(state, [each.rawValue], health.state == each ? 1 : 0)
        }
        reading.add(failedReads, health.failedReads)
        reading.add(failedWrites, health.failedWrites)
    }

    /// The engine's module counts by bounds of its own, as it knows nothing of metrics.
    private static func buckets(_ bounds: Distribution.Bounds, _ scale: Double) -> Buckets {
        Buckets(bounds.values, scale: scale)
    }

    private static func value(
        _ distribution: Distribution, _ metric: MetricDefinition
    ) -> HistogramValue {
        guard case .histogram(let buckets) = metric.kind else {
            preconditionFailure("\(metric.name) is no histogram")
        }
        return HistogramValue(buckets: buckets, counts: distribution.counts, sum: distribution.sum)
    }
}
