"""Whether all nodes have come to agree, by what they themselves tell of it."""

import itertools
import threading
from collections.abc import Callable, Sequence

from .operators import Operator

#: Between two questions.
INTERVAL_SECONDS = 0.2
#: Rounds of comparisons of each pair of nodes of which one at least has begun, and ended, since the count.
ROUNDS = 2

Pair = tuple[str, str]


class NotSettled(Exception):
    """The nodes did not come to agree in time."""


def disconnection(statuses: dict[str, object], names: Sequence[str]) -> str | None:
    """Who of the nodes `names` does not reach whom; None if all reach all. One that does not answer has no status."""
    for name in names:
        status = statuses.get(name)
        if status is None:
            return f"{name} does not answer"
        connected = {one.member.name for one in status.members if one.connected}
        away = [other for other in names if other not in connected]
        if away:
            return f"{name} is not connected to {', '.join(away)}"
    return None


def restlessness(statuses: dict[str, object], names: Sequence[str]) -> str | None:
    """What is still to be done by the nodes `names`; None if nothing is."""
    reason = disconnection(statuses, names)
    if reason:
        return reason
    for name in names:
        status = statuses[name]
        if status.HasField("change") or status.staged:
            return f"{name} knows of a change that is open"
        if status.HasField("filling") or not status.serves_reads:
            return f"{name} copies, or is not read from"
        if status.hints.count:
            return f"{name} keeps {status.hints.count} hints"
        trees = status.anti_entropy
        if not trees.trees or trees.trees_complete != trees.trees:
            return f"{name} has {trees.trees_complete} of {trees.trees} hash trees"
    return None


def rounds(statuses: dict[str, object], names: Sequence[str]) -> tuple[dict[Pair, int], dict[Pair, int]]:
    """Of each pair of nodes, how many rounds of comparisons have ended, and how many keys differed in them."""
    ended = {pair: 0 for pair in itertools.combinations(sorted(names), 2)}
    differing = dict(ended)
    for name in names:
        for peer in statuses[name].anti_entropy.peers:
            pair = tuple(sorted((name, peer.node)))
            if pair in ended:
                ended[pair] += peer.rounds
                differing[pair] += peer.keys_differing
    return ended, differing


class Settling:
    """Waits until the nodes agree: all is connected, handed back, copied, and a round of comparisons finds nothing."""

    def __init__(self, operators: dict[str, Operator], stop: threading.Event, clock: Callable[[], float]):
        self._operators = operators
        self._stop, self._clock = stop, clock

    def until_connected(self, names: Sequence[str], seconds: float) -> None:
        """Until each node reaches all others."""
        self._wait(self._clock() + seconds, lambda: disconnection(self._statuses(names), names))

    def until_calm(self, names: Sequence[str], seconds: float) -> None:
        """Until nothing is to be done, while clients may write: comparisons may well find what is on its way."""
        deadline = self._clock() + seconds
        self._wait(deadline, lambda: restlessness(self._statuses(names), names))
        begun, _ = rounds(self._statuses(names), names)
        self._wait(deadline, lambda: self._lacking(names, begun))

    def until_equal(self, names: Sequence[str], seconds: float) -> None:
        """Until the hash trees agree. Nobody may write."""
        deadline = self._clock() + seconds
        while True:
            self.until_calm(names, max(0.0, deadline - self._clock()))
            begun, before = rounds(self._statuses(names), names)
            self._wait(deadline, lambda: self._lacking(names, begun))
            _, after = rounds(self._statuses(names), names)
            if after == before:
                return

    def _lacking(self, names: Sequence[str], begun: dict[Pair, int]) -> str | None:
        statuses = self._statuses(names)
        reason = restlessness(statuses, names)
        if reason:
            return reason
        ended, _ = rounds(statuses, names)
        open_pairs = [pair for pair in ended if ended[pair] < begun[pair] + ROUNDS]
        return f"{' and '.join(open_pairs[0])} have not compared all" if open_pairs else None

    def _statuses(self, names: Sequence[str]) -> dict[str, object]:
        return {name: self._operators[name].reachable_status() for name in names}

    def until(self, seconds: float, reason: Callable[[], str | None]) -> None:
        """Until `reason` says nothing any more."""
        self._wait(self._clock() + seconds, reason)

    def _wait(self, deadline: float, reason: Callable[[], str | None]) -> None:
        while why := reason():
            if self._clock() > deadline:
                raise NotSettled(why)
            if self._stop.wait(INTERVAL_SECONDS):
                raise KeyboardInterrupt
