"""/metrics: what three nodes under load tell, read by parsers that are not ours; who may ask; what it costs."""

import re
import shutil
import subprocess
import sys

import pytest
import redis

from support.cluster import BINARY, REPOSITORY, Cluster, clean_environment
from support.load import Load
from support.metrics import OPEN_METRICS, PARSERS, PROMETHEUS, check_histograms, scrape
from support.users import User, write_users
from support.waiting import eventually

BUCKET = "metrics"
# Durations in base units, and bytes: no other unit may come up in a name.
WRONG_UNITS = re.compile(r"_(ms|millis|milliseconds|us|microseconds|ns|nanoseconds|minutes|hours|kb|kib|mb|mib|percent)(_|$)")


@pytest.fixture(scope="module")
def busy(tmp_path_factory, stubs):
    """Three nodes, one on each engine, that have served all kinds of requests."""
    shared = Cluster(tmp_path_factory.mktemp("metrics"), ["rocksdb", "leveldb", "lmdb"], stubs)
    try:
        yield shared.start()
    finally:
        shared.stop()


def all_sums(cluster, name: str, **labels) -> float:
    return sum(scrape(node).sum(name, **labels) for node in cluster.nodes)


# MARK: the formats

@pytest.mark.parametrize("content_type", PARSERS)
def test_every_node_is_parsed(busy, content_type):
    for node in busy.nodes:
        node.http.put(BUCKET, "k", b"v")
        metrics = scrape(node, content_type)
        assert len(metrics.families) > 60
        assert check_histograms(metrics) > 3
        assert metrics.text.endswith("# EOF\n") == (content_type == OPEN_METRICS)


def test_both_formats_tell_the_same_series(busy):
    def names(content_type: str) -> set[str]:
        return {name for name, _ in scrape(busy[0], content_type).samples}

    def between_two_alike() -> tuple[set[str], set[str]] | None:
        """What has come to be counted meanwhile is told by the one and not by the other."""
        before, told, after = names(PROMETHEUS), names(OPEN_METRICS), names(PROMETHEUS)
        return (before, told) if before == after else None

    ours, others = eventually(between_two_alike, "scrapes between which no series begins")
    assert ours == others


def test_names_follow_the_conventions(busy):
    for node in busy.nodes:
        metrics = scrape(node, OPEN_METRICS)
        for name, family in metrics.families.items():
            assert name.startswith(("kvnode_", "process_")), name
            assert family.documentation, f"{name} has no help"
            assert not WRONG_UNITS.search(name), name
            if family.unit:
                assert name.endswith("_" + family.unit), name
            assert family.type in ("counter", "gauge", "histogram"), name


def test_promtool_finds_nothing(busy):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: it comes with Debian's package prometheus")
    for node in busy.nodes:
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=scrape(node).text, capture_output=True, text=True, timeout=60)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, ""), checked


# MARK: the figures

def test_requests_are_counted_exactly(busy):
    """Of each protocol and operation, at the node that was asked, and none of the others."""
    node = busy[0]
    before = scrape(node)
    for index in range(7):
        node.http.put(BUCKET, f"exact-{index}", b"12345")
    for index in range(5):
        assert node.http.get(BUCKET, f"exact-{index}").status == 200
    assert node.http.get(BUCKET, "exact-absent").status == 404
    assert node.http.delete(BUCKET, "exact-6", node.http.get(BUCKET, "exact-6").context).is_stored
    assert node.http.list(BUCKET).status == 200
    assert node.http.put(BUCKET, "exact-0", b"", w=9).status == 400
    with redis.Redis(port=node.resp_port) as client:
        client.incr("exact-count")
        client.get("exact-count")
    node.grpc.get(BUCKET, b"exact-1")
    after = scrape(node)

    def done(protocol: str, operation: str, outcome: str = "ok") -> float:
        labels = {"protocol": protocol, "operation": operation, "outcome": outcome}
        name = "kvnode_request_duration_seconds_count"
        return after.sum(name, **labels) - before.sum(name, **labels)

    assert done("http", "put") == 7
    assert done("http", "get") == 7
    assert done("http", "delete") == 1
    assert done("http", "list") == 1
    assert done("http", "put", "error") == 1
    assert done("resp", "update") == 1
    assert done("resp", "get") == 1
    assert done("grpc", "get") == 1
    assert done("grpc", "put") == 0
    failed = {"protocol": "http", "operation": "put", "code": "invalid_argument"}
    name = "kvnode_request_failures_total"
    assert after.sum(name, **failed) - before.sum(name, **failed) == 1


