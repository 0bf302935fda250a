"""What comparing replicas costs: idle, and while clients write as fast as they can.

Two clusters side by side, one that compares and one that as good as never does. At the default interval a pair of
nodes compares once in ten minutes, so the first one compares far more often: what a comparison costs is then large
enough to be seen, and is scaled to the default.
"""

import contextlib
import pathlib
import time
from dataclasses import dataclass

from clusters import Operator, fill, ports, running
from harness.generator import Load, run
from harness.machine import cpu_seconds
from harness.report import Figure
from support.waiting import eventually

KEYS = 1_000_000
#: Of a window, idle and with writes.
IDLE, WRITES = 20.0, 6.0
OFTEN_MS, DEFAULT_MS = 5_000, 600_000
OFTEN = {"anti_entropy": {"interval_ms": OFTEN_MS, "return_pause_ms": 1000}}
NEVER = {"anti_entropy": {"interval_ms": 2_592_000_000, "return_pause_ms": 3_600_000}}


@dataclass
class Spent:
    cpu: float
    rounds: int


class Side:
    """One of the two clusters."""

    def __init__(self, given, cluster, stack: contextlib.ExitStack):
        self.given, self.nodes = given, cluster.nodes
        self.operators = [stack.enter_context(Operator(node)) for node in cluster.nodes]
        self.written = 0

    def fill(self, keys: int) -> None:
        fill(self.nodes, keys)
        self.written = keys

    def wait_compared(self) -> None:
        """Until every node's trees can be compared."""
        for operator in self.operators:
            eventually(lambda operator=operator: self._is_complete(operator), "complete hash trees", 120, 0.1)

    def _is_complete(self, operator: Operator) -> bool:
        trees = operator.status().anti_entropy
        return trees.trees > 0 and trees.trees_complete == trees.trees

    def spent(self) -> Spent:
        """Since the start: CPU of all nodes, and comparisons of two nodes that came to their end."""
        return Spent(
            sum(cpu_seconds(node.process.pid) for node in self.nodes),
            sum(peer.rounds for operator in self.operators for peer in operator.status().anti_entropy.peers))

    def write(self) -> dict:
        """CPU per put in µs, and puts a second, of one window."""
        before = self.spent()
        done = run(Load(
            ports(self.nodes, self.given.protocol), "put", first=self.written, protocol=self.given.protocol,
            seconds=WRITES))
        after = self.spent()
        assert done["failed"] == 0, done
        self.written += done["operations"]
        return {
            "cpu": (after.cpu - before.cpu) / done["operations"] * 1e6, "rounds": after.rounds - before.rounds,
            "rate": done["operations"] / done["seconds"]}


def idle_window(sides: list[Side]) -> list[Spent]:
    before = [side.spent() for side in sides]
    time.sleep(IDLE)
    after = [side.spent() for side in sides]
    return [Spent(b.cpu - a.cpu, b.rounds - a.rounds) for a, b in zip(before, after)]


def measure(given, folder: pathlib.Path) -> list[Figure]:
    keys = given.keys or KEYS
    with contextlib.ExitStack() as stack:
        sides = []
        for name, changes in (("often", OFTEN), ("never", NEVER)):
            cluster = stack.enter_context(running(folder / name, [given.engine] * 3, changes))
            sides.append(Side(given, cluster, stack))
            sides[-1].fill(keys)
        for side in sides:
            side.wait_compared()
        # Neither the compactions that the filling left, nor the first comparisons, are what an idle cluster does.
        idle_window(sides)
        idle = [idle_window(sides) for _ in range(given.rounds)]
        for side in sides:
            side.write()  # warms up, is not counted
        # In turn, so that neither has the quieter half of the time.
        writes = [[side.write() for side in sides] for _ in range(given.rounds)]
    return idle_figures(keys, idle) + write_figures(writes)


def idle_figures(keys: int, windows: list[list[Spent]]) -> list[Figure]:
    def share(spent: Spent) -> float:
        return spent.cpu / IDLE * 100

    extra = [max(0.0, often.cpu - never.cpu) for often, never in windows]
    each = [cpu / often.rounds for cpu, (often, _) in zip(extra, windows)]
    # Three pairs of nodes compare once in an interval. Roots are compared, as many as there are partitions: the cost
    # does not grow with the keys.
    by_default = [cpu * 3 / (DEFAULT_MS / 1000) * 100 for cpu in each]
    return [
        Figure(f"idle, {keys:,} keys, 3 nodes that compare every {OFTEN_MS / 1000:g} s", "% of a core",
               [share(often) for often, _ in windows], None, 2),
        Figure("idle, 3 nodes that do not compare", "% of a core", [share(never) for _, never in windows], None, 2),
        Figure("comparisons of two nodes in a window", "", [often.rounds for often, _ in windows]),
        Figure("CPU of one such comparison", "ms", [cpu * 1000 for cpu in each], None, 2),
        Figure("so at the default interval", "% of a core", by_default, 1, 4),
    ]


def write_figures(windows: list[list[dict]]) -> list[Figure]:
    def change(what: str) -> list[float]:
        return [(often[what] / never[what] - 1) * 100 for often, never in windows]

    # What comparing costs comes with each comparison; the upkeep of the trees is part of both sides.
    scale = OFTEN_MS / DEFAULT_MS
    return [
        Figure(f"writes, compared every {OFTEN_MS / 1000:g} s: CPU per put", "µs", [one["cpu"] for one, _ in windows],
               None, 1),
        Figure("writes, not compared: CPU per put", "µs", [one["cpu"] for _, one in windows], None, 1),
        Figure("writes: comparisons of two nodes in a window", "", [one["rounds"] for one, _ in windows]),
        Figure("writes: more CPU per put", "%", change("cpu"), None, 1),
        Figure("so at the default interval", "%", [one * scale for one in change("cpu")], 5, 2),
        Figure("writes: fewer puts/s", "%", [-one for one in change("rate")], None, 1),
        Figure("so at the default interval", "%", [-one * scale for one in change("rate")], 5, 2),
        Figure("writes, compared: puts/s", "", [one["rate"] for one, _ in windows]),
        Figure("writes, not compared: puts/s", "", [one["rate"] for _, one in windows]),
    ]
