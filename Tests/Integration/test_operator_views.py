"""What an operator looks at: `kvnode status`, `top`, `cluster ring KEY`, `bucket`, and what the program says of itself."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import threading
import time

import pytest

from support.cluster import BINARY, Cluster, clean_environment
from support.ports import free_port
from support.waiting import eventually

DONE, ATTENTION, UNAVAILABLE, USAGE = 0, 2, 4, 64


def kvnode(*arguments: str, nodes=(), input: str = "") -> subprocess.CompletedProcess:
    endpoints = [f"--endpoint=127.0.0.1:{node.grpc_port}" for node in nodes]
    return subprocess.run(
        [BINARY, *arguments, *endpoints], input=input, capture_output=True, text=True, timeout=60, env=clean_environment())


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, stubs):
    """Three nodes on three engines, which the tests leave running."""
    shared = Cluster(tmp_path_factory.mktemp("views"), ["rocksdb", "leveldb", "lmdb"], stubs)
    try:
        yield shared.start()
    finally:
        shared.stop()


class Load:
    """Reads of a key, one after the other, until it ends."""

    def __init__(self, node):
        self._node, self._ends = node, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._ends.is_set():
            self._node.http.get("load", "k")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join(60)


def test_status_shows_all_at_a_glance(mixed):
    eventually(lambda: kvnode("status", nodes=mixed.nodes).returncode == DONE, "the cluster to be well")
    with Load(mixed[0]):
        shown = kvnode("status", "--json", nodes=mixed.nodes)
    assert shown.returncode == DONE, shown
    told = json.loads(shown.stdout)
    assert told["problems"] == [] and told["layout_version"] == 1 and told["requests_per_second"] > 0
    assert {node["engine"] for node in told["nodes"]} == {"rocksdb", "leveldb", "lmdb"}
    for node in told["nodes"]:
        assert node["state"] == "up" and node["partitions"] > 0 and node["hints"] == 0
        assert 0 < node["disk_available_bytes"] < node["disk_size_bytes"]
    first = next(node for node in told["nodes"] if node["name"] == "node0")
    assert first["requests_per_second"] > 0 and first["p99_seconds"] > 0
    text = kvnode("status", nodes=mixed.nodes[:1]).stdout
    assert "all is well\n" in text and "give an --endpoint of node1, node2, too\n" in text
    assert "\x1b" not in text
    assert re.search(r"^node0 +up +- +rocksdb +\d+ +0 +0 +\d", text, re.MULTILINE)


def test_status_says_what_is_wrong(start_cluster):
    cluster = start_cluster(["memory"] * 3)
    cluster[2].kill()
    shown = eventually(
        lambda: (ended := kvnode("status", "--json", nodes=cluster.nodes)).returncode == ATTENTION
        and "away" in ended.stdout and ended, "the dead node to be noticed")
    problems = json.loads(shown.stdout)["problems"]
    assert "can't be asked" in problems[0] and any("node2" in line and "is not connected" in line for line in problems)
    nobody = kvnode("status", f"--endpoint=127.0.0.1:{free_port()}")
    assert nobody.returncode == UNAVAILABLE and nobody.stderr and not nobody.stdout
    assert kvnode("top", f"--endpoint=127.0.0.1:{free_port()}").returncode == UNAVAILABLE


def test_top_writes_plain_views_where_there_is_no_terminal(mixed):
    ended = kvnode("top", "--count", "3", "--interval", "100ms", nodes=mixed.nodes)
    assert ended.returncode == DONE and "\x1b" not in ended.stdout
    assert ended.stdout.count("cluster ") == 3 and ended.stdout.count("node1 ") == 3
    lines = kvnode("top", "--count", "2", "--interval", "100ms", "--json", nodes=mixed.nodes).stdout.splitlines()
    assert len(lines) == 2
    first, second = map(json.loads, lines)
    assert "requests_per_second" not in first and "requests_per_second" in second
    assert kvnode("top", "--count", "0").returncode == USAGE


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *arguments: str, environment: dict | None = None):
        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.execve(BINARY, [str(BINARY), *arguments], clean_environment() | {"TERM": "xterm"} | (environment or {}))
        self.output = b""

    def wait_for(self, text: bytes) -> None:
        deadline = time.monotonic() + 30
        while text not in self.output:
            assert time.monotonic() < deadline, self.output
            if select.select([self.descriptor], [], [], 1)[0]:
                self.output += os.read(self.descriptor, 65536)

    def end(self) -> int:
        """The exit code, once it has ended."""
        while True:
            try:
                if not (more := os.read(self.descriptor, 65536)):
                    break
                self.output += more
            except OSError:  # the other side is closed
                break
        code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        os.close(self.descriptor)
        return code


@pytest.mark.parametrize("end", ["q", "^C", "SIGTERM"])
def test_top_fills_a_terminal_and_gives_it_back(mixed, end):
    top = Terminal("top", "--interval", "100ms", "--endpoint", f"127.0.0.1:{mixed[0].grpc_port}")
    top.wait_for(b"all is well")
    top.wait_for(b"in flight")
    if end == "SIGTERM":
        os.kill(top.child, signal.SIGTERM)
    else:
        os.write(top.descriptor, {"q": b"q", "^C": b"\x03"}[end])
    assert top.end() == DONE
    assert top.output.startswith(b"\x1b[?1049h") and top.output.endswith(b"\x1b[?1049l")
    assert b"\x1b[32mall is well" in top.output


def test_colours_are_left_out_where_they_are_not_wanted(mixed):
    endpoint = f"--endpoint=127.0.0.1:{mixed[0].grpc_port}"
    plain = Terminal("status", endpoint, environment={"NO_COLOR": "1"})
    assert plain.end() == DONE and b"\x1b" not in plain.output and b"all is well" in plain.output
    coloured = Terminal("status", endpoint)
    assert coloured.end() == DONE and b"\x1b[32mall is well\x1b[0m" in coloured.output


def test_ring_says_what_each_replica_holds(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    cluster[0].http.put("b", "k", b"value", w=3)

    def ring(key: str) -> dict:
        ended = kvnode("cluster", "ring", key, "--bucket", "b", "--json", nodes=cluster.nodes[:1])
        assert ended.returncode == DONE, ended
        return json.loads(ended.stdout)

    held = ring("k")["holdings"]
    assert len(held) == 3 and {one["state"] for one in held} == {"STATE_PRESENT"}
    assert all(one["versions"][0]["bytes"] == 5 and one["context"] for one in held)
    assert {one["state"] for one in ring("never")["holdings"]} == {"STATE_ABSENT"}
    assert "no replica that answered knows the key" in kvnode("cluster", "ring", "never", "--bucket", "b", nodes=cluster.nodes[:1]).stdout
    text = kvnode("cluster", "ring", "k", "--bucket", "b", nodes=cluster.nodes[1:2]).stdout
    assert text.count("value of 5 B") == 3 and "hold the same" in text and "value\n" not in text

    assert kvnode("del", "k", "--bucket", "b", "--w", "3", nodes=cluster.nodes[:1]).returncode == DONE
    assert {one["state"] for one in ring("k")["holdings"]} == {"STATE_DELETED"}
    cluster[2].kill()
    away = eventually(
        lambda: [one for one in ring("k")["holdings"] if one["state"] == "STATE_UNKNOWN"], "the replica to be away")
    assert [one["node"] for one in away] == ["node2"] and away[0]["error"]


def test_bucket_properties(mixed):
    before = json.loads(kvnode("bucket", "get", "fresh", "--json", nodes=mixed.nodes[:1]).stdout)
    assert before == {"bucket": "fresh", "conflict": "siblings", "n": 3, "quorum": before["quorum"], "r": 2, "ttl": 0, "w": 2}
    changed = kvnode(
        "bucket", "set", "fresh", "--conflict", "last-write-wins", "--w", "3", "--ttl", "60", "--json", nodes=mixed.nodes[1:2])
    after = before | {"conflict": "last-write-wins", "w": 3, "ttl": 60}
    assert json.loads(changed.stdout) == after
    eventually(
        lambda: json.loads(kvnode("bucket", "get", "fresh", "--json", nodes=mixed.nodes[2:]).stdout) == after,
        "all nodes to know")
    listed = json.loads(kvnode("bucket", "list", "--json", nodes=mixed.nodes[1:2]).stdout)["buckets"]
    assert after in listed
    assert "fresh   3  2  3  last-write-wins" in kvnode("bucket", "list", nodes=mixed.nodes[1:2]).stdout
    assert kvnode("bucket", "set", "fresh", nodes=mixed.nodes[:1]).returncode == USAGE
    wrong = kvnode("bucket", "set", "fresh", "--n", "2", "--r", "3", nodes=mixed.nodes[:1])
    assert wrong.returncode == USAGE and wrong.stderr


def test_version_tells_engines_and_formats():
    told = json.loads(kvnode("version", "--json").stdout)
    assert {"rocksdb", "leveldb", "lmdb", "memory"} <= set(told["engines"])
    assert told["peer_protocol"] > 0 and told["data_format"] > 0
    assert kvnode("version").stdout.startswith(f"kvnode {told['version']}\n")
    assert kvnode("--version").stdout.strip() == told["version"]


def test_shells_take_the_completion():
    script = kvnode("completion", "bash").stdout
    assert "_kvnode" in script
    assert subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True).stderr == ""
    completed = subprocess.run(
        ["bash", "--norc"], input=script + """
COMP_WORDS=(kvnode cluster tr); COMP_CWORD=2; COMP_LINE='kvnode cluster tr'; COMP_POINT=${#COMP_LINE}
_kvnode kvnode tr cluster; printf '%s\\n' "${COMPREPLY[@]}"
""", capture_output=True, text=True, env=clean_environment() | {"PATH": f"{BINARY.parent}:{os.environ['PATH']}"})
    assert completed.stdout.split() == ["transfers"], completed
    for shell in ("zsh", "fish"):
        assert "transfers" in kvnode("completion", shell).stdout
    assert kvnode("completion", "csh").returncode == USAGE


def test_the_manual_is_a_manual():
    page = kvnode("man").stdout
    if not shutil.which("groff"):
        pytest.skip("there is no groff")
    shown = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-cbou"], input=page, capture_output=True, text=True)
    assert shown.returncode == 0 and shown.stderr == "", shown.stderr
    for words in ("kvnode cluster transfers", "--print-context", "Exit codes: 0 done"):
        assert words in " ".join(shown.stdout.replace("\u2010", "-").split())
