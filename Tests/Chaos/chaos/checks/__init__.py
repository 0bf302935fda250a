"""What must be true of what the clients were told. Every check is a function of calls, without a node or a clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..history import Call, Key, Shown

Interval = tuple[float, float]


@dataclass(frozen=True)
class Violation:
    #: A few words, the same for all of a kind.
    kind: str
    key: Key | None
    text: str


#: The kinds.
LOST = "lost write"
BACK = "back though replaced"
PHANTOM = "nobody wrote it"
STALE = "stale read"
BESIDE = "sibling beside its successor"
SEVERAL = "several values where the last write wins"
EXCESS = "counted more than was added"
DIFFER = "replicas differ"
RESTED = "changed at rest"
UNSETTLED = "not settled"
UNREADABLE = "unreadable at the end"
ENDED = "node ended by itself"


@dataclass(frozen=True)
class Final:
    """What a key holds when all has settled."""

    shown: tuple[Shown, ...] = ()
    number: int = 0
    members: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ClockJump:
    """A node's clock was set wrong, for a time."""

    begun: float
    ended: float
    offset_ms: int


@dataclass(frozen=True)
class Circumstances:
    """What a run has done that the checks have to know of."""

    #: From when a replica had lost its disk until all agreed again: a read of R replicas need not meet every write.
    losses: Sequence[Interval] = ()
    #: When connections or nodes broke: a put that was forwarded then may have been done by two coordinators.
    disturbances: Sequence[Interval] = ()
    clocks: Sequence[ClockJump] = ()

    def is_exempt(self, begun: float, ended: float) -> bool:
        return _overlaps(self.losses, begun, ended)

    def behind_ms(self, call: Call) -> int:
        """How far the clock of its coordinator may have been behind."""
        return max([0, *(-jump.offset_ms for jump in self.clocks if _overlaps(
            [(jump.begun, jump.ended)], call.begun, call.ended))])

    def ahead_ms(self, call: Call) -> int:
        """The same the other way. Timestamps never go back, so a clock that was ahead is for ever."""
        return max([0, *(jump.offset_ms for jump in self.clocks if jump.begun <= call.ended)])

    def may_be_repeated(self, call: Call) -> bool:
        return _overlaps(self.disturbances, call.begun, call.ended)


@dataclass
class Findings:
    """Violations, each kind of each key once: one cause often shows many times."""

    violations: list[Violation] = field(default_factory=list)
    #: Values that were there though they had been replaced, since two coordinators had written them, and how that is
    #: known: as documented, and no violation.
    excused: dict[tuple[Key, str], str] = field(default_factory=dict)
    _told: set[tuple[str, Key | None]] = field(default_factory=set)

    def add(self, kind: str, key: Key | None, text: str) -> None:
        if (kind, key) not in self._told:
            self._told.add((kind, key))
            self.violations.append(Violation(kind, key, text))

    def excuse(self, key: Key, value: str, reason: str) -> None:
        self.excused[key, value] = reason


def _overlaps(intervals: Iterable[Interval], begun: float, ended: float) -> bool:
    return any(begun <= last and ended >= first for first, last in intervals)
