"""Which faults happen when, decided by the seed before the run: what happens to the run does not change it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

#: Every fault, with how long it lasts at least and at most, in seconds; 0 where it lasts as long as it takes.
FAULTS: dict[str, tuple[float, float]] = {
    "kill": (1, 8),
    "pause": (1, 9),
    "halves": (3, 10),
    "bridge": (3, 10),
    "one-way": (3, 10),
    "flaky": (4, 12),
    "delay": (5, 12),
    "loss": (5, 12),
    "disk-full": (4, 10),
    "wipe": (0, 0),
    "clock": (4, 10),
    "rolling-restart": (0, 0),
    "join-leave": (3, 6),
}
#: Those that may go on while another one happens.
_COMPANIONS = ["delay", "loss", "pause", "kill", "one-way"]
#: Fewer may go on with some: a disk is lost while all others are whole, and a change of the members, like a restart
#: that waits for the others, ends only when all can be reached.
_COMPANIONS_OF = {"wipe": [], "rolling-restart": [], "join-leave": ["delay"]}
_COMPANION_SHARE = 0.35
#: Seconds that a fault takes besides, as far as one can tell before.
_TAKES = {"wipe": 12.0, "rolling-restart": 8.0, "join-leave": 12.0}
#: Between two faults, in which the nodes find each other again, or not quite.
_PAUSE = (1.0, 4.0)


@dataclass(frozen=True)
class Planned:
    """One fault."""

    kind: str
    #: Seconds that it lasts, and that pass after it.
    lasts: float
    pause: float
    #: Decides all that is open: which nodes, how much.
    seed: str
    #: Another one that happens at the same time.
    companion: "Planned | None" = None


def plan(seed: str, seconds: float, kinds: Sequence[str]) -> list[Planned]:
    """Faults of `kinds` for about so many seconds. Each kind comes once before any comes again."""
    chance = random.Random(seed)
    faults: list[Planned] = []
    deck: list[str] = []
    spent = 0.0
    while spent < seconds:
        if not deck:
            deck = list(kinds)
            chance.shuffle(deck)
        kind = deck.pop()
        companions = [one for one in _COMPANIONS_OF.get(kind, _COMPANIONS) if one in kinds and one != kind]
        companion = None
        if companions and chance.random() < _COMPANION_SHARE:
            companion = _drawn(chance.choice(companions), chance)
        fault = _drawn(kind, chance, companion)
        faults.append(fault)
        spent += fault.lasts + fault.pause + _TAKES.get(kind, 1.0)
    return faults


def _drawn(kind: str, chance: random.Random, companion: Planned | None = None) -> Planned:
    return Planned(
        kind, round(chance.uniform(*FAULTS[kind]), 1), round(chance.uniform(*_PAUSE), 1), f"{chance.getrandbits(64):x}",
        companion)
