from .model import CLUSTER, Dashboard, Panel, Query, Row, rate


def by_node(title: str, metric: str, unit: str = "short", description: str = "") -> Panel:
    return Panel(title, [Query(f"sum by (instance) ({metric}{{{CLUSTER}}})", "{{instance}}")], unit, description)


def counted(title: str, metric: str, label: str, unit: str = "ops", description: str = "") -> Panel:
    return Panel(title, [Query(rate(metric, CLUSTER, by=label), f"{{{{{label}}}}}")], unit, description)


DASHBOARD = Dashboard("kvnode-healing", "kvnode / handoff and anti-entropy", "How what replicas miss comes back to them.", [
    Row("Hints", [
        by_node("Hints kept", "kvnode_hints"),
        by_node("Their bytes", "kvnode_hints_bytes", "bytes", "Bounded by handoff.max_bytes."),
        by_node("Age of the oldest", "kvnode_hints_oldest_age_seconds", "s", "Past handoff.max_age_ms they are dropped."),
        counted("Stored", "kvnode_hints_stored_total", "instance"),
        counted("Handed back", "kvnode_hints_delivered_total", "instance"),
        counted("Dropped", "kvnode_hints_dropped_total", "reason", description="What they held is left to anti-entropy."),
    ]),
    Row("Transfers", [
        by_node("Partitions to copy", "kvnode_transfer_partitions_left", description="By the change of the layout that is under way."),
        Panel("Copied a second", [Query(f"sum by (instance) (clamp_min(deriv(kvnode_transfer_bytes{{{CLUSTER}}}[$__rate_interval]), 0))",
                                       "{{instance}}")], "Bps"),
        by_node("Partitions held", "kvnode_partitions_held"),
        by_node("Layout", "kvnode_layout_version", "none", "Nodes that differ for long do not hear the others."),
    ]),
    Row("Anti-entropy", [
        by_node("Since the last round", "kvnode_anti_entropy_oldest_round_age_seconds", "s", "With the peer that has waited longest."),
        Panel("Time of a round", [Query(
            f"histogram_quantile(0.9, sum by (instance, le) (rate(kvnode_anti_entropy_round_duration_seconds_bucket{{{CLUSTER}}}[$__rate_interval])))",
            "{{instance}} p90")], "s", "Over all partitions that are shared with a peer."),
        counted("Roots compared", "kvnode_anti_entropy_partitions_compared_total", "instance"),
        counted("Comparisons that differed", "kvnode_anti_entropy_comparisons_total", "outcome"),
        counted("Keys that differed", "kvnode_anti_entropy_keys_differing_total", "instance"),
        counted("Keys repaired", "kvnode_anti_entropy_keys_repaired_total", "replica"),
        counted("Bytes moved", "kvnode_anti_entropy_transferred_bytes_total", "instance", "Bps"),
        counted("Keys left for the next round", "kvnode_anti_entropy_keys_failed_total", "instance"),
        Panel("Hash trees", [Query(f"sum by (state) (kvnode_anti_entropy_trees{{{CLUSTER}}})", "{{state}}")], stacked=True),
        counted("Repaired by reads", "kvnode_read_repairs_total", "replica"),
    ]),
    Row("Backups", [
        by_node("Newest backup", "1000 * kvnode_backup_newest_timestamp_seconds", "dateTimeFromNow",
                "When the node's part of its newest complete backup was begun; 1970: none is known."),
        counted("Backups that ended", "kvnode_backups_total", "outcome"),
        by_node("Keys read", "kvnode_backup_rows", description="By the backup under way, or the last."),
        by_node("Bytes sent", "kvnode_backup_sent_bytes", "bytes", "By the backup under way, or the last."),
    ]),
    Row("Tombstones", [
        counted("Rows removed", "kvnode_reaping_rows_removed_total", "instance"),
        counted("Left for the next sweep", "kvnode_reaping_rows_unconfirmed_total", "instance",
                description="Some replica could not confirm them."),
        counted("Sweeps", "kvnode_reaping_sweeps_total", "instance"),
    ]),
])
