"""deploy/prometheus and deploy/grafana, by a real Prometheus that scrapes real nodes."""

import contextlib
import http.server
import itertools
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import threading

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Chaos"))

from chaos.clocks import WallClock, build  # noqa: E402
from support.certificates import Authority  # noqa: E402
from support.cluster import Cluster, Node, merged  # noqa: E402
from support.http import HTTPClient  # noqa: E402
from support.load import Load  # noqa: E402
from support.metrics import scrape  # noqa: E402
from support.operator import cluster_command, done  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.prometheus import DEPLOY, WINDOW, Prometheus  # noqa: E402
from support.users import User, write_users  # noqa: E402
from support.waiting import eventually  # noqa: E402

ROOT = DEPLOY.parent
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
MIX = ["rocksdb", "leveldb", "lmdb"]
MAX_HINTS = 50
QUICK = {
    "cluster": {"partitions": 64}, "layout": {"news_interval_ms": 200},
    "peer": {"backoff_max_ms": 300, "keepalive_ms": 500}, "handoff": {"interval_ms": 500},
    "anti_entropy": {"interval_ms": 1000}, "reaping": {"interval_ms": 1000},
}
# As kube-state-metrics and the kubelet tell them, of one pod.
KUBERNETES = """\
kube_pod_info{namespace="kv",pod="kvnode-0"} 1
kube_pod_status_ready{namespace="kv",pod="kvnode-0",condition="true"} 1
kube_pod_container_status_restarts_total{namespace="kv",pod="kvnode-0",container="kvnode"} 1
kube_pod_container_status_last_terminated_reason{namespace="kv",pod="kvnode-0",container="kvnode",reason="OOMKilled"} 1
kube_pod_container_resource_limits{namespace="kv",pod="kvnode-0",container="kvnode",resource="memory",unit="byte"} 4e9
container_cpu_usage_seconds_total{namespace="kv",pod="kvnode-0",container="kvnode"} 10
container_cpu_cfs_throttled_seconds_total{namespace="kv",pod="kvnode-0",container="kvnode"} 1
container_memory_working_set_bytes{namespace="kv",pod="kvnode-0",container="kvnode"} 1e9
container_network_receive_bytes_total{namespace="kv",pod="kvnode-0",interface="eth0"} 100
container_network_transmit_bytes_total{namespace="kv",pod="kvnode-0",interface="eth0"} 100
kubelet_volume_stats_used_bytes{namespace="kv",persistentvolumeclaim="data-kvnode-0"} 1e9
kubelet_volume_stats_capacity_bytes{namespace="kv",persistentvolumeclaim="data-kvnode-0"} 1e10
"""


