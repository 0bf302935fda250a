from .model import CLUSTER, Dashboard, Panel, Query, Row, rate

# Adds the engine's name to what has a node's.
ENGINE = f"* on (cluster, instance) group_left (engine) kvnode_build_info{{{CLUSTER}}}"


def summed(metric: str, extra: str = "") -> str:
    selector = CLUSTER + extra
    return f"sum by (engine) (rate({metric}{{{selector}}}[$__rate_interval]) {ENGINE})"


def gauge(metric: str) -> str:
    return f"sum by (engine) ({metric}{{{CLUSTER}}} {ENGINE})"


def by_engine(title: str, expr: str, unit: str = "short", description: str = "") -> Panel:
    return Panel(title, [Query(expr, "{{engine}}")], unit, description)


def commits(share: float) -> str:
    return (f"histogram_quantile({share}, sum by (engine, le) "
            f"(rate(kvnode_engine_commit_duration_seconds_bucket{{{CLUSTER}}}[$__rate_interval]) {ENGINE}))")


def of(metric: str, unit: str, title: str, description: str = "", *, counter: bool = False) -> Panel:
    """Of one engine alone, by node."""
    expr = rate(metric, CLUSTER, by="instance") if counter else f"sum by (instance) ({metric}{{{CLUSTER}}})"
    return Panel(title, [Query(expr, "{{instance}}")], unit, description)


DASHBOARD = Dashboard("kvnode-engines", "kvnode / engines", "The engines of a cluster side by side: nodes may run different ones.", [
    Row("Side by side", [
        by_engine("Processor an operation", f"{summed('process_cpu_seconds_total')} / {summed('kvnode_engine_committed_operations_total')}",
                  "s", "Of the whole node, by each put and delete that its engine has committed."),
        by_engine("Writes", summed("kvnode_engine_committed_operations_total"), "ops", "Puts and deletes, replicas' included."),
        by_engine("Operations a commit",
                  f"{summed('kvnode_engine_committed_operations_total')} / {summed('kvnode_engine_commits_total')}", "none"),
        by_engine("Commits, p50", commits(0.5), "s"),
        by_engine("Commits, p99", commits(0.99), "s"),
        by_engine("Reads from files", summed("kvnode_engine_read_jobs_total"), "ops"),
        by_engine("Memory", gauge("process_resident_memory_bytes"), "bytes"),
        by_engine("Reads that failed", summed("kvnode_engine_failed_reads_total"), "ops"),
        by_engine("Writes that failed", summed("kvnode_engine_failed_writes_total"), "ops"),
    ]),
    Row("RocksDB", [
        of("kvnode_rocksdb_pending_compaction_bytes", "bytes", "Compaction backlog", "What has to be rewritten. Growing for long: a stall comes."),
        of("kvnode_rocksdb_delayed_write_rate", "Bps", "Held down to", "0: writes are not held down."),
        of("kvnode_rocksdb_writes_stopped", "none", "Writes stopped"),
        of("kvnode_rocksdb_running_compactions", "none", "Compactions at work"),
        of("kvnode_rocksdb_live_file_bytes", "bytes", "Tables"),
        of("kvnode_rocksdb_block_cache_bytes", "bytes", "Block cache"),
    ]),
    Row("LevelDB", [
        Panel("Tables by level", [Query(f"sum by (level) (kvnode_leveldb_files{{{CLUSTER}}})", "level {{level}}")], stacked=True,
              description="More than 12 of level 0: LevelDB stops writes."),
        of("kvnode_leveldb_memory_bytes", "bytes", "Write buffers and block cache"),
    ]),
    Row("LMDB", [
        Panel("How full the map is", [Query(
            f"max by (instance) (kvnode_lmdb_live_bytes{{{CLUSTER}}} / kvnode_lmdb_map_bytes{{{CLUSTER}}})", "{{instance}}")],
            "percentunit", "Of engine.lmdb.map_size_bytes, by pages that hold data."),
        of("kvnode_lmdb_used_bytes", "bytes", "The file"),
        of("kvnode_lmdb_oldest_reader_transactions", "none", "Commits behind the oldest read",
           "What was freed since cannot be used again."),
    ]),
])