def test_bytes_of_values_are_counted_exactly(busy):
    node = busy[1]
    before = scrape(node)
    node.http.put(BUCKET, "bytes", b"x" * 1_000)
    for _ in range(3):
        assert node.http.get(BUCKET, "bytes").body == b"x" * 1_000
    after = scrape(node)
    # The reads may be of a value that this node was sent, as no replica of the key; it is told all the same.
    for name, count in {
        "kvnode_request_received_value_bytes_total": 1_000, "kvnode_request_sent_value_bytes_total": 3_000,
    }.items():
        assert after[name] - before[name] == count, name


def test_buckets_are_counted_by_name_up_to_a_limit(tmp_path, stubs):
    one = Cluster(tmp_path / "one", ["memory"], stubs, {"metrics": {"max_buckets": 2}})
    try:
        node = one.start()[0]
        # The first bucket is that by which the nodes were found to be connected.
        for bucket, times in {"carts": 3, "orders": 2, "visits": 1}.items():
            for _ in range(times):
                assert node.http.put(bucket, "k", b"v").is_stored
        metrics = scrape(node)
        counted = {
            bucket: metrics.sum("kvnode_bucket_requests_total", bucket=bucket, operation="put", outcome="ok")
            for bucket in ("carts", "orders", "visits", "other")}
        assert counted == {"carts": 3, "orders": 0, "visits": 0, "other": 3}
    finally:
        one.stop()


def test_siblings_are_counted(busy):
    before = {node: scrape(node) for node in busy.nodes}
    seen = busy[0].http.get(BUCKET, "siblings").context
    for node in busy.nodes:
        assert node.http.put(BUCKET, "siblings", node.name.encode(), seen, w=3).is_stored
    assert len(busy[0].http.get(BUCKET, "siblings").values) == 3

    def reads_above(bound: str) -> float:
        total = 0.0
        for node in busy.nodes:
            now = scrape(node)
            for name, labels in (("kvnode_read_siblings_count", {}), ("kvnode_read_siblings_bucket", {"le": bound})):
                sign = -1 if labels else 1
                total += sign * (now.sum(name, **labels) - before[node].sum(name, **labels))
        return total

    assert reads_above("2.0") == 1


def test_forwarded_requests_are_told_of_both_nodes(tmp_path, stubs):
    """Four nodes, three replicas: each node has to send on what it holds no copy of."""
    four = Cluster(tmp_path / "four", ["memory"] * 4, stubs)
    try:
        four.start()
        forwarded = all_sums(four, "kvnode_forwarded_requests_total")
        served = all_sums(four, "kvnode_request_duration_seconds_count", protocol="peer", operation="put")
        for index in range(40):
            assert four[0].http.put(BUCKET, f"key-{index}", b"v").is_stored
        sent = all_sums(four, "kvnode_forwarded_requests_total") - forwarded
        assert 0 < sent < 40

        def came() -> float:
            return all_sums(four, "kvnode_request_duration_seconds_count", protocol="peer", operation="put") - served

        # One that was sent once more, since the first node was slow to answer, may still be under way.
        eventually(lambda: came() == sent, "as many that came")
    finally:
        four.stop()


def test_hints_and_members_of_a_cluster_that_lost_a_node(tmp_path, stubs):
    three = Cluster(
        tmp_path / "three", ["memory", "memory", "rocksdb"], stubs,
        {"buckets": {"quorum": "sloppy"}, "handoff": {"interval_ms": 200},
         "gossip": {"period_ms": 200, "ping_timeout_ms": 100}})
    try:
        three.start()
        node = three[0]
        eventually(lambda: scrape(node)["kvnode_peers_connected"] == 2, "both peers")
        # Gossip gives nobody up of whom it has not heard.
        eventually(
            lambda: all_sums(three, "kvnode_gossip_members", state="alive") == 9, "gossip to know all nodes")
        three[2].kill()
        eventually(lambda: scrape(node)["kvnode_peers_connected"] == 1, "the stream to be missed")
        for index in range(30):
            assert node.http.put(BUCKET, f"hint-{index}", b"v").is_stored
        eventually(
            lambda: all_sums(Nodes(three.nodes[:2]), "kvnode_hints_stored_total") >= 30, "hints of every write")
        kept = all_sums(Nodes(three.nodes[:2]), "kvnode_hints")
        assert kept >= 30
        assert scrape(node)["kvnode_hints_bytes"] + scrape(three[1])["kvnode_hints_bytes"] > 0
        eventually(
            lambda: scrape(node).sum("kvnode_gossip_members", state="down") == 1, "gossip to give the node up")
        three[2].start()
        three.wait_connected()
        eventually(lambda: all_sums(Nodes(three.nodes[:2]), "kvnode_hints") == 0, "hints to be handed back")
        eventually(
            lambda: all_sums(Nodes(three.nodes[:2]), "kvnode_hints_delivered_total") >= kept, "the count of those that were taken")
        eventually(
            lambda: scrape(node).sum("kvnode_gossip_members", state="alive") == 3, "gossip to see the node again")
    finally:
        three.stop()