def rules(name: str) -> list[dict]:
    groups = yaml.safe_load((DEPLOY / f"prometheus/rules/{name}.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*arguments) -> None:
    ended = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=240, cwd=DEPLOY / "prometheus")
    assert ended.returncode == 0, ended.stdout + ended.stderr


# What is there without a node


def test_prometheus_takes_the_configuration():
    promtool("check", "config", "prometheus.yml")


def test_kubernetes_gets_the_same():
    objects = list(yaml.safe_load_all(subprocess.run(
        [DEPLOY / "prometheus/kubernetes/rules", "observe"], check=True, capture_output=True, text=True, timeout=30).stdout))
    for one, name in zip(objects, ("alerts", "recording"), strict=True):
        assert (one["kind"], one["metadata"]) == ("PrometheusRule", {"name": f"kvnode-{name}", "labels": {"release": "observe"}})
        assert one["spec"] == yaml.safe_load((DEPLOY / f"prometheus/rules/{name}.yml").read_text())
    monitor = yaml.safe_load((DEPLOY / "prometheus/kubernetes/podmonitor.yml").read_text())
    kept, cluster, *_ = yaml.safe_load(
        (DEPLOY / "prometheus/kubernetes/prometheus.yml").read_text())["scrape_configs"][0]["relabel_configs"]
    endpoint, = monitor["spec"]["podMetricsEndpoints"]
    assert kept["regex"] == f"{monitor['spec']['selector']['matchLabels']['app.kubernetes.io/name']};{endpoint['port']}"
    assert endpoint["relabelings"] == [{"sourceLabels": cluster["source_labels"], "targetLabel": cluster["target_label"]}]


def test_each_alert_fires_and_does_not():
    promtool("test", "rules", "tests/alerts.yml")
    cases = yaml.safe_load((DEPLOY / "prometheus/tests/alerts.yml").read_text())["tests"]
    fired = [
        {name for sample in check["exp_samples"] for name in re.findall('alertname="([^"]*)"', sample["labels"])}
        for case in cases for check in case["promql_expr_test"] if check["expr"].startswith("group by (alertname)")]
    for alert in (rule["alert"] for rule in rules("alerts")):
        assert any(alert in names for names in fired), f"no case has {alert} fire"
        assert any(alert not in names for names in fired)


def test_each_alert_has_its_chapter_in_the_runbook():
    chapters = [line[3:] for line in (ROOT / "docs/runbook.md").read_text().splitlines() if line.startswith("## ")]
    alerts = [rule["alert"] for rule in rules("alerts")]
    assert sorted(chapters) == sorted(alerts)
    for rule in rules("alerts"):
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"]


def test_the_dashboards_are_those_of_their_source():
    subprocess.run([ROOT / "scripts/dashboards", "--check"], check=True, timeout=60)
    identifiers = [json.loads(path.read_text())["uid"] for path in DASHBOARDS]
    assert len(set(identifiers)) == len(identifiers) == 5


def lost(ours, theirs, path: str = ""):
    """What of `ours` is missing from `theirs`, or is something else there."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            yield from lost(value, theirs.get(name), f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, value in enumerate(ours):
            yield from lost(value, theirs[place], f"{path}[{place}]")
    elif ours != theirs:
        yield path


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_grafanas_own_types_know_all_of_a_dashboard(path):
    """A name that they don't know, or a value of another type, would not come back from them."""
    register_default_plugins()
    ours = json.loads(path.read_text())
    theirs = json.loads(JSONEncoder().encode(dashboard.Dashboard.from_json(ours)))
    # Grafana's data source for Prometheus reads it of an annotation, and the types have only what all data sources have.
    assert set(lost(ours, theirs)) <= {".annotations.list[0].titleFormat"}
    kinds = {panel["type"] for panel in theirs["panels"]}
    assert kinds <= {"row", "timeseries", "stat", "heatmap", "table"} and "timeseries" in kinds
    broken = json.loads(path.read_text().replace('"gridPos"', '"gridPosition"'))
    assert list(lost(broken, json.loads(JSONEncoder().encode(dashboard.Dashboard.from_json(broken))))), "nothing is found"


# What real nodes tell


class Exporter:
    """Tells one text to whoever asks."""

    def __init__(self, text: str):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def job(self) -> dict:
        return {"job_name": "kubernetes", "static_configs": [{"targets": [f"127.0.0.1:{self.server.server_port}"]}]}


def panels() -> list[tuple[str, str]]:
    """Each panel's expressions, as Grafana would ask them of all nodes."""
    found = []
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", WINDOW)
                expression = re.sub(r"\$(cluster|instance|namespace|pod)\b", ".*", expression)
                assert "$" not in expression
                found.append((f"{path.stem}: {panel['title']}, {target['refId']}", expression))
    return found


@pytest.fixture
def watched(tmp_path, stubs):
    """Three nodes on three engines, by TLS, which keep few hints, and a Prometheus that scrapes them."""
    authority = Authority(tmp_path / "certificates").issue("node0", "node1", "node2", "node3")
    cluster = Cluster(
        tmp_path / "cluster", MIX, stubs, merged(QUICK, {"handoff": {"max_count_per_target": MAX_HINTS}}), authority)
    exporter = Exporter(KUBERNETES)
    prometheus = None
    try:
        cluster.start()
        prometheus = Prometheus(tmp_path / "prometheus", [cluster], [exporter.job])
        yield cluster, prometheus
    finally:
        exporter.server.shutdown()
        if prometheus is not None:
            prometheus.stop()
        cluster.stop()


def instance(node: Node) -> str:
    return f"127.0.0.1:{node.http_port}"


def test_every_expression_gives_data(watched):
    cluster, prometheus = watched
    with Load(cluster.nodes, "b"):
        for node in cluster.nodes:
            assert node.http.put("b", "once", b"").is_stored
            assert node.http.request("PUT", "/v1/buckets/b/keys/once", headers={"If-None-Match": "*"}).status == 412
        empty = dict(panels())

        def all_of_them() -> bool:
            for name in list(empty):
                if prometheus.ask(empty[name]):
                    del empty[name]
            return not empty

        try:
            eventually(all_of_them, "data", 60, 0.5)
        except AssertionError:
            raise AssertionError(f"no data: {json.dumps(empty, indent=1)}") from None
        for rule in rules("recording"):
            eventually(lambda rule=rule: prometheus.ask(rule["record"]), rule["record"])
    eventually(lambda: "unknown" not in prometheus.rules_health(), "every rule's turn")
    assert prometheus.rules_health() == {"ok"}
    prometheus.is_quiet()


def test_a_killed_node_and_a_stalled_transfer(watched, tmp_path, stubs):
    cluster, prometheus = watched
    for index in range(200):
        assert cluster[0].http.put("b", f"k{index}", os.urandom(2000)).is_stored
    prometheus.is_quiet()

    cluster[2].kill()
    missed = itertools.count()

    def put() -> None:
        assert cluster[0].http.put("b", f"missed{next(missed)}", b"").is_stored

    for _ in range(MAX_HINTS):
        put()
    prometheus.fires("KvnodeHintsDropped", instance(cluster[0]), cause=put)
    prometheus.fires("KvnodeDown", instance(cluster[2]))
    prometheus.fires("KvnodeQuorumAtRisk", "c0")
    cluster[1].kill()
    prometheus.fires("KvnodeNotReady", instance(cluster[0]))
    for node in cluster.nodes[1:]:
        node.start()
    cluster.wait_connected()
    prometheus.is_quiet()

    # A node joins, and one of those from which it has to copy says nothing any more.
    new = Node("node3", "lmdb", tmp_path / "node3", stubs, cluster[0].authority)
    new.configure(cluster.nodes, merged(QUICK, {"cluster": {"join": True}, "layout": {"fill_bytes_per_second": 20_000}}))
    cluster.nodes.append(new)
    new.start()
    eventually(lambda: new.http.request("GET", "/healthz").status == 200, "/healthz of node3")
    prometheus.watch("c0", cluster)
    # Before there is something to be seen, since it does not last.
    eventually(lambda: prometheus.ask(f'up{{instance="{instance(new)}"}} == 1'), "a scrape of node3")
    done(cluster[0], "join", new.member)
    done(cluster[0], "commit")
    eventually(lambda: scrape(new)["kvnode_transfer_partitions_left"] > 0, "a transfer")
    os.kill(cluster[1].process.pid, signal.SIGSTOP)
    try:
        prometheus.fires("KvnodeTransferStalled", instance(new), 90)
    finally:
        os.kill(cluster[1].process.pid, signal.SIGCONT)
    prometheus.is_over("KvnodeTransferStalled", instance(new))
    assert cluster_command(cluster[0], "status").stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk(tmp_path, stubs):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk], check=True)
    cluster = Cluster(tmp_path / "nodes", ["rocksdb"], stubs, {"node": {"data_directory": str(disk / "data")}})
    prometheus = None
    try:
        cluster.start()
        prometheus = Prometheus(tmp_path / "prometheus", [cluster])
        eventually(lambda: prometheus.ask("kvnode_disk_available_bytes"), "the room that is left")
        keys = itertools.count()

        def put(size: int) -> int:
            return cluster[0].http.put("b", f"k{next(keys)}", os.urandom(size)).status

        def room() -> float:
            disk_is = os.statvfs(disk)
            return disk_is.f_bavail / disk_is.f_blocks

        while room() > 0.35:
            assert put(300_000) == 204
        # On from here step by step: a disk that is full already does not fill.
        prometheus.fires("KvnodeDiskFills", instance(cluster[0]), cause=lambda: room() > 0.05 and put(20_000))
        assert any(put(300_000) == 507 for _ in range(200))
        prometheus.fires("KvnodeDiskFull", instance(cluster[0]))
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        eventually(lambda: cluster[0].http.put("b", "after", b"space").is_stored, "a write after there is room")
        for alert in ("KvnodeDiskFills", "KvnodeDiskFull"):
            prometheus.is_over(alert, instance(cluster[0]))
    finally:
        if prometheus is not None:
            prometheus.stop()
        cluster.stop()
        subprocess.run(["umount", "--lazy", disk], check=True)


