"""The log: JSON that Elasticsearch takes, levels that change while a node runs, slow requests, a reader that takes nothing."""

import base64
import json
import os
import pty
import select
import signal
import subprocess
import threading

import pytest

from support.cluster import BINARY, Cluster, clean_environment
from support.elastic import Elastic
from support.http import HTTPClient
from support.metrics import scrape
from support.operator import DONE, USAGE
from support.users import User, write_users
from support.waiting import eventually

BUCKET = "carts"
KEY, VALUE = "a-secret-key", b"a-secret-value"
SLOW_MS = 200
NANOSECONDS = 1_000_000
ROOT = User("root", ["admin:*"], {"t": "root"})
WRITER = User("writer", ["write:*"], {"t": "writer"})


def objects(node) -> list[dict]:
    """The lines of a node's log; each has to be JSON."""
    # The last may not be complete yet.
    return [json.loads(line) for line in node.log.split("\n")[:-1]]


def lines_of(node, logger: str) -> list[dict]:
    return [line for line in objects(node) if line["log.logger"] == logger]


@pytest.fixture
def logged(tmp_path, stubs):
    """Three nodes that know users and write JSON; requests over SLOW_MS are slow."""
    users = tmp_path / "users.yaml"
    write_users(users, [ROOT, WRITER])
    cluster = Cluster(tmp_path / "logged", ["rocksdb", "leveldb", "lmdb"], stubs, {
        "log": {"format": "json", "level": "debug", "slow_request_ms": SLOW_MS},
        # A node that is paused is waited for, and not taken for gone.
        "peer": {"keepalive_ms": 60_000},
        "access": {"users_file": str(users)}})
    for node in cluster.nodes:
        node.authorization = ROOT.bearer
    try:
        yield cluster.start()
    finally:
        cluster.stop()


# Of a request that waits for a paused node: much longer than the others take, however busy the machine is.
PATIENCE_MS = 10 * SLOW_MS


def put_slowly(cluster, key: str):
    """A put that wants all replicas, and has no more than PATIENCE_MS for it."""
    return cluster[0].http.put(
        BUCKET, key, VALUE, w=3, timeout=f"{PATIENCE_MS}ms", headers={"Authorization": WRITER.bearer})


# MARK: slow requests

def test_a_paused_replica_is_named(logged):
    paused = logged[2]
    os.kill(paused.process.pid, signal.SIGSTOP)
    try:
        # Two of the same replicas: one ends while the replica is silent, the other after it has answered.
        answers = []
        patient = HTTPClient(logged[1].http_port, ROOT.bearer)
        waiting = threading.Thread(target=lambda: answers.append(patient.put(BUCKET, KEY, VALUE, w=3, timeout="30s")))
        waiting.start()
        eventually(lambda: scrape(logged[1])["kvnode_requests_in_flight"] == 1, "the put to be under way")
        failed = put_slowly(logged, KEY)
    finally:
        os.kill(paused.process.pid, signal.SIGCONT)
    waiting.join(60)
    patient.close()
    assert failed.status == 503 or failed.status == 504, failed
    assert answers and answers[0].is_stored

    def told(node, outcome: str) -> dict | None:
        return next((line for line in lines_of(node, "slow_requests")
                     if line["labels.bucket"] == BUCKET and line["event.outcome"] == outcome), None)

    silent = eventually(lambda: told(logged[0], "failure"), "the line on the request that failed")
    assert silent["network.protocol"] == "http" and silent["event.action"] == "put"
    assert silent["user.name"] == WRITER.name and silent["error.code"] == "deadlineExceeded"
    assert silent["event.duration"] >= PATIENCE_MS * NANOSECONDS
    assert silent["labels.key_bytes"] == str(len(KEY)) and silent["labels.value_bytes"] == str(len(VALUE))
    replicas = replica_times(silent)
    assert silent["labels.slowest"] == paused.name and replicas[paused.name][2] == "pending", silent
    assert replicas[paused.name][1] > 2 * SLOW_MS
    assert len(replicas) == 3 and all(
        entry[1] < replicas[paused.name][1] and entry[2] == "answered"
        for name, entry in replicas.items() if name != paused.name), silent

    late = eventually(lambda: told(logged[1], "success"), "the line on the request that succeeded")
    entry = replica_times(late)[paused.name]
    assert late["labels.slowest"] == paused.name and entry[2] == "answered" and entry[1] >= SLOW_MS, late
    assert float(late["labels.quorum_ms"]) >= entry[1]
    for node in logged.nodes:
        for secret in (KEY, VALUE.decode(), base64.b64encode(VALUE).decode(), base64.b64encode(KEY.encode()).decode()):
            assert secret not in node.log


