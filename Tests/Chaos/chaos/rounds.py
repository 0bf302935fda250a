"""One round of a run: clients and faults for some minutes, then quiet, then the checks."""

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import grpc

from support.grpc_client import Stubs

from . import faults
from .checks import ENDED, RESTED, UNREADABLE, UNSETTLED, Circumstances, ClockJump, Final, Findings, Violation
from .checks.everything import check
from .cluster import Cluster
from .finals import FinalReader, Unreadable
from .history import Call, Key, Recorder, by_key
from .keys import Keys
from .network import GRPC, HTTP, RESP
from .protocols import Client
from .protocols.grpc_protocol import GRPCClient
from .protocols.http_protocol import HTTPClient
from .protocols.resp_protocol import RESPClient
from .schedule import Planned
from .seconds import Seconds
from .settling import NotSettled
from .workers import Worker

#: Of each protocol.
CLIENTS = 8
#: Without faults, at the beginning and at the end.
QUIET_SECONDS = 2.0
#: For all nodes to be connected, and to agree, when the faults are over.
HEAL_SECONDS = 60.0
SETTLE_SECONDS = 180.0
#: How long after a fault a put may still be carried out that it broke in upon.
_AFTERMATH_SECONDS = 6.0


@dataclass
class FaultRecord:
    kind: str
    begun: float
    ended: float = 0.0
    #: What was done to which nodes.
    words: list[str] = field(default_factory=list)


@dataclass
class RoundResult:
    calls: list[Call]
    keys: int
    faults: list[FaultRecord]
    findings: Findings
    finals: dict[Key, Final]
    #: Seconds that the nodes took to agree when the clients had ended.
    settled_in: float

    def history(self, violation: Violation) -> list[Call]:
        """All that was asked of the key."""
        return by_key(self.calls).get(violation.key, []) if violation.key else []


