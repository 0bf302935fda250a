import Cluster
import ClusterCore

/// What clients have asked of a node, in JSON (docs/operations.md).
enum WorkloadDocument {
    static func reply(_ report: WorkloadReport) -> HTTPReply {
        var members: [String: Any] = [
            "node": report.node, "started_ms": report.startedMillis, "uptime_ms": report.uptimeMillis,
            "sample_every": report.sampleEvery,
        ]
        if report.sampleEvery > 0 {
            members.merge(counts(report.shape.counts)) { $1 }
            members["popularity"] = [
                "samples": report.shape.samples,
                "counters": report.shape.popularity.map { [$0.label, $0.count, $0.error] },
            ]
        }
        return .json(members)
    }

    private static func counts(_ counts: WorkloadCounts) -> [String: Any] {
        [
            "requests": [
                "get": counts.gets, "put": counts.puts, "delete": counts.deletes, "update": counts.updates,
                "list": counts.lists,
            ],
            "not_found": counts.notFound, "key_bytes": bins(counts.keyBytes),
            "value_bytes": bins(counts.valueBytes), "list_limits": bins(counts.listLimits),
            "key_registers": Base64.encode(counts.keys.registers),
        ]
    }

    /// Up to the last bin that isn't empty.
    private static func bins(_ histogram: SizeHistogram) -> [String: [UInt64]] {
        let end = histogram.counts.lastIndex { $0 > 0 }.map { $0 + 1 } ?? 0
        return ["counts": Array(histogram.counts[..<end]), "sums": Array(histogram.sums[..<end])]
    }
}
