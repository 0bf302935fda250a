"""A node is away while keys are written, and comes back: how long until it has been handed all that it missed."""

import contextlib
import pathlib
import time

from clusters import Operator, fill, running
from harness.report import Figure
from support.waiting import eventually

KEYS = 100_000


class Kept:
    """What all of some nodes keep for others."""

    def __init__(self, operators: list[Operator]):
        hints = [operator.status().hints for operator in operators]
        self.count = sum(one.count for one in hints)
        self.delivered = sum(one.delivered for one in hints)
        self.lost = sum(one.expired + one.unkept + one.refused_writes for one in hints)


class Round:
    """One node that is away and comes back. Times are in seconds from the start of its process."""

    def __init__(self, given, folder: pathlib.Path):
        keys = given.keys or KEYS
        with running(folder, [given.engine] * (given.nodes or 3), quorum=given.quorum) as cluster:
            away = cluster[1]
            others = [node for node in cluster.nodes if node is not away]
            away.kill()
            self.put_seconds = fill(others, keys)
            with contextlib.ExitStack() as stack:
                operators = [stack.enter_context(Operator(node)) for node in others]
                begun = time.monotonic()
                away.start()
                eventually(lambda: Kept(operators).delivered > 0, "the first hint to be handed back", 120, 0.02)
                self.first = time.monotonic() - begun
                eventually(lambda: Kept(operators).count == 0, "all hints to be handed back", 300, 0.02)
                self.all = time.monotonic() - begun
                after = Kept(operators)
                # Not those that are kept before the start: the last ones are stored after their clients' answers.
                self.hints, self.lost = after.delivered, after.lost


def measure(given, folder: pathlib.Path) -> list[Figure]:
    rounds = [Round(given, folder / f"hints-{number}") for number in range(given.rounds)]
    return [
        Figure("hints kept and handed back", "", [one.hints for one in rounds]),
        Figure("states without a hint, and hints dropped", "", [one.lost for one in rounds], 0),
        Figure("from the start until the first is handed back", "s", [one.first for one in rounds], 2, 2),
        Figure("from the start until all are", "s", [one.all for one in rounds], 10, 2),
        Figure("time of the writes meanwhile", "s", [one.put_seconds for one in rounds], None, 1),
    ]
