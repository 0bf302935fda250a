"""`kvnode backup ...` as an operator calls it, and what is in the place where backups are."""

import json
import os
import pathlib
import subprocess
import time

from .binary import BINARY, clean_environment
from .cluster import Cluster, Node
from .operator import members
from .waiting import eventually

DONE, FAILED, NOT_FOUND, DAMAGED, UNAVAILABLE, REFUSED, USAGE = 0, 1, 2, 3, 4, 5, 64
# What `backup_pb2.BackupStatus.State` and the JSON of `create` and `status` call them.
RUNNING, COMPLETE, CANCELLED = "STATE_RUNNING", "STATE_DONE", "STATE_CANCELLED"
DAY = 86_400
# Nodes that compare and hand over soon, and have few partitions, so that a backup has few objects.
QUICK = {
    "cluster": {"partitions": 16},
    "layout": {"news_interval_ms": 200},
    "peer": {"backoff_max_ms": 300, "keepalive_ms": 3000},
    "handoff": {"interval_ms": 500},
}


def backup_arguments(*arguments) -> list[str]:
    return [str(BINARY), "backup", *map(str, arguments)]


def backup_command(*arguments, environment: dict | None = None, seconds: float = 100) -> subprocess.CompletedProcess:
    return subprocess.run(
        backup_arguments(*arguments), capture_output=True, text=True, timeout=seconds, start_new_session=True,
        env={**clean_environment(), **(environment or {})})


def done(*arguments, **options) -> str:
    """The output of a command that succeeds."""
    ended = backup_command(*arguments, **options)
    assert ended.returncode == DONE, f"{arguments} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def refused(code: int, words: str, *arguments, **options) -> str:
    """What a command says that fails with `code`: one line, with `words` in it, and nothing of a trace."""
    return refusal(backup_command(*arguments, **options), code, words)


def refusal(ended: subprocess.CompletedProcess, code: int, words: str) -> str:
    said = [line for line in ended.stderr.splitlines() if not is_progress(line)]
    assert ended.returncode == code, f"it ended with {ended.returncode}, not {code}: {ended}"
    assert len(said) == 1 and words in said[0] and said[0].startswith("kvnode: "), ended
    return said[0]


def is_progress(line: str) -> bool:
    """Such as `kvnode: 12 %, 100 keys, 1 MB sent`."""
    return line.removeprefix("kvnode: ").split(" ")[0].isdigit() and " %, " in line


def endpoints(nodes) -> list[str]:
    """Of one node or of several, with the authority that they need."""
    nodes = [nodes] if isinstance(nodes, Node) else list(nodes)
    trust = ["--ca", str(nodes[0].authority.trust)] if nodes[0].authority else []
    return [word for node in nodes for word in ("--endpoint", f"127.0.0.1:{node.grpc_port}")] + trust


class Archive:
    """A place where backups are. `environment` is what the commands need to reach it, such as credentials or a key; none of
    them takes longer than `seconds`.
    """

    def __init__(self, location: str, environment: dict | None = None, seconds: float = 100):
        self.location = location
        self.environment = environment or {}
        self.seconds = seconds

    # MARK: commands

    def begin(self, nodes, id: str, *arguments) -> subprocess.Popen:
        """`create` in the background."""
        return subprocess.Popen(
            backup_arguments("create", "--to", self.location, f"--id={id}", *endpoints(nodes), *arguments),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**clean_environment(), **self.environment})

    def try_to_create(self, nodes, id: str, *arguments) -> subprocess.CompletedProcess:
        return backup_command(
            "create", "--to", self.location, f"--id={id}", *endpoints(nodes), *arguments, environment=self.environment,
            seconds=self.seconds)

    def create(self, nodes, id: str) -> dict[str, dict]:
        """What each node says of its part, by its name."""
        ended = self.try_to_create(nodes, id, "--json")
        assert ended.returncode == DONE, ended
        return {one["node"]: one for one in map(json.loads, ended.stdout.splitlines())}

    def run(self, command: str, *arguments, seconds: float | None = None) -> subprocess.CompletedProcess:
        """One of the commands that read the place."""
        return backup_command(
            command, "--from", self.location, *arguments, environment=self.environment, seconds=seconds or self.seconds)

    def done(self, command: str, *arguments) -> str:
        return done(command, "--from", self.location, *arguments, environment=self.environment, seconds=self.seconds)

    def refused(self, code: int, words: str, command: str, *arguments) -> str:
        return refusal(self.run(command, *arguments), code, words)

    def list(self) -> list[dict]:
        return json.loads(self.done("list", "--json"))

    def listed(self, id: str) -> dict | None:
        return next((one for one in self.list() if one["id"] == id), None)

    def restore(self, node: Node, *arguments) -> int:
        """How many rows were sent."""
        return json.loads(self.done("restore", *endpoints(node), "--json", *arguments))["rows"]

    def try_to_restore(self, node: Node, *arguments) -> subprocess.CompletedProcess:
        return self.run("restore", *endpoints(node), *arguments)

    def refuses_restore(self, code: int, words: str, node: Node, *arguments) -> str:
        return refusal(self.try_to_restore(node, *arguments), code, words)

    def verify(self, *arguments) -> dict:
        return json.loads(self.done("verify", "--json", *arguments))

    def prune(self, keep: int, *arguments) -> dict:
        return json.loads(self.done("prune", "--keep", str(keep), "--json", *arguments))


