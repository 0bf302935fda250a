import Backup
import Instruments

/// What is told of the node's backups.
struct BackupFigures: Sendable {
    static let newest = MetricDefinition(
        "kvnode_backup_newest_timestamp_seconds", .gauge, unit: .seconds,
        "When the node's part of its newest complete backup was begun, in seconds since 1970: what was written before is in it. 0: none is known. At the start it is looked up in `backup.to`."
    )
    static let backups = MetricDefinition(
        "kvnode_backups", .counter, labels: ["outcome"],
        "Backups of the node that have ended: `complete`, or `failed`, as the log tells, which has those that were cancelled."
    )
    static let rows = MetricDefinition(
        "kvnode_backup_rows", .gauge, "Keys that the backup under way, or the last, has read.")
    static let sent = MetricDefinition(
        "kvnode_backup_sent_bytes", .gauge, unit: .bytes,
        "Bytes that the backup under way, or the last, has sent.")

    static let definitions = [newest, backups, rows, sent]

    private let newestGauge: Gauge
    private let rowGauge: Gauge
    private let sentGauge: Gauge
    private let complete: Counter
    private let incomplete: Counter

    init(_ metrics: MetricRegistry) {
        newestGauge = metrics.gauge(Self.newest)
        rowGauge = metrics.gauge(Self.rows)
        sentGauge = metrics.gauge(Self.sent)
        complete = metrics.counter(Self.backups, ["complete"])
        incomplete = metrics.counter(Self.backups, ["failed"])
    }

    /// A backup that is complete, made now or before the node's start: one that is looked for may be found after a newer one was made.
    func found(_ manifest: Manifest) { newestGauge.raise(to: Double(manifest.beganMillis) / 1000) }

    func ended(_ manifest: Manifest) {
        complete.add()
        found(manifest)
    }

    func failed() { incomplete.add() }

    func progress(_ progress: BackupProgress) {
        rowGauge.set(progress.rows)
        sentGauge.set(progress.sentBytes)
    }
}
