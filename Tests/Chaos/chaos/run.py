"""A whole run: the cluster, its rounds, and what came of them."""

import pathlib
import re
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from support.grpc_client import Stubs

from . import schedule
from .checks import LOST
from .cluster import SPARE_SLOTS, Cluster, what_is_possible
from .history import Key, Outcome, Recorder
from .network import Loopback, Namespaces
from .nodes import CLUSTER_NAME
from .rounds import FaultRecord, Round, RoundResult
from .seconds import Second, Seconds
from .security import Security

FOUNDERS = 5


@dataclass(frozen=True)
class Options:
    binary: pathlib.Path
    seed: str
    #: Of faults, in each round.
    seconds: float
    rounds: int
    kinds: Sequence[str]
    #: Requests a second, of all clients.
    rate: float
    #: Why there are no network namespaces; None if there are.
    no_namespaces: str | None
    #: Whether all is plain text, of whoever comes.
    is_plain: bool


@dataclass
class Told:
    """A violation, with all that was asked of its key."""

    kind: str
    key: str
    text: str
    history: list[str]


@dataclass
class Result:
    options: Options
    #: Faults that cannot happen on this machine, and why.
    impossible: dict[str, str]
    keys: int = 0
    #: Calls by protocol, action and outcome.
    calls: Counter = field(default_factory=Counter)
    #: Calls that were not done, by protocol and the first word of the error.
    errors: Counter = field(default_factory=Counter)
    faults: list[FaultRecord] = field(default_factory=list)
    violations: list[Told] = field(default_factory=list)
    #: Values that two coordinators have written and that were there once more after they had been replaced.
    excused: list[dict[str, str]] = field(default_factory=list)
    settled_in: list[float] = field(default_factory=list)
    seconds: list[Second] = field(default_factory=list)
    rounds_done: int = 0

    @property
    def operations(self) -> int:
        return self.calls.total()

    def with_outcome(self, outcome: Outcome) -> int:
        return sum(count for (_, _, one), count in self.calls.items() if one == outcome.value)

    @property
    def lost_writes(self) -> int:
        return sum(one.kind == LOST for one in self.violations)

    def add(self, one: RoundResult) -> None:
        self.rounds_done += 1
        self.keys += one.keys
        self.calls.update((call.protocol, call.action.value, call.outcome.value) for call in one.calls)
        self.errors.update((call.protocol, _first_word(call.error)) for call in one.calls if not call.is_done)
        self.faults += one.faults
        self.excused += [
            {"key": str(key), "value": value, "reason": reason}
            for (key, value), reason in one.findings.excused.items()]
        self.settled_in.append(one.settled_in)
        self.violations += [
            Told(found.kind, str(found.key or ""), found.text, [call.line() for call in one.history(found)])
            for found in one.findings.violations]


def _first_word(error: str) -> str:
    """A status, or the name of an exception."""
    return re.split(r"[\s:(]", error, maxsplit=1)[0]


def perform(options: Options, folder: pathlib.Path, say: Callable[[str], None]) -> Result:
    """Runs to the end of the last round, or to the first one that finds a violation: it is to be looked at as it is.

    Raises `KeyboardInterrupt` at SIGINT and SIGTERM, when all that was started has ended.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    library, has_disks, impossible = what_is_possible(folder)
    kinds = [kind for kind in options.kinds if kind not in impossible]
    if not kinds:
        raise RuntimeError(f"none of these faults can happen here: {impossible}")
    plans = [schedule.plan(f"{options.seed}-{number}", options.seconds, kinds) for number in range(options.rounds)]
    slots = FOUNDERS + SPARE_SLOTS
    result = Result(options, {kind: why for kind, why in impossible.items() if kind in options.kinds})
    with tempfile.TemporaryDirectory(prefix="kvnode-chaos-stubs-") as stubs_folder:
        network = Loopback(slots) if options.no_namespaces else Namespaces(slots)
        try:
            stubs = Stubs(pathlib.Path(stubs_folder))
            security = None if options.is_plain else Security(folder, CLUSTER_NAME, options.binary)
            cluster = Cluster(
                options.binary, network, folder, FOUNDERS, stubs, stop, library, has_disks, security)
            try:
                _perform_rounds(options, cluster, plans, stubs, result, say)
            finally:
                cluster.close()
        finally:
            network.close()
    return result


def _perform_rounds(
    options: Options, cluster: Cluster, plans: Sequence[Sequence[schedule.Planned]], stubs: Stubs, result: Result,
    say: Callable[[str], None]
) -> None:
    cluster.start()
    recorder, seconds = Recorder(time.monotonic), Seconds()
    rested: dict[Key, object] = {}
    for number, plan in enumerate(plans):
        one = Round(
            f"r{number}", cluster, plan, stubs, recorder, seconds, options.rate, say
        ).perform(f"{options.seed}-{number}", rested)
        result.add(one)
        result.seconds = seconds.closed()
        rested = one.finals
        if one.findings.violations:
            return
