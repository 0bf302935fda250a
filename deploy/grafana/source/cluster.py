from .model import CLUSTER, FAILED, SLOW, Dashboard, Panel, Query, Row, logs, quantile, rate

REQUESTS = "kvnode_request_duration_seconds"
# What another node has sent on is counted there as well.
CLIENTS = f'{CLUSTER},protocol!="peer"'
GOOD = [(None, "green"), (1, "orange"), (2, "red")]


def stat(title: str, expr: str, unit: str = "short", thresholds=(), description: str = "") -> Panel:
    return Panel(title, [Query(expr)], unit, description, kind="stat", width=3, height=4, thresholds=list(thresholds))


DASHBOARD = Dashboard("kvnode-cluster", "kvnode / cluster", "What clients get of a cluster, and what keeps it from giving more.", [
    Row("Now", [
        stat("Nodes that answer", f'sum (up{{job="kvnode",{CLUSTER}}})'),
        stat("Nodes that do not", f'sum (1 - up{{job="kvnode",{CLUSTER}}})', thresholds=GOOD),
        stat("Down, by gossip", f'max (kvnode_gossip_members{{{CLUSTER},state="down"}})', thresholds=GOOD,
             description="As the node sees it that knows of most."),
        stat("Not ready", f"sum (1 - kvnode_ready{{{CLUSTER}}})", thresholds=GOOD),
        stat("Requests", rate(f"{REQUESTS}_count", CLIENTS), "reqps"),
        stat("Failures, 5 min", f"max (cluster:kvnode_request_failures:ratio_rate5m{{{CLUSTER}}})", "percentunit",
             [(None, "green"), (0.001, "orange"), (0.0144, "red")],
             "Of what clients may expect to succeed. The objective is 0.1 %."),
        stat("p99, 5 min", f"max (cluster:kvnode_request_duration_seconds:p99_5m{{{CLUSTER}}})", "s",
             [(None, "green"), (0.1, "orange"), (1, "red")]),
        stat("Hints", f"sum (kvnode_hints_bytes{{{CLUSTER}}})", "bytes",
             description="What is kept for nodes that did not take it."),
    ]),
    Row("Requests of clients", [
        Panel("Requests by operation", [Query(rate(f"{REQUESTS}_count", CLIENTS, by="operation"), "{{operation}}")], "reqps",
              stacked=True),
        Panel("Requests by protocol", [Query(rate(f"{REQUESTS}_count", CLIENTS, by="protocol"), "{{protocol}}")], "reqps",
              stacked=True),
        Panel("Errors by reason", [Query(rate("kvnode_request_failures_total", CLIENTS, by="code"), "{{code}}")], "reqps",
              "All that clients are told, their own mistakes included.", stacked=True, links=FAILED),
        Panel("Time", [Query(quantile(share, REQUESTS, CLIENTS), f"p{share * 100:g}") for share in (0.5, 0.95, 0.99, 0.999)], "s",
              "From a request's arrival to its answer.", links=SLOW),
        Panel("p99 by operation", [Query(quantile(0.99, REQUESTS, CLIENTS, by="operation"), "{{operation}}")], "s", links=SLOW),
        Panel("Times of all requests", [Query(
            f"sum by (le) (increase({REQUESTS}_bucket{{{CLIENTS}}}[$__rate_interval]))", "{{le}}")], "s", kind="heatmap", links=SLOW),
        Panel("Requests by bucket", [Query(rate("kvnode_bucket_requests_total", CLUSTER, by="bucket"), "{{bucket}}")], "reqps",
              "Of the first metrics.max_buckets that each node was asked for; the rest is `other`.", stacked=True),
        Panel("Under way", [Query(f"sum by (instance) (kvnode_requests_in_flight{{{CLUSTER}}})", "{{instance}}")],
              description="Requests that nodes coordinate."),
        Panel("Values", [
            Query(rate("kvnode_request_received_value_bytes_total", CLUSTER), "written"),
            Query(rate("kvnode_request_sent_value_bytes_total", CLUSTER), "read")], "Bps"),
        Panel("Refused by users' rights", [Query(rate("kvnode_access_refusals_total", CLUSTER, by="reason"), "{{reason}}")], "reqps",
              "`wrong_credential` and `too_many_logins`: a client whose password was changed, or somebody who guesses.", stacked=True,
              links=[logs("Refusals in the audit log", "log.logger:audit and log.level:warning")]),
        Panel("Connections", [Query(f"sum by (protocol) (kvnode_connections{{{CLUSTER}}})", "{{protocol}}")], stacked=True),
    ]),
    Row("Replication", [
        Panel("Sent on to a replica", [Query(rate("kvnode_forwarded_requests_total", CLUSTER), "requests")], "reqps",
              "Requests that came to a node which is no replica of their key."),
        Panel("Repaired by reads", [Query(rate("kvnode_read_repairs_total", CLUSTER, by="replica"), "{{replica}}")], "ops",
              "Many for long: replicas miss writes. See hints and anti-entropy."),
        Panel("Reads with siblings", [Query(
            f"1 - sum (rate(kvnode_read_siblings_bucket{{{CLUSTER},le=\"1.0\"}}[$__rate_interval])) "
            f"/ sum (rate(kvnode_read_siblings_count{{{CLUSTER}}}[$__rate_interval]))", "reads")], "percentunit",
              "Reads that found concurrent writes, which the application has to resolve."),
        Panel("Hints kept", [Query(f"sum by (instance) (kvnode_hints_bytes{{{CLUSTER}}})", "{{instance}}")], "bytes",
              links=[logs("Members that came and went", "log.logger:(peers or cluster)")]),
        Panel("Partitions to copy", [Query(
            f"sum by (instance) (kvnode_transfer_partitions_left{{{CLUSTER}}})", "{{instance}}")]),
        Panel("Last comparison", [Query(
            f"max by (instance) (kvnode_anti_entropy_oldest_round_age_seconds{{{CLUSTER}}})", "{{instance}}")], "s",
              "With the peer that has waited longest."),
    ]),
    Row("What it takes", [
        Panel("Processor", [Query(
            f'sum by (instance) (rate(process_cpu_seconds_total{{job="kvnode",{CLUSTER}}}[$__rate_interval]))', "{{instance}}")],
            "none", "Processors in use."),
        Panel("Memory", [Query(f'sum by (instance) (process_resident_memory_bytes{{job="kvnode",{CLUSTER}}})', "{{instance}}")],
              "bytes"),
        # A node that has refused nothing tells no such series.
        Panel("Refused as overload", [Query(
            rate("kvnode_request_failures_total", f'{CLUSTER},code="overloaded"', by="instance")
            + f" or 0 * sum by (instance) (kvnode_ready{{{CLUSTER}}})", "{{instance}}")], "reqps"),
        Panel("Room on the disks", [Query(
            f"min by (instance) (kvnode_disk_available_bytes{{{CLUSTER}}})", "{{instance}}")], "bytes"),
        Panel("Between the nodes", [
            Query(rate("kvnode_peer_sent_bytes_total", CLUSTER, by="instance"), "{{instance}} sent"),
            Query(rate("kvnode_peer_received_bytes_total", CLUSTER, by="instance"), "{{instance}} received")], "Bps",
              "Messages to and from peers, without what HTTP/2 and TLS add."),
        Panel("Clocks", [Query(f"max by (instance) (abs (kvnode_clock_median_offset_seconds{{{CLUSTER}}}))", "{{instance}}")], "s",
              "How far each node's clock is from the median of all, as it finds itself."),
        Panel("What runs", [Query(f"kvnode_build_info{{{CLUSTER}}}")], kind="table"),
    ]),
])
