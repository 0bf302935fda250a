"""`kvnode dev`: a cluster in one terminal."""

import os
import re
import signal
import subprocess

import pytest

from support.cluster import BINARY, clean_environment
from support.http import HTTPClient
from support.ports import free_block
from support.waiting import GivesUp, eventually


class Dev:
    """A running `kvnode dev`."""

    def __init__(self, directory, *arguments):
        self.base = free_block(40)
        self.output = directory / f"dev-{self.base}.log"
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", BINARY, "dev", "--data", directory / "data",
                 "--base-port", str(self.base), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=clean_environment(),
                start_new_session=True)

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_ready(self) -> None:
        eventually(self.says_ready, "the word ready", seconds=60)

    def says_ready(self) -> bool:
        if self.process.poll() is not None:
            raise GivesUp(f"kvnode dev ended with {self.process.returncode}:\n{self.text}")
        return re.search(r"^.*\bready\b", self.text, re.M) is not None

    def http(self, node: int) -> HTTPClient:
        return HTTPClient(self.base + 10 * node + 2)

    def children(self) -> list[int]:
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True).stdout
        return sorted(int(pid) for pid in listed.split())

    def interrupt(self) -> int:
        """^C, as a terminal sends it: to the whole group."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def dev(tmp_path):
    started = []

    def start(*arguments) -> Dev:
        started.append(Dev(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()


def test_three_engines_serve_and_stop_cleanly(dev):
    running = dev("--nodes", "3", "--engines", "rocksdb,leveldb,lmdb")
    running.wait_ready()
    children = running.children()
    assert len(children) == 3
    for engine in ("rocksdb", "leveldb", "lmdb"):
        assert engine in running.text
    for node in range(3):
        for offset in range(3):
            assert str(running.base + 10 * node + offset) in running.text

    assert running.http(0).put("b", "k", b"v").is_stored
    assert [running.http(node).get("b", "k").values for node in range(3)] == [[b"v"]] * 3
    assert running.interrupt() == 0
    assert not any(alive(pid) for pid in children)

    again = dev("--nodes", "3", "--engines", "rocksdb,leveldb,lmdb")
    again.wait_ready()
    assert again.http(2).get("b", "k").values == [b"v"], "the data directory is kept"


def test_a_killed_child_is_started_again_when_asked(dev):
    running = dev("--nodes", "3", "--engine", "lmdb", "--restart")
    running.wait_ready()
    before = running.children()
    os.kill(before[1], signal.SIGKILL)
    eventually(
        lambda: len(running.children()) == 3 and before[1] not in running.children(), "a child in place of the killed")
    eventually(
        lambda: all(running.http(node).put("b", f"k{node}", b"v", w=3, timeout="1s").is_stored for node in range(3)),
        "writes to all three nodes")
    assert running.interrupt() == 0


def test_a_killed_child_stays_down_otherwise_and_the_others_serve(dev):
    running = dev("--nodes", "3", "--engine", "rocksdb")
    running.wait_ready()
    before = running.children()
    os.kill(before[2], signal.SIGKILL)
    eventually(lambda: running.children() == before[:2], "the killed child to be gone")
    alive_nodes = [node for node in range(3) if serves(running.http(node))]
    assert len(alive_nodes) == 2
    for node in alive_nodes:
        assert running.http(node).put("b", "k", b"v", w=2).is_stored
    assert running.process.poll() is None


def test_children_die_with_a_killed_parent(dev):
    running = dev("--nodes", "3", "--engine", "leveldb")
    running.wait_ready()
    children = running.children()
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    eventually(lambda: not any(alive(pid) for pid in children), "the end of the children")


@pytest.mark.parametrize("arguments", [
    ("--nodes", "0"), ("--engine", "nosuch"), ("--nodes", "3", "--engines", "rocksdb,lmdb,leveldb,lmdb"),
    ("--engine", "lmdb", "--engines", "lmdb,lmdb,lmdb")])
def test_senseless_arguments_are_refused(dev, arguments):
    refused = dev(*arguments)
    assert refused.process.wait(60) == 64, refused.text


def serves(http: HTTPClient) -> bool:
    try:
        return http.request("GET", "/healthz").status == 200
    except OSError:
        return False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in open(f"/proc/{pid}/status").read()