class Round:
    def __init__(
        self, name: str, cluster: Cluster, plan: Sequence[Planned], stubs: Stubs, recorder: Recorder, seconds: Seconds,
        rate: float, say: Callable[[str], None]
    ):
        self._name, self._cluster, self._plan, self._stubs = name, cluster, plan, stubs
        self._recorder, self._seconds, self._rate, self._say = recorder, seconds, rate, say
        self._faults: list[FaultRecord] = []
        self._findings = Findings()
        self._losses: list[tuple[float, float]] = []

    def perform(self, seed: str, rested: dict[Key, Final]) -> RoundResult:
        """`rested` is what the round before left, which nobody has asked for since."""
        self._with_clients(seed)
        begun = self._recorder.now()
        self._settle()
        settled_in = self._recorder.now() - begun
        calls = self._recorder.take()
        of_keys = by_key(calls)
        finals = self._read(of_keys, rested, random.Random(seed))
        found = check({key: of_keys[key] for key in finals}, finals, self._circumstances())
        found.violations = self._findings.violations + found.violations
        return RoundResult(calls, len(of_keys), self._faults, found, finals, settled_in)

    # Clients

    def _with_clients(self, seed: str) -> None:
        ended = threading.Event()
        workers = self._workers(seed, ended)
        for worker in workers:
            worker.start()
        try:
            self._wait(QUIET_SECONDS)
            for fault in self._plan:
                self._perform(fault)
                self._wait(fault.pause)
            self._heal()
            self._wait(QUIET_SECONDS)
        finally:
            ended.set()
            for worker in workers:
                worker.join()
        defects = [worker.defect for worker in workers if worker.defect]
        if defects:
            raise defects[0]

    def _workers(self, seed: str, ended: threading.Event) -> list[Worker]:
        keys, interval = Keys(self._name), 3 * CLIENTS / self._rate
        kinds = {"g": self._grpc, "h": self._http, "r": self._resp}
        return [
            Worker(
                f"{letter}{number}", f"{seed}-{letter}{number}", self._cluster.founder_names, connect, keys,
                self._recorder, self._seconds, interval, ended)
            for letter, connect in kinds.items() for number in range(CLIENTS)]

    def _node(self, name: str):
        return next(node for node in self._cluster.founders if node.name == name)

    def _grpc(self, name: str) -> Client:
        node = self._node(name)
        return GRPCClient(self._stubs, node.host, node.port(GRPC), node.security)

    def _http(self, name: str) -> Client:
        node = self._node(name)
        return HTTPClient(node.host, node.port(HTTP), node.security)

    def _resp(self, name: str) -> Client:
        node = self._node(name)
        return RESPClient(node.host, node.port(RESP), node.security)

    # Faults

    def _perform(self, fault: Planned) -> None:
        record = FaultRecord(fault.kind, self._recorder.now())
        self._faults.append(record)
        is_whole = False
        try:
            faults.perform(fault, self._cluster, lambda words: self._note(record, words))
            is_whole = True
        except (NotSettled, RuntimeError) as error:
            self._findings.add(UNSETTLED, None, f"{fault.kind}: {error}")
            self._note(record, f"failed: {error}")
            self._cluster.heal()
        record.ended = self._recorder.now()
        if fault.kind == "wipe":
            self._losses.append((record.begun, record.ended if is_whole else float("inf")))
        self._check_lives()

    def _note(self, record: FaultRecord, words: str) -> None:
        record.words.append(words)
        self._say(f"{self._recorder.now():7.1f} s  {words}")

    def _check_lives(self) -> None:
        """After a fault all founders run; one that does not has ended by itself."""
        for node in self._cluster.founders:
            ended = node.unexpected_end()
            if ended:
                self._findings.add(ENDED, None, ended)
                self._say(ended)
                node.start()

    def _heal(self) -> None:
        self._cluster.heal()
        try:
            self._cluster.settling.until_connected(self._cluster.founder_names, HEAL_SECONDS)
        except NotSettled as error:
            self._findings.add(UNSETTLED, None, f"not connected {HEAL_SECONDS:g} s after healing: {error}")

    def _settle(self) -> None:
        self._say(f"{self._recorder.now():7.1f} s  all is healed, and the clients have ended")
        try:
            self._cluster.settling.until_equal(self._cluster.founder_names, SETTLE_SECONDS)
        except NotSettled as error:
            self._findings.add(UNSETTLED, None, f"no agreement {SETTLE_SECONDS:g} s after healing: {error}")

    # Checks

    def _read(self, keys: Iterable[Key], rested: dict[Key, Final], chance: random.Random) -> dict[Key, Final]:
        """What is left of the keys; nothing, if some of it cannot be read."""
        operators = {name: self._cluster.operators[name] for name in self._cluster.founder_names}
        reader = FinalReader(self._stubs, operators, chance)
        try:
            # First, as the reads of all replicas would repair what they find.
            reader.compare_replicas([*keys, *rested], self._findings)
            self._check_rested(rested, reader.read(rested))
            return reader.read(keys)
        except (Unreadable, grpc.RpcError) as error:
            self._findings.add(UNREADABLE, None, repr(error))
            return {}

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            losses=self._losses,
            disturbances=[(fault.begun, fault.ended + _AFTERMATH_SECONDS) for fault in self._faults],
            clocks=[
                ClockJump(self._recorder.at(one.begun), self._recorder.at(one.ended), one.offset_ms)
                for one in self._cluster.clock_jumps])

    def _check_rested(self, before: dict[Key, Final], after: dict[Key, Final]) -> None:
        for key, final in before.items():
            if after[key] != final:
                self._findings.add(RESTED, key, f"nobody wrote since {final}, and it is {after[key]}")

    def _wait(self, seconds: float) -> None:
        if self._cluster.stop.wait(seconds):
            raise KeyboardInterrupt


def kinds_of(records: Sequence[FaultRecord]) -> dict[str, int]:
    """How often each happened."""
    counts: dict[str, int] = {}
    for record in records:
        counts[record.kind] = counts.get(record.kind, 0) + 1
    return counts
