"""What clients asked for and were told: all that the checks go by."""

import enum
import itertools
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Kind(enum.Enum):
    """What a key holds."""

    REGISTER = "register"
    COUNTER = "counter"
    SET = "set"


class Bucket(enum.Enum):
    """The buckets of a run, named by what becomes of concurrent writes and by who counts for a quorum."""

    SIBLINGS = "siblings"
    SLOPPY = "sloppy"
    LATEST = "latest"


class Key(NamedTuple):
    kind: Kind
    bucket: Bucket
    name: str

    def __str__(self) -> str:
        return f"{self.bucket.value}/{self.name}"


class Action(enum.Enum):
    GET = "get"
    PUT = "put"
    DELETE = "delete"
    ADD = "add"
    ADD_MEMBER = "add member"
    REMOVE_MEMBER = "remove member"

    @property
    def writes(self) -> bool:
        return self is not Action.GET


class Outcome(enum.Enum):
    #: The client was told that it is done.
    DONE = "done"
    #: It may have been done, or may still be: a failure, or no answer.
    UNKNOWN = "unknown"
    #: There was no connection to ask by.
    NOT_SENT = "not sent"


class Shown(NamedTuple):
    """One value as a reply had it; the dot and the timestamp where the protocol tells them."""

    value: str
    dot: str | None = None
    timestamp_ms: int | None = None


@dataclass(slots=True)
class Call:
    """One request. Times are seconds of the monotonic clock since the run began."""

    number: int
    client: str
    protocol: str
    node: str
    action: Action
    key: Key
    begun: float
    #: By the clock of the machine, milliseconds since 1970.
    wall_ms: int
    #: What names a put, a delete or a member: no other call has it.
    value: str = ""
    #: What is added to a counter.
    amount: int = 0
    #: What the context that was passed had been given with.
    seen: tuple[Shown, ...] = ()
    ended: float = 0.0
    outcome: Outcome = Outcome.UNKNOWN
    #: The values of a register in the reply; None if it shows none of a write.
    shown: tuple[Shown, ...] | None = None
    #: The members of a set that was read.
    members: frozenset[str] = frozenset()
    #: A counter after an addition or as it was read; how many members came or went.
    number_told: int | None = None
    context: bytes = b""
    error: str = ""

    @property
    def is_done(self) -> bool:
        return self.outcome is Outcome.DONE

    def line(self) -> str:
        """For people, who read a key's history."""
        asked = f"{self.action.value} {self.value or self.amount or ''}".strip()
        seen = f" having seen [{', '.join(_text(one) for one in self.seen)}]" if self.seen else ""
        return (f"{self.begun:9.3f}–{self.ended:9.3f} s  {self.client} at {self.node}: {asked} {self.key}{seen}"
                f" → {self._answer()}")

    def _answer(self) -> str:
        if not self.is_done:
            return f"{self.outcome.value}: {self.error}"
        told = []
        if self.shown is not None:
            told.append(f"[{', '.join(_text(one) for one in self.shown)}]")
        if self.key.kind is Kind.SET and not self.action.writes:
            told.append("{" + ", ".join(sorted(self.members)) + "}")
        if self.number_told is not None:
            told.append(str(self.number_told))
        return " ".join(["done", *told])


def _text(shown: Shown) -> str:
    dot = f" ({shown.dot})" if shown.dot else ""
    time_told = f" @{shown.timestamp_ms}" if shown.timestamp_ms is not None else ""
    return f"{shown.value}{dot}{time_told}"


class Recorder:
    """Takes down the calls of all clients, which are threads."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._origin = clock()
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._calls: list[Call] = []

    def now(self) -> float:
        return self.at(self._clock())

    def at(self, time_of_clock: float) -> float:
        """When that was, in seconds since the run began."""
        return time_of_clock - self._origin

    def begin(self, client: str, protocol: str, node: str, action: Action, key: Key, **fields) -> Call:
        call = Call(
            next(self._numbers), client, protocol, node, action, key, self.now(), time.time_ns() // 1_000_000, **fields)
        with self._lock:
            self._calls.append(call)
        return call

    def take(self) -> list[Call]:
        """All calls since the last time, none of which may be under way."""
        with self._lock:
            taken, self._calls = self._calls, []
        return taken


def by_key(calls: Iterable[Call]) -> dict[Key, list[Call]]:
    """In the order in which they began."""
    found: dict[Key, list[Call]] = {}
    for call in sorted(calls, key=lambda call: (call.begun, call.number)):
        found.setdefault(call.key, []).append(call)
    return found
