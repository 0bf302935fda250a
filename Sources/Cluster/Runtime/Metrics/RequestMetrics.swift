import Instruments

/// What is told of requests.
enum RequestMetrics {
    static let duration = MetricDefinition(
        "kvnode_request_duration_seconds", .histogram(.requestDurations), unit: .seconds,
        labels: ["protocol", "operation", "outcome"],
        "From the moment at which a request came to its answer. The protocol `peer` is that of requests which another node has sent on, and counts as well. The outcome is `ok` or `error`."
    )
    static let failures = MetricDefinition(
        "kvnode_request_failures", .counter, labels: ["protocol", "operation", "code"],
        "Requests that were answered with an error, by the reason that clients are told.")
    static let inFlight = MetricDefinition(
        "kvnode_requests_in_flight", .gauge, "Requests that are being coordinated.")
    static let receivedBytes = MetricDefinition(
        "kvnode_request_received_value_bytes", .counter, unit: .bytes,
        "Bytes of values in the writes that were answered.")
    static let sentBytes = MetricDefinition(
        "kvnode_request_sent_value_bytes", .counter, unit: .bytes,
        "Bytes of values in the answers.")
    static let siblings = MetricDefinition(
        "kvnode_read_siblings", .histogram(.smallCounts),
        "Values that a read has found: 0 where the key is not there, more than 1 where writes were concurrent."
    )
    static let readRepairs = MetricDefinition(
        "kvnode_read_repairs", .counter, labels: ["replica"],
        "States that reads have brought to replicas which lacked them: to this node's own, `local`, or to another's, `remote`."
    )
    static let forwarded = MetricDefinition(
        "kvnode_forwarded_requests", .counter,
        "Requests that were sent on to a replica of the key, once for each that was tried.")
    static let sentHints = MetricDefinition(
        "kvnode_hints_sent", .counter,
        "States that were sent to another node as hints, since a replica did not take them.")

    static let replicaReads = MetricDefinition(
        "kvnode_replica_reads", .counter, labels: ["thread"],
        "Keys that were read of this node's replica, for requests that it coordinates and for peers: at once on the event `loop`, since they were known to be in memory, or by a `reader` thread of the engine."
    )
    static let bucketRequests = MetricDefinition(
        "kvnode_bucket_requests", .counter, labels: ["bucket", "operation", "outcome"],
        "Requests of clients by bucket: the first metrics.max_buckets that clients have asked for since the start, `other` for the rest."
    )

    static let phases = MetricDefinition(
        "kvnode_coordination_phase_duration_seconds", .histogram(.requestDurations), unit: .seconds,
        labels: ["operation", "phase"],
        "Of one request in 16: from its begin until this node's own replica had answered, phase `local`, and until as many had as the quorum takes, `quorum`. The operation is `read` or `write`."
    )
    static let overload = MetricDefinition(
        "kvnode_overload_refusals", .counter, labels: ["bound"],
        "Requests that were refused at once, since as many `requests` were under way as may be, or as many `bytes`."
    )
    static let maxInFlight = MetricDefinition(
        "kvnode_requests_in_flight_max", .gauge,
        "Requests that may be under way; fewer than requests.max_in_flight on each event loop while all of them are slow."
    )
    static let peerBatches = MetricDefinition(
        "kvnode_peer_batch_operations", .histogram(.batchSizes),
        "Requests to a peer that left together at the end of an event loop's turn.")

    /// The place of a pair in lists that have a row for each.
    static func row(_ origin: RequestOrigin, _ kind: RequestKind) -> Int {
        Int(origin.rawValue) * RequestKind.count + Int(kind.rawValue)
    }

    static let definitions = [
        duration, failures, inFlight, receivedBytes, sentBytes, siblings, readRepairs, forwarded, sentHints,
        peerBatches, replicaReads, bucketRequests, phases, overload, maxInFlight,
    ]
}