class Nodes:
    """Some of a cluster's nodes."""

    def __init__(self, nodes):
        self.nodes = nodes


def test_reads_are_told_by_who_did_them(busy):
    """Of what is in memory: on the event loop, but for LevelDB without a row that is cached."""
    node = busy[0]
    assert node.http.put(BUCKET, "read", b"v", w=3).is_stored
    # What earlier reads have asked of replicas without waiting for it is done by then.
    for each in busy.nodes:
        assert each.http.get(BUCKET, "read", r=3).status == 200
    before = {each: scrape(each) for each in busy.nodes}
    for _ in range(10):
        assert node.http.get(BUCKET, "read", r=3).status == 200
    name = "kvnode_replica_reads_total"
    read = {each.name: scrape(each)[name] - before[each][name] for each in busy.nodes}
    # Each of the three replicas was asked each time, and by nobody else.
    assert read == {each.name: 10 for each in busy.nodes}
    # Who has read the row once has it in memory.
    assert scrape(node).sum(name, thread="loop") - before[node].sum(name, thread="loop") >= 9


def test_what_peers_send_is_what_they_receive(busy):
    """Of all nodes together, once nothing is under way: each byte that left has come."""
    for index in range(20):
        busy[0].http.put(BUCKET, f"bytes-{index}", b"v" * 500, w=3)
    for kind in ("requests", "replies"):
        assert all_sums(busy, "kvnode_peer_received_bytes_total", kind=kind) > 20 * 500 * (kind == "requests")

        def are_alike() -> bool:
            # Background traffic never ends, and no two nodes are scraped at the same moment.
            scrapes = [scrape(node) for node in busy.nodes]
            sent, received = (
                sum(one.sum(f"kvnode_peer_{way}_bytes_total", kind=kind) for one in scrapes) for way in ("sent", "received"))
            assert abs(sent - received) < 0.05 * sent, (kind, sent, received)
            return True

        eventually(are_alike, "what was sent to have come")


def test_clocks_are_compared(busy):
    for node in busy.nodes:
        eventually(lambda node=node: scrape(node).has("kvnode_clock_max_offset_seconds"), "an answer to a probe")
        # All are of one machine.
        metrics = scrape(node)
        assert abs(metrics["kvnode_clock_max_offset_seconds"]) < 0.3
        assert abs(metrics["kvnode_clock_median_offset_seconds"]) < 0.3


def test_engines_tell_their_figures(busy):
    for node in busy.nodes:
        before = scrape(node)
        for index in range(20):
            node.http.put(BUCKET, f"engine-{index}", b"v" * 100, w=3)
        after = scrape(node)
        assert after.sum("kvnode_build_info", engine=node.engine) == 1
        for name in ("kvnode_engine_commits_total", "kvnode_engine_commit_duration_seconds_count"):
            assert 0 < after[name] - before[name]
        # Each put is one row at least, at each of its three replicas.
        assert after["kvnode_engine_committed_operations_total"] - before["kvnode_engine_committed_operations_total"] >= 20
        assert after.sum("kvnode_engine_commit_duration_seconds_count", durability="synced") == 0
        assert after["kvnode_engine_commit_operations_sum"] == after["kvnode_engine_committed_operations_total"]
        assert after.sum("kvnode_engine_state", state="ok") == 1
        assert after.sum("kvnode_engine_state") == 1
        assert after.has("kvnode_row_cache_hits_total") == (node.engine != "lmdb")
    assert scrape(busy[0])["kvnode_rocksdb_block_cache_capacity_bytes"] > 0
    assert scrape(busy[1])["kvnode_leveldb_memory_bytes"] > 0
    lmdb = scrape(busy[2])
    assert lmdb["kvnode_lmdb_map_bytes"] > lmdb["kvnode_lmdb_used_bytes"] > 0


