"""Three empty nodes, started at once: how long until each serves."""

import pathlib
import time

from clusters import stubs
from harness.report import Figure
from support.cluster import Cluster, Node
from support.waiting import eventually


def serves(node: Node) -> bool:
    """Whether a write to two replicas and a read of two succeed."""
    key = f"of-{node.name}"
    # A put that was refused for want of a quorum is repeated, and may be there twice then.
    return (node.http.put("forming", key, b"v", w=2, timeout="250ms").is_stored
            and set(node.http.get("forming", key, r=2, timeout="250ms").values) == {b"v"})


def seconds_to_form(engine: str, folder: pathlib.Path) -> float:
    cluster = Cluster(folder, [engine] * 3, stubs())
    try:
        begun = time.monotonic()
        for node in cluster.nodes:
            node.start()
        for node in cluster.nodes:
            eventually(lambda node=node: serves(node), f"{node.name} to serve", interval=0.01)
        return time.monotonic() - begun
    finally:
        cluster.stop()


def measure(given, folder: pathlib.Path) -> list[Figure]:
    times = [seconds_to_form(given.engine, folder / f"forming-{number}") for number in range(given.rounds)]
    return [Figure("3 nodes: from the start until each has written and read", "s", times, 3, 2)]
