"""The operator's commands, `kvnode cluster ...` and `kvnode engine ...`, and nodes that join a running cluster."""

import json
import subprocess

from .cluster import BINARY, Cluster, Node, clean_environment, merged
from .waiting import eventually

DONE, ATTENTION, UNAVAILABLE, REFUSED, USAGE = 0, 2, 4, 5, 64
# Of `kvnode engine migrate` and `repair`.
FAILED, NOTHING_TO_DO, IN_USE, NO_SPACE, BAD_CONFIGURATION = 1, 2, 3, 4, 78


def cluster_command(node: Node, *arguments: str) -> subprocess.CompletedProcess:
    """Runs `kvnode cluster` against `node`."""
    trust = ["--ca", node.authority.trust] if node.authority else []
    return subprocess.run(
        [BINARY, "cluster", *arguments, "--endpoint", f"127.0.0.1:{node.grpc_port}", *trust],
        capture_output=True, text=True, timeout=100, env=clean_environment())


def done(node: Node, *arguments: str) -> str:
    """The output of a command that succeeds."""
    ended = cluster_command(node, *arguments)
    assert ended.returncode == DONE, f"{arguments} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def migrate_arguments(node: Node, *arguments: str) -> list:
    return [BINARY, "engine", "migrate", "--config", node.configuration_path, *arguments]


def migrate_command(node: Node, *arguments: str) -> subprocess.CompletedProcess:
    """Runs `kvnode engine migrate` on the data of `node`."""
    return subprocess.run(
        migrate_arguments(node, *arguments), capture_output=True, text=True, timeout=100, env=clean_environment())


def migrated(node: Node, engine: str, *arguments: str) -> dict:
    """The report of a change to `engine` that succeeds."""
    ended = migrate_command(node, "--to", engine, "--json", *arguments)
    assert ended.returncode == DONE, f"it ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
    return json.loads(ended.stdout)


def repair_command(node: Node, *arguments: str) -> subprocess.CompletedProcess:
    """Runs `kvnode engine repair` on the data of `node`."""
    return subprocess.run(
        [BINARY, "engine", "repair", "--config", node.configuration_path, *arguments],
        capture_output=True, text=True, timeout=100, env=clean_environment())


def repaired(node: Node, *arguments: str) -> dict:
    """The report of a repair that succeeds."""
    ended = repair_command(node, "--json", *arguments)
    assert ended.returncode == DONE, f"it ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
    return json.loads(ended.stdout)


def status(node: Node) -> dict:
    ended = cluster_command(node, "status", "--json")
    assert ended.returncode in (DONE, ATTENTION), ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def commit(node: Node, seconds: int = 60) -> None:
    """Commits what is staged, and waits for the end of the change."""
    done(node, "commit", "--wait", "--timeout", str(seconds))


def members(node: Node) -> dict[str, dict]:
    """By name, what `node` says of each member."""
    return {one["member"]["name"]: one for one in status(node)["members"]}


def is_settled(node: Node, version: int) -> bool:
    now = status(node)
    return now["layout_version"] >= version and "change" not in now


def add_nodes(cluster: Cluster, directory, engines: list[str], stubs, changes: dict | None = None) -> list[Node]:
    """Starts nodes that wait to join: their list is the cluster's first members."""
    founders = list(cluster.nodes)
    new = []
    for engine in engines:
        name = f"node{len(cluster.nodes)}"
        node = Node(name, engine, directory / name, stubs, founders[0].authority)
        node.configure(founders, merged(changes or {}, {"cluster": {"join": True}}))
        cluster.nodes.append(node)  # so that it is stopped with the others, and its log shown
        node.start()
        new.append(node)
    for node in new:
        eventually(lambda node=node: node.http.request("GET", "/healthz").status == 200, f"/healthz of {node.name}")
    return new
