import Instruments
import TextAPI

/// What is told of the ports for clients.
enum ConnectionMetrics {
    static let open = MetricDefinition(
        "kvnode_connections", .gauge, labels: ["protocol"], "Open connections of clients.")
    static let accepted = MetricDefinition(
        "kvnode_connections_accepted", .counter, labels: ["protocol"], "Connections that were taken.")
    static let refused = MetricDefinition(
        "kvnode_connections_refused", .counter, labels: ["protocol"],
        "Connections that were refused, since there were as many as may be, or too few files are left.")
    static let heldBytes = MetricDefinition(
        "kvnode_receive_budget_bytes", .gauge, unit: .bytes,
        "Bytes of requests that are not complete, of all clients, as far as requests.max_received_bytes counts them."
    )
    static let refusals = MetricDefinition(
        "kvnode_receive_budget_refusals", .counter,
        "Requests that were refused since clients had sent too much that is not complete.")

    static let definitions = [open, accepted, refused, heldBytes, refusals]

    /// Has each reading tell of these servers.
    ///
    /// - Parameter servers: By protocol.
    static func collect(
        _ servers: [(name: String, statistics: @Sendable () -> ConnectionStatistics)],
        _ budget: ReceiveBudget, in registry: MetricRegistry
    ) {
        registry.collect(definitions) { reading in
            for server in servers {
                let statistics = server.statistics()
                reading.add(open, [server.name], statistics.open)
                reading.add(accepted, [server.name], statistics.accepted)
                reading.add(refused, [server.name], statistics.refused)
            }
            let held = budget.statistics
            reading.add(heldBytes, held.heldBytes)
            reading.add(refusals, held.refusals)
        }
    }
}