class Folder(Archive):
    """Backups in a folder, whose files the test may look at and spoil."""

    def __init__(self, path: pathlib.Path, environment: dict | None = None, seconds: float = 100):
        super().__init__(f"file://{path}", environment, seconds)
        self.path = path

    def objects(self, prefix: str = "") -> dict[str, int]:
        """The sizes of what is there, by name."""
        return {
            name: path.stat().st_size for path in self.path.rglob("*")
            if path.is_file() and not (name := str(path.relative_to(self.path))).startswith(".") and name.startswith(prefix)}

    def contents(self) -> dict[str, bytes]:
        return {name: (self.path / name).read_bytes() for name in self.objects()}

    def total(self) -> int:
        return sum(self.objects().values())

    def age(self, seconds: float, prefix: str = "") -> None:
        """Has what is there have been put so long ago."""
        then = time.time() - seconds
        for name in self.objects(prefix):
            os.utime(self.path / name, (then, then))

    def flip(self, name: str, place: float = 0.5) -> bytes:
        """Changes one bit of an object, at a share of its length; gives what it was."""
        path = self.path / name
        before = path.read_bytes()
        changed = bytearray(before)
        changed[int(place * (len(before) - 1))] ^= 0x04
        path.write_bytes(changed)
        return before


def status(node: Node) -> dict:
    """What `kvnode backup status` says."""
    return json.loads(done("status", "--json", *endpoints(node)))


def is_at(node: Node, id: str, partitions: int = 1) -> bool:
    """Whether the node is at a backup, and has come so far."""
    now = status(node)
    assert now["state"] == RUNNING, now
    return now["id"] == id and now.get("partitions_done", 0) >= partitions


def pace(bytes_per_second: int) -> dict:
    return {"backup": {"bytes_per_second": bytes_per_second}}


def fill(cluster: Cluster, bucket: str, count: int, size: int = 1024, first: int = 0) -> dict[str, bytes]:
    """Puts values that no compression makes smaller, on all replicas."""
    values = {f"k{index:06}": os.urandom(size) for index in range(first, first + count)}
    put_all(cluster, bucket, values)
    return values


def put_all(cluster: Cluster, bucket: str, values: dict[str, bytes]) -> None:
    """In the place of what is there."""
    m, names = cluster[0].grpc.m, list(values)
    w = min(3, len(cluster.nodes))

    def results(operation) -> dict:
        found = cluster[0].grpc.session(
            m.SessionRequest(operations=[operation(index) for index in range(start, min(start + 50, len(names)))])
            for start in range(0, len(names), 50))
        failed = [str(one.error) for one in found.values() if one.HasField("error")]
        assert not failed, f"{len(failed)} of {len(names)} failed: {failed[:3]}"
        return found

    seen = results(lambda index: m.SessionOperation(id=index, get=m.GetRequest(bucket=bucket, key=names[index].encode())))
    results(lambda index: m.SessionOperation(id=index, put=m.PutRequest(
        bucket=bucket, key=names[index].encode(), value=values[names[index]], context=seen[index].get.context,
        options=m.Options(w=w))))


def assert_has(node: Node, bucket: str, values: dict[str, bytes]) -> None:
    """Each key is read as its one value."""
    found = node.grpc.read_all(bucket, list(values))
    wrong = [key for key, value in values.items() if found[key] != [value]]
    assert not wrong, f"{len(wrong)} of {len(values)} differ at {node.name}: {[(key, found[key][:2]) for key in wrong[:3]]}"


def start_empty(cluster: Cluster) -> Cluster:
    """Starts nodes without the keys that `Cluster.start` puts to see that all reach all: a restore would be refused."""
    for node in cluster.nodes:
        node.start()
    for node in cluster.nodes:
        node.wait_ready()
    for node in cluster.nodes:
        eventually(
            lambda node=node: all(one.get("connected", one["member"]["name"] == node.name) for one in members(node).values()),
            f"connections from {node.name} to its peers")
        # A node that is new to its disk serves no reads until it knows that it has lost nothing.
        eventually(lambda node=node: node.http.list("b").status == 200, f"reads by {node.name}")
    return cluster