class Pressure:
    """Threads that put random bytes again and again, each to a new key, whatever becomes of them."""

    def __init__(self, node: Node, threads: int, value_bytes: int, **parameters):
        self.node, self._stop = node, threading.Event()
        self._value_bytes, self._parameters = value_bytes, parameters
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def __enter__(self) -> "Pressure":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number: int) -> None:
        client = HTTPClient(self.node.http_port, self.node.authorization)
        value = os.urandom(self._value_bytes)
        for index in itertools.count():
            if self._stop.wait(0.02):
                return client.close()
            with contextlib.suppress(OSError):
                client.put("b", f"{number}-{index}", value, **self._parameters)


def begun_rounds(node: Node) -> float:
    return scrape(node)["kvnode_anti_entropy_rounds_total"]


def have_fired(prometheus: Prometheus, awaited: dict[str, set[str]]) -> bool:
    """Whether all these alerts have, each for one of its subjects; takes out those that do now."""
    firing = prometheus.firing()
    for alert in [alert for alert, subjects in awaited.items() if any((alert, subject) in firing for subject in subjects)]:
        del awaited[alert]
    return not awaited


def test_a_wrong_clock_and_a_node_that_says_nothing(tmp_path, stubs):
    """What clients meet meanwhile, and what the other nodes do."""
    library = build(tmp_path)
    if library is None:
        pytest.skip("no C compiler is installed, with which a node's clock is set")
    cluster = Cluster(tmp_path / "nodes", ["memory"] * 3, stubs, merged(QUICK, {
        # The stream to the node that says nothing stays, and with it the round of comparisons.
        "peer": {"keepalive_ms": 60_000}, "anti_entropy": {"retry_pause_ms": 1000}, "requests": {"max_in_flight": 12, "min_in_flight": 1}, "resp": {"max_connections": 1}}))
    wall = WallClock(library, tmp_path / "clock")
    cluster[1].environment = wall.environment
    prometheus = None
    try:
        cluster.start()
        prometheus = Prometheus(tmp_path / "prometheus", [cluster], bounds={"64e6": "2e4", "> 3600": "> 6"})
        # Of two nodes one begins the rounds: nobody's falls behind if the one stops that begins none.
        eventually(lambda: sorted(map(begun_rounds, cluster.nodes))[1] > 0, "rounds of two nodes")
        silent = min(cluster.nodes, key=begun_rounds)
        asked = next(node for node in cluster.nodes if node is not silent)
        prometheus.is_quiet()

        wall.set_offset(5)
        prometheus.fires("KvnodeClockSkew", instance(cluster[1]))
        assert {subject for alert, subject in prometheus.firing() if alert == "KvnodeClockSkew"} == {instance(cluster[1])}
        wall.set_offset(0)

        def connect() -> socket.socket:
            return socket.create_connection(("127.0.0.1", asked.resp_port), 10)

        with connect():
            prometheus.fires("KvnodeConnectionsRefused", instance(asked), cause=lambda: connect().close())
        os.kill(silent.process.pid, signal.SIGSTOP)
        causes = {
            "KvnodeQuorumMissed": {"c0"}, "KvnodeFailuresBurnFast": {"c0"}, "KvnodeFailuresBurnSlowly": {"c0"},
            "KvnodeLatencyBurnsFast": {"c0"}, "KvnodeLatencyBurnsSlowly": {"c0"},
            "KvnodeHintsGrow": {instance(asked)}, "KvnodeOverloaded": {instance(asked)},
            "KvnodeRepairBehind": {instance(node) for node in cluster.nodes if node is not silent},
        }
        try:
            # To all replicas, and no longer than a moment.
            with Pressure(asked, threads=24, value_bytes=2000, w=3, timeout="300ms"):
                eventually(lambda: have_fired(prometheus, causes), "the alerts", 60)
        except AssertionError:
            raise AssertionError(f"has not fired: {causes}") from None
        finally:
            os.kill(silent.process.pid, signal.SIGCONT)
        prometheus.is_quiet()
        for alert in ("KvnodeLatencyBurnsFast", "KvnodeLatencyBurnsSlowly"):
            prometheus.is_over(alert, "c0")
    finally:
        if prometheus is not None:
            prometheus.stop()
        cluster.stop()