def test_the_process_is_told(busy):
    node = busy[0]
    metrics = scrape(node)
    with open(f"/proc/{node.process.pid}/status") as file:
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024
    # The process is setpriv's and env's in turn, and has become the node by now.
    assert 0.5 < metrics["process_resident_memory_bytes"] / resident < 2
    assert metrics["process_open_fds"] > 10
    assert metrics["process_cpu_seconds_total"] > 0
    assert metrics["process_start_time_seconds"] > 1_600_000_000


# MARK: load, bounds, cost

def test_figures_under_load(busy):
    """Counters only grow, histograms are whole, and nothing is left in flight afterwards."""
    with Load(busy.nodes, "load") as load:
        last = {}
        for _ in range(10):
            eventually(lambda done=len(load.written): len(load.written) > done, "more requests")
            for node in busy.nodes:
                metrics = scrape(node, OPEN_METRICS)
                check_histograms(metrics)
                for (name, labels), value in metrics.samples.items():
                    if name.endswith(("_total", "_count", "_bucket")):
                        assert value >= last.get((node, name, labels), 0), (name, labels)
                        last[node, name, labels] = value
    assert not load.failures
    for node in busy.nodes:
        eventually(lambda node=node: scrape(node)["kvnode_requests_in_flight"] == 0, "the end of all requests")


def test_a_scrape_is_bounded_and_cheap(busy):
    """At most 2,000 series, and 10 ms of processor time for one: of a release build, which takes a tenth of a debug build's."""
    node = busy[0]
    metrics = scrape(node)
    assert len(metrics.samples) < 2_000
    rounds = 20
    before = scrape(node)["process_cpu_seconds_total"]
    for _ in range(rounds):
        scrape(node)
    spent = (scrape(node)["process_cpu_seconds_total"] - before) / (rounds + 1)
    print(f"{len(metrics.samples)} series, {spent * 1000:.1f} ms of processor time a scrape", file=sys.stderr)
    # What the node does besides is part of it, and the machine may be busy: a bound that a loop over all keys would break.
    assert spent < 0.1


# MARK: access

def test_who_may_read(tmp_path, stubs):
    watcher, powerless = User("watcher", ["read:*"], {"t": "watcher"}), User("powerless", ["read:b"], {"t": "powerless"})
    path = tmp_path / "users.yaml"
    write_users(path, [watcher, powerless])
    for is_open in (False, True):
        guarded = Cluster(tmp_path / f"open-{is_open}", ["memory"], stubs, {
            "access": {"users_file": str(path)}, "metrics": {"open": is_open}})
        try:
            node = guarded[0]
            node.authorization = watcher.bearer
            node.start()
            node.wait_ready()
            status = {}
            for name, authorization in {"nobody": None, "powerless": powerless.bearer, "watcher": watcher.bearer}.items():
                node.http.session.headers["Authorization"] = authorization
                status[name] = node.http.request("GET", "/metrics").status
            allowed = 200 if is_open else None
            assert status == {"nobody": allowed or 401, "powerless": allowed or 403, "watcher": 200}
        finally:
            guarded.stop()


def test_head_tells_the_type_alone(busy):
    answer = busy[0].http.request("HEAD", "/metrics")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == PROMETHEUS
    assert busy[0].http.request("POST", "/metrics").status == 405


# MARK: the document

def test_every_metric_is_documented(busy):
    """What nodes tell is what `kvnode metrics` lists, and docs/observability.md has just that list."""
    listed = subprocess.run(
        [BINARY, "metrics"], capture_output=True, text=True, timeout=60, env=clean_environment(), check=True).stdout
    document = (REPOSITORY / "docs" / "observability.md").read_text()
    assert listed in document
    names = set(re.findall(r"^\| `(\w+)`", listed, re.MULTILINE))
    for node in busy.nodes:
        for name, family in scrape(node).families.items():
            exposed = name + "_total" if family.type == "counter" else name
            assert exposed in names, exposed
