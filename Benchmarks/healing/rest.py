"""Nodes that have nothing to do; and how long one that was stopped in good order takes until it serves again."""

import pathlib
import time

from clusters import fill, running
from harness import machine
from harness.report import Figure
from support.cluster import Node
from support.waiting import eventually

KEYS = 1_000_000
#: What is done at the start has settled after the first, and is not counted.
SETTLING_SECONDS, IDLE_SECONDS = 5, 20


def resident_mebibytes(node: Node) -> float:
    for line in pathlib.Path(f"/proc/{node.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"{node.name} takes no memory")


def idle_percents(nodes: list[Node]) -> list[float]:
    """Of a core, for each node."""
    time.sleep(SETTLING_SECONDS)
    before = [machine.cpu_seconds(node.process.pid) for node in nodes]
    time.sleep(IDLE_SECONDS)
    after = [machine.cpu_seconds(node.process.pid) for node in nodes]
    return [100 * (late - early) / IDLE_SECONDS for early, late in zip(before, after)]


def seconds_to_be_ready(node: Node) -> float:
    assert node.terminate() == 0
    begun = time.monotonic()
    node.start()
    eventually(lambda: node.is_ready, f"/readyz of {node.name}", 120, 0.01)
    return time.monotonic() - begun


def measure(given, folder: pathlib.Path) -> list[Figure]:
    with running(folder / "rest", [given.engine] * (given.nodes or 3)) as cluster:
        percents = idle_percents(cluster.nodes)
        memory = [resident_mebibytes(node) for node in cluster.nodes]
        fill(cluster.nodes, given.keys or KEYS)
        # Each node in turn, as the first start after the writes has the most to do.
        first = [seconds_to_be_ready(node) for node in cluster.nodes]
        later = [seconds_to_be_ready(cluster[0]) for _ in range(given.rounds)]
    return [
        Figure("an empty node's resident memory", "MiB", memory, 60, 1),
        Figure("what it takes of a core", "%", percents, 0.5, 2),
        Figure("from the start until it serves, the first time after the keys were written", "s", first, 1, 2),
        Figure("the same, again", "s", later, 1, 2),
    ]
