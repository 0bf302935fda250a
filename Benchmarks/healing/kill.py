"""kill -9 of one node under load: what the clients of the others notice."""

import pathlib
import time

from clusters import fill, ports, running
from harness.generator import Generator, Load, Traced, read_trace
from harness.report import Figure, quantile

KEYS = 20_000
#: Of load: until what is measured begins, before the kill, and after it.
WARM_UP, BEFORE, AFTER = 2.0, 3.0, 5.0


class Round:
    """One cluster, one kill."""

    def __init__(self, given, nodes: int, folder: pathlib.Path):
        with running(folder, [given.engine] * nodes, quorum=given.quorum) as cluster:
            fill(cluster.nodes, KEYS)
            trace = folder / "trace"
            generator = Generator(Load(
                ports(cluster.nodes, given.protocol), "mixed", first=KEYS, protocol=given.protocol, reconnects=True,
                rate=given.rate, trace=trace))
            time.sleep(WARM_UP + BEFORE)
            victim = cluster[nodes // 2]
            killed = time.monotonic_ns() // 1000
            victim.kill()
            time.sleep(AFTER)
            self.report = generator.stop()
            port, = ports([victim], given.protocol)
            of_others = [one for one in read_trace(trace) if one.port != port]
        self.before = [one for one in of_others if killed - BEFORE * 1e6 <= one.begun and one.ended < killed]
        # What was under way at the kill counts as well.
        self.after = [one for one in of_others if one.ended >= killed and one.begun < killed + AFTER * 1e6]

    def count(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.after)


def in_ms(traced: list[Traced], share: float) -> float:
    return quantile([one.took for one in traced], share) / 1000


def measure(given, folder: pathlib.Path) -> list[Figure]:
    figures = []
    for nodes in [given.nodes] if given.nodes else [3, 5]:
        rounds = [Round(given, nodes, folder / f"kill-{nodes}-{number}") for number in range(given.rounds)]
        for words in sorted({words for one in rounds for words in one.report["failures"]}):
            print(f"{nodes} nodes, {sum(one.report['failures'].get(words, 0) for one in rounds)} times: {words}\n")
        figures += rows(f"{nodes} nodes", rounds)
    return figures


def rows(name: str, rounds: list[Round]) -> list[Figure]:
    def figure(what: str, unit: str, value, goal: float | None = None, digits: int = 0) -> Figure:
        return Figure(f"{name}: {what}", unit, [value(one) for one in rounds], goal, digits)

    return [
        figure("longest wait after the kill", "ms", lambda one: in_ms(one.after, 1), 250),
        figure("errors", "", lambda one: one.count("failed") + one.count("broken"), 0),
        figure("`not found` of keys that exist", "", lambda one: one.count("absent"), 0),
        figure("reads of two siblings", "", lambda one: one.count("siblings")),
        figure("clients that went on at another node", "", lambda one: one.report["reconnections"]),
        figure("their requests that the dead node left open", "", lambda one: one.report["broken"]),
        figure("operations/s before", "", lambda one: len(one.before) / BEFORE),
        figure("operations/s after", "", lambda one: len(one.after) / AFTER),
        *(figure(f"{label} {when}", "ms", lambda one, when=when, share=share: in_ms(getattr(one, when), share), None, 1)
          for when in ("before", "after") for label, share in (("p50", 0.5), ("p99", 0.99), ("longest", 1))),
    ]