def test_certificates_that_expire_and_files_that_fill_and_are_damaged(tmp_path, stubs):
    authority = Authority(tmp_path / "certificates").issue("node0", options=("--days", "1"))
    cluster = Cluster(
        tmp_path / "nodes", ["lmdb"], stubs, {"engine": {"lmdb": {"map_size_bytes": 16 << 20}}}, authority)
    prometheus = None
    try:
        node = cluster.start()[0]
        prometheus = Prometheus(tmp_path / "prometheus", [cluster])
        for index in range(14):
            assert node.http.put("b", f"k{index}", os.urandom(1_000_000)).is_stored
        for alert in ("KvnodeCertificateExpires", "KvnodeCertificateExpired", "KvnodeMapFills"):
            prometheus.fires(alert, instance(node))
        authority.rotate("node0")
        for index in range(14):
            assert node.http.delete("b", f"k{index}", node.http.get("b", f"k{index}").context).is_stored
        prometheus.is_quiet()

        spoilt = os.urandom(2000)
        assert node.http.put("b", "spoilt", spoilt).is_stored
        with open(node.directory / "data/engine/data.mdb", "r+b") as file:
            # An older state of its page may hold it, too.
            places = [found.start() for found in re.finditer(re.escape(spoilt), file.read())]
            assert places
            for place in places:
                file.seek(place + 1000)
                file.write(bytes([spoilt[1000] ^ 1]))
        assert node.http.get("b", "spoilt").status >= 500
        prometheus.fires("KvnodeEngineDamaged", instance(node))
    finally:
        if prometheus is not None:
            prometheus.stop()
        cluster.stop()


