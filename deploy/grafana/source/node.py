from .model import FAILED, NODE, SLOW, Dashboard, Panel, Query, Row, logs, quantile, rate

REQUESTS = "kvnode_request_duration_seconds"


def by_node(title: str, expr: str, unit: str = "short", description: str = "", legend: str = "{{instance}}",
            links: tuple | list = ()) -> Panel:
    return Panel(title, [Query(expr, legend)], unit, description, links=list(links))


DASHBOARD = Dashboard("kvnode-node", "kvnode / node", "One node, from its ports to its disk.", [
    Row("Requests that it coordinates", [
        by_node("Requests", rate(f"{REQUESTS}_count", NODE, by="instance, protocol"), "reqps", legend="{{instance}} {{protocol}}",
                description="`peer`: sent on by another node."),
        by_node("p99", quantile(0.99, REQUESTS, NODE, by="instance"), "s", links=SLOW),
        by_node("Errors", rate("kvnode_request_failures_total", NODE, by="instance, code"), "reqps", legend="{{instance}} {{code}}",
                links=FAILED),
        by_node("Under way", f"sum by (instance) (kvnode_requests_in_flight{{{NODE}}})"),
        by_node("Connections", f"sum by (instance, protocol) (kvnode_connections{{{NODE}}})", legend="{{instance}} {{protocol}}"),
        by_node("Bytes of requests that are not complete", f"sum by (instance) (kvnode_receive_budget_bytes{{{NODE}}})", "bytes",
                "Bounded by requests.max_received_bytes."),
    ]),
    Row("The engine", [
        by_node("Commits, p99", quantile(0.99, "kvnode_engine_commit_duration_seconds", NODE, by="instance, durability"), "s",
                "Those that are `synced` include the flush to disk.", "{{instance}} {{durability}}"),
        by_node("Operations a commit", f"{rate('kvnode_engine_committed_operations_total', NODE, by='instance')} / "
                + rate("kvnode_engine_commits_total", NODE, by="instance"), "none", "Writes that share a commit."),
        by_node("Writes that wait", f"sum by (instance) (kvnode_engine_queued_write_bytes{{{NODE}}})", "bytes"),
        by_node("Reads from files", rate("kvnode_engine_read_jobs_total", NODE, by="instance"), "ops",
                "Batches of reads that went to a reader thread, since not all was in memory."),
        by_node("Keys read at once", rate("kvnode_replica_reads_total", f'{NODE},thread="loop"', by="instance") + " / "
                + rate("kvnode_replica_reads_total", NODE, by="instance"), "percentunit",
                "On the event loop, since they were known to be in memory. The others wait for a reader thread."),
        by_node("Reads that wait", f"sum by (instance) (kvnode_engine_queued_read_jobs{{{NODE}}})"),
        by_node("State of its files", f'sum by (instance, state) (kvnode_engine_state{{{NODE},state!="ok"}})',
                legend="{{instance}} {{state}}", description="1: damaged, full, or failed.",
                links=[logs("What the engine's log says", "log.logger:engine")]),
        by_node("Found in the row cache", f"{rate('kvnode_row_cache_hits_total', NODE, by='instance')} / "
                f"({rate('kvnode_row_cache_hits_total', NODE, by='instance')} + "
                f"{rate('kvnode_row_cache_misses_total', NODE, by='instance')})", "percentunit"),
        by_node("Room on the disk", f"min by (instance) (kvnode_disk_available_bytes{{{NODE}}})", "bytes"),
    ]),
    Row("Peers", [
        by_node("Members without a stream",
                f"sum by (instance) (kvnode_peers{{{NODE}}} - kvnode_peers_connected{{{NODE}}})"),
        by_node("Waits for one peer", f"max by (instance) (kvnode_peer_longest_queue_bytes{{{NODE}}})", "bytes",
                "Bounded by peer.max_queued_bytes."),
        by_node("Requests a batch", f"{rate('kvnode_peer_batch_operations_sum', NODE, by='instance')} / "
                + rate("kvnode_peer_batch_operations_count", NODE, by="instance"), "none"),
        by_node("Streams that broke", f"sum by (instance) (increase(kvnode_peer_streams_lost_total{{{NODE}}}[$__rate_interval]))",
                links=[logs("What the log says of peers", "log.logger:(peers or tls)")]),
        by_node("Received from peers", rate("kvnode_peer_received_bytes_total", NODE, by="instance, kind"), "Bps",
                legend="{{instance}} {{kind}}"),
        by_node("Probes without an answer", rate("kvnode_gossip_probes_total", f'{NODE},outcome="failed"', by="instance"), "ops"),
        by_node("Local health", f"max by (instance) (kvnode_gossip_local_health{{{NODE}}})", "none",
                "0: it keeps up. More: its own probes are slow (Lifeguard)."),
    ]),
    Row("The process", [
        by_node("Processor", f'sum by (instance) (rate(process_cpu_seconds_total{{job="kvnode",{NODE}}}[$__rate_interval]))', "none"),
        by_node("Memory", f'sum by (instance) (process_resident_memory_bytes{{job="kvnode",{NODE}}})', "bytes"),
        by_node("Open files", f'sum by (instance) (process_open_fds{{job="kvnode",{NODE}}} / process_max_fds{{job="kvnode",{NODE}}})',
                "percentunit"),
        by_node("Threads", f'sum by (instance) (process_threads{{job="kvnode",{NODE}}})'),
        by_node("Certificates", f"min by (instance, port) (kvnode_certificate_expiry_timestamp_seconds{{{NODE}}} - time())", "s",
                "Until they expire.", "{{instance}} {{port}}"),
        Panel("Clocks", [
            Query(f"max by (instance) (kvnode_clock_median_offset_seconds{{{NODE}}})", "{{instance}} median"),
            Query(f"max by (instance) (kvnode_clock_max_offset_seconds{{{NODE}}})", "{{instance}} furthest")], "s",
              "How far others' clocks are ahead of the node's. Far from 0 as to the median: the node's own is wrong.",
              allows_negative=True),
        by_node("Timestamps from the future", f"sum by (instance) (increase(kvnode_clock_refused_timestamps_total{{{NODE}}}[$__rate_interval]))",
                description="Of others, that were too far ahead."),
        by_node("The disk's figures", f"max by (instance) (kvnode_disk_age_seconds{{{NODE}}})", "s",
                "Their age. It grows while the file system hangs."),
    ]),
], has_instances=True)