def replica_times(line: dict) -> dict[str, tuple[str, float, str]]:
    """By node: what it was asked, how many milliseconds that took, and what came of it."""
    entries = [entry.split(" ") for entry in line["labels.replicas"].split(", ")]
    return {name: (step, float(time), rest[0] if rest else "answered") for name, step, time, *rest in entries}


# MARK: Elasticsearch

def test_elasticsearch_takes_every_line(logged):
    node = logged[0]
    assert node.http.put(BUCKET, KEY, VALUE).is_stored
    assert node.http.get(BUCKET, KEY, headers={"Authorization": "Bearer kvnode_wrong"}).status == 401
    assert node.http.set_properties(BUCKET, {"n": 3}).status in (200, 204)
    os.kill(logged[1].process.pid, signal.SIGSTOP)
    put_slowly(logged, KEY)
    os.kill(logged[1].process.pid, signal.SIGCONT)
    logged[2].kill()
    eventually(
        lambda: any("the peer is lost" in line["message"] for line in lines_of(node, "peers")), "the loss of a peer")
    eventually(
        lambda: any(line.get("user.name") == WRITER.name for line in lines_of(node, "slow_requests")),
        "the line on the slow request")
    # So that the last line of each is complete.
    for running in (logged[1], node):
        assert running.terminate() == 0
    lines = [line for node in logged.nodes for line in node.log.split("\n") if line]
    # The last line of the killed node may be cut.
    killed = logged[2].log
    if killed and not killed.endswith("\n"):
        lines.remove(killed.split("\n")[-1])
    assert len(lines) > 50
    with Elastic() as elastic:
        assert elastic.bulk(lines) == []
        assert len(elastic.search(ecs__version="8.11.0", service__name="kvnode")) == len(lines)
        assert "the node starts" in {line["message"] for line in elastic.search(log__logger="kvnode")}
        assert elastic.search(log__logger="audit", event__reason="unauthenticated", event__action="authenticate")
        assert elastic.search(log__logger="audit", event__outcome="success", user__name=ROOT.name)
        assert elastic.search(log__logger="slow_requests", labels__slowest="node1", user__name=WRITER.name)
        assert elastic.search(log__logger="peers", log__level="warning", service__node__name="node0")
        # The template is strict here, too: what it lacks would have been rejected.
        line = json.loads(lines[0])
        for wrong in ({"unknown": "x"}, {"log.unknown": "x"}, {"event.duration": "long"}, {"@timestamp": "now"}):
            assert len(elastic.bulk([json.dumps({**line, **wrong})])) == 1, wrong


# MARK: levels

def config(node, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BINARY, "config", *arguments, "--endpoint", f"127.0.0.1:{node.grpc_port}"], capture_output=True, text=True,
        timeout=60, env={**clean_environment(), "KVNODE_TOKEN": ROOT.token})


def levels(node) -> dict[str, dict]:
    ended = config(node, "get", "log.level", "--json")
    assert ended.returncode == DONE, ended
    return {one["logger"]: one for one in json.loads(ended.stdout)["loggers"]}


def test_levels_change_while_a_node_runs(logged):
    node, other = logged[0], logged[1]
    assert levels(node)["audit"]["level"] == "debug"

    ended = config(node, "set", "log.level", "error", "--logger", "audit")
    assert ended.returncode == DONE and "with the next start" in ended.stdout, ended
    assert levels(node)["audit"] == {"logger": "audit", "level": "error", "changed": True}
    assert "changed" not in levels(node)["peers"] and "changed" not in levels(other)["audit"]
    # An action that would have a line now has none: the change itself was the last.
    before = len(lines_of(node, "audit"))
    assert node.http.set_properties(BUCKET, {"n": 2}).status in (200, 204)

    ended = config(node, "reset", "log.level")
    assert ended.returncode == DONE and "with the next start" not in ended.stdout, ended
    audited = eventually(
        lambda: [line for line in lines_of(node, "audit") if line["event.action"] == "set_log_level"],
        "the line on the change")
    assert len(lines_of(node, "audit")) <= before + 1
    assert audited[-1]["user.name"] == ROOT.name and audited[-1]["event.outcome"] == "success"

    ended = config(node, "set", "log.level", "warning", "--for", "1s", "--json")
    assert ended.returncode == DONE, ended
    assert all(0 < one["ends_in_ms"] <= 1000 for one in json.loads(ended.stdout)["loggers"])
    eventually(lambda: levels(node)["kvnode"]["level"] == "debug", "the end of the change")

    assert config(node, "set", "log.level", "trace").returncode == DONE
    status = subprocess.run(
        [BINARY, "cluster", "status", "--endpoint", f"127.0.0.1:{node.grpc_port}"], capture_output=True, text=True,
        timeout=60, env={**clean_environment(), "KVNODE_TOKEN": ROOT.token})
    assert "log levels are changed: " in status.stdout and "peers trace" in status.stdout, status
    assert node.terminate() == 0
    node.start()
    node.wait_ready()
    assert levels(node)["peers"]["level"] == "debug"