@contextlib.contextmanager
def nearly_all_files_open(node: Node):
    """Opens so many connections that the node has nine tenths of the files open that it may have meanwhile."""
    pid = node.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    open_files = len(os.listdir(f"/proc/{pid}/fd"))
    limit = 2 * open_files
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        with contextlib.ExitStack() as connections:
            for _ in range(limit * 9 // 10 - open_files):
                connections.enter_context(socket.create_connection(("127.0.0.1", node.resp_port), 10))
            yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_clients_that_guess_that_take_all_files_and_that_write_too_much(tmp_path, stubs):
    """And a receiver of traces that is not there."""
    administrator = User("administrator", ["admin:*"], {"t": "administrator"})
    write_users(tmp_path / "users.yaml", [administrator])
    cluster = Cluster(tmp_path / "nodes", ["rocksdb"], stubs, {
        "access": {"users_file": str(tmp_path / "users.yaml")}, "metrics": {"open": True},
        "clients": {"reserved_files": 2},
        "tracing": {"endpoint": f"http://127.0.0.1:{free_port()}", "sample_ratio": 1, "flush_ms": 100, "retry_ms": 100},
        # More tables than compactions can tidy up, from a load that a test can make.
        "engine": {"rocksdb": {"write_buffer_bytes": 1 << 16, "max_write_buffers": 2}}})
    node = cluster[0]
    node.authorization = administrator.bearer
    prometheus = None
    try:
        cluster.start()
        prometheus = Prometheus(tmp_path / "prometheus", [cluster])
        prometheus.is_quiet()

        stranger = HTTPClient(node.http_port, User("stranger", tokens={"t": "guessed"}).bearer)
        awaited = {"KvnodeAccessRefused": {"c0"}, "KvnodeFilesRunOut": {instance(node)}}

        def have_fired_while_guessing() -> bool:
            assert stranger.get("b", "k").status == 401
            return have_fired(prometheus, awaited)

        with nearly_all_files_open(node):
            eventually(have_fired_while_guessing, "the alerts", 40)
        stranger.close()
        with Pressure(node, threads=4, value_bytes=200_000, timeout="20s"):
            meanwhile = {"KvnodeCompactionStalls": {instance(node)}, "KvnodeTracesDropped": {instance(node)}}
            eventually(lambda: have_fired(prometheus, meanwhile), "the alerts", 60)
        # What has piled up is compacted at a low priority.
        prometheus.is_quiet(120)
    finally:
        if prometheus is not None:
            prometheus.stop()
        cluster.stop()
