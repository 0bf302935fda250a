"""A fourth node joins three that serve: how long the change takes, and what clients notice."""

import collections
import pathlib
import statistics
import time

from clusters import Operator, fill, ports, running, stubs
from harness.generator import Generator, Load, Traced, read_trace
from harness.report import Figure, quantile
from support.cluster import Node
from support.operator import add_nodes
from support.waiting import eventually

KEYS, RATE = 1_000_000, 1_000.0
#: Of load: until what is measured begins, and before the change. About as long as the change takes: what else disturbs the
#: machine is to have the same chance in both.
WARM_UP, BEFORE = 2.0, 45.0
#: For a change; what takes longer fails.
LONGEST = 300


class Change:
    """Stages something by `stage`, commits it, and waits for its end."""

    def __init__(self, operator: Operator, **stage):
        self.begun = time.monotonic_ns() // 1000
        operator.service.Stage(operator.messages.StageRequest(**stage), timeout=10)
        operator.service.Commit(operator.messages.CommitRequest(
            expected_version=operator.status().layout_version), timeout=10)
        eventually(lambda: not is_open(operator), "the end of the change", LONGEST, 0.05)
        self.ended = time.monotonic_ns() // 1000
        self.seconds = (self.ended - self.begun) / 1e6


def is_open(operator: Operator) -> bool:
    status = operator.status()
    return status.HasField("change") or bool(status.staged)


class Round:
    """One node that joins under load, and leaves again."""

    def __init__(self, given, cluster, founders: list[Node], folder: pathlib.Path, keys: int, written: int):
        new, = add_nodes(cluster, folder, [given.engine], stubs())
        trace = folder / "trace"
        generator = Generator(Load(
            ports(founders, given.protocol), "mixed", first=written, below=keys, protocol=given.protocol,
            rate=given.rate or RATE, trace=trace))
        with Operator(founders[0]) as operator:
            time.sleep(WARM_UP + BEFORE)
            change = Change(operator, join={"name": new.name, "address": f"127.0.0.1:{new.peer_port}"})
            self.report = generator.stop()
            self.seconds = change.seconds
            self.leave_seconds = Change(operator, leave=new.name).seconds
        new.terminate()
        traced = read_trace(trace)
        self.before = [one for one in traced if change.begun - BEFORE * 1e6 <= one.begun and one.ended < change.begun]
        self.during = [one for one in traced if one.ended >= change.begun and one.begun < change.ended]

    @property
    def wrong(self) -> int:
        return self.report["failed"] + self.report["absent"] + self.report["siblings"]


def p99(traced: list[Traced]) -> float:
    return quantile([one.took for one in traced], 0.99) / 1000


def usual_p99(traced: list[Traced]) -> float:
    """The median of the p99s of each second."""
    seconds = collections.defaultdict(list)
    for one in traced:
        seconds[one.begun // 1_000_000].append(one)
    return statistics.median(p99(second) for second in seconds.values())


def measure(given, folder: pathlib.Path) -> list[Figure]:
    keys = given.keys or KEYS
    with running(folder / "join", [given.engine] * 3) as cluster:
        founders = list(cluster.nodes)
        fill(founders, keys)
        rounds, written = [], keys
        for _ in range(given.rounds):
            rounds.append(Round(given, cluster, founders, folder / "join", keys, written))
            written += rounds[-1].report["operations"]
    for words in sorted({words for one in rounds for words in one.report["failures"]}):
        print(f"{sum(one.report['failures'].get(words, 0) for one in rounds)} times: {words}\n")
    return [
        Figure(f"{keys:,} keys: from `join` until the change is complete", "s", [one.seconds for one in rounds], 60, 1),
        Figure("p99 during the change ÷ p99 before", "", [p99(one.during) / p99(one.before) for one in rounds], 2, 2),
        Figure("… of the median second: during ÷ before", "", [
            usual_p99(one.during) / usual_p99(one.before) for one in rounds], None, 2),
        Figure("p99 before", "ms", [p99(one.before) for one in rounds], None, 1),
        Figure("p99 during", "ms", [p99(one.during) for one in rounds], None, 1),
        Figure("longest wait during", "ms", [max(one.took for one in one.during) / 1000 for one in rounds]),
        Figure("operations/s during", "", [len(one.during) / one.seconds for one in rounds]),
        Figure("errors, `not found`, siblings", "", [one.wrong for one in rounds], 0),
        Figure("from `leave` until that change is complete, without load", "s", [one.leave_seconds for one in rounds],
               None, 1),
    ]