@pytest.mark.parametrize("arguments, words", [
    (["set", "log.level", "loud"], "takes one of trace, debug"),
    (["set", "log.level", "debug", "--logger", "nobody"], "there is no logger 'nobody'"),
    (["set", "log.level", "debug", "--for", "soon"], "--for"),
    (["set", "log.level", "debug", "--for", "48h"], "86400000 ms at most"),
    (["set", "engine.type", "lmdb"], "log.level"),
    (["get", "engine.type"], "log.level"),
])
def test_what_cannot_be_set_is_refused(logged, arguments, words):
    ended = config(logged[0], *arguments)
    assert ended.returncode == USAGE and words in ended.stderr, ended


# MARK: a reader that takes nothing

def test_a_file_gets_json_by_itself(tmp_path, stubs):
    cluster = Cluster(tmp_path / "auto", ["memory"], stubs, {"log": {"format": "auto"}})
    try:
        node = cluster.start()[0]
        assert {line["service.node.name"] for line in objects(node)} == {"node0"}
    finally:
        cluster.stop()


def test_a_terminal_gets_lines_for_people(tmp_path, stubs):
    node = Cluster(tmp_path / "terminal", ["memory"], stubs, {"log": {"format": "auto"}})[0]
    master, terminal = pty.openpty()
    node.process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", BINARY, "serve", "--config", node.configuration_path],
        stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=clean_environment(), start_new_session=True)
    os.close(terminal)
    try:
        said = b""
        while b"the node starts" not in said:
            readable, _, _ = select.select([master], [], [], 30)
            assert readable, said
            said += os.read(master, 4096)
        assert b" info kvnode: the engine is open" in said and not said.startswith(b"{")
        node.wait_ready()
    finally:
        assert node.terminate() == 0
        os.close(master)


def test_a_log_that_nobody_reads_holds_up_nobody(tmp_path, stubs):
    users = tmp_path / "users.yaml"
    write_users(users, [ROOT])
    cluster = Cluster(tmp_path / "unread", ["memory"], stubs, {
        "log": {"format": "json", "max_queued_bytes": 64 << 10},
        "access": {"users_file": str(users), "max_refusals_logged_per_second": 1_000_000}})
    node = cluster[0]
    node.authorization = ROOT.bearer
    node.process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", BINARY, "serve", "--config", node.configuration_path],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=clean_environment())
    try:
        node.wait_ready()
        # Far more than pipe and queue hold.
        for number in range(1_500):
            answer = node.http.get(BUCKET, f"key-{number}", headers={"Authorization": "Bearer kvnode_wrong"})
            assert answer.status == 401
        assert node.http.put(BUCKET, KEY, VALUE).is_stored
        # Once what is missing has been told of, nothing more is left out: not the last line either.
        said: list[bytes] = []
        reader = threading.Thread(target=lambda: [said.append(line) for line in node.process.stderr])
        reader.start()
        eventually(lambda: any(b"left_out" in line for line in said), "the count of what was left out")
        assert node.terminate() == 0
        reader.join(60)
    finally:
        cluster.stop()
    lines = [json.loads(line) for line in said]
    left_out = [int(line["labels.left_out"]) for line in lines if line["log.logger"] == "log"]
    refused = sum(line["log.logger"] == "audit" for line in lines)
    assert left_out and refused + sum(left_out) >= 1_500, (refused, left_out)
    assert lines[-1]["message"] == "the node has stopped"
