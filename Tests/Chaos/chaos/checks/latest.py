"""Registers of which the write with the latest timestamp stays.

A reply over gRPC, or one that shows several values, tells a value's timestamp. A write whose timestamp nobody has seen
was stamped by its coordinator while it was under way, so between the machine's times at its beginning and its end, give
and take what clocks were set wrong by; those bounds are used for it.

Who has seen a value replaces it whatever its timestamp is, also where that is so far ahead that no other node follows
it. What comes then has to be later than the replacement alone.
"""

import math
from collections.abc import Iterable

from ..history import Action, Call, Key, Outcome, Shown
from . import BACK, LOST, SEVERAL, STALE, Circumstances, Final, Findings
from .causality import Causality, check_origin


class LatestCheck:
    """The calls for one key."""

    def __init__(self, key: Key, calls: Iterable[Call], circumstances: Circumstances, findings: Findings):
        self._key = key
        self._causality = Causality(calls)
        self._circumstances, self._findings = circumstances, findings
        #: The least and the greatest of each value: a put that two coordinators have done has two.
        self._timestamps: dict[str, tuple[int, int]] = {}
        for call in self._causality.calls:
            for one in call.shown or ():
                self._note(one)

    def _note(self, one: Shown) -> None:
        if one.timestamp_ms is not None:
            least, most = self._timestamps.get(one.value, (one.timestamp_ms, one.timestamp_ms))
            self._timestamps[one.value] = (min(least, one.timestamp_ms), max(most, one.timestamp_ms))

    def _earliest(self, write: Call) -> float:
        if write.value in self._timestamps:
            return self._timestamps[write.value][0]
        return write.wall_ms - self._circumstances.behind_ms(write)

    def _earliest_after(self, write: Call, begun_before: float = math.inf) -> float:
        """Of the write, or of what replaced it."""
        replacements = [self._causality.writes[value] for value in self._causality.followers(write.value)]
        return min(self._earliest(one) for one in replacements if one is write or one.begun < begun_before)

    def _latest(self, write: Call) -> float:
        if write.value in self._timestamps:
            return self._timestamps[write.value][1]
        # One whose end nobody was told may be done by a coordinator at any time.
        if not write.is_done:
            return math.inf
        return write.wall_ms + (write.ended - write.begun) * 1000 + 1 + self._circumstances.ahead_ms(write)

    def check_replies(self) -> None:
        for call in self._causality.calls:
            if call.shown is None:
                continue
            self._check_shown(call.shown, call.line())
            if call.action is Action.GET and not self._circumstances.is_exempt(call.begun, call.ended):
                self._check_recency(call)

    def check_end(self, final: Final) -> None:
        for one in final.shown:
            self._note(one)
        self._check_shown(final.shown, "at the end")
        left = final.shown[0] if final.shown else None
        for write in self._causality.writes.values():
            if write.is_done and not self._may_be_gone(write, left):
                self._findings.add(
                    LOST, self._key, f"{write.value} was acknowledged and is gone; left is {left or 'nothing'}")
        if left:
            self._check_return(left)

    def _may_be_gone(self, write: Call, left: Shown | None) -> bool:
        """Whether what is left, or a delete, is later, or was made in knowledge of it; or whether it is left itself."""
        followers = self._causality.followers(write.value)
        if left and (left.value in followers or left.timestamp_ms >= self._earliest_after(write)):
            return True
        return any(
            other.action is Action.DELETE and other.outcome is not Outcome.NOT_SENT
            and (other.value in followers or self._latest(other) >= self._earliest(write))
            for other in self._causality.writes.values())

    def _check_return(self, left: Shown) -> None:
        write = self._causality.writes.get(left.value)
        for other in self._causality.writes.values():
            if not other.is_done or write is None:
                continue
            if left.value in self._causality.past(other.value):
                self._causality.report(
                    BACK, self._key, left.value, f"{left.value} is there at the end, though {other.value} replaced it",
                    self._circumstances, self._findings)
            elif (other.action is Action.DELETE and write.is_done and write.ended < other.begun
                  and left.timestamp_ms < self._earliest_after(other)):
                self._findings.add(
                    BACK, self._key, f"{left.value} is there at the end, though {other.value} deleted it later")

    def _check_shown(self, shown: tuple[Shown, ...], where: str) -> None:
        if len(shown) > 1:
            self._findings.add(SEVERAL, self._key, where)
        check_origin(self._key, self._causality, shown, self._findings, where)

    def _check_recency(self, read: Call) -> None:
        """A read shows nothing that is earlier than what was acknowledged before it began."""
        shown = self._causality.writes.get(read.shown[0].value) if read.shown else None
        if not read.shown:
            latest = max((self._latest(write) for write in self._deletes_before(read)), default=-math.inf)
        else:
            latest = self._latest(shown) if shown else math.inf
        for write in self._causality.writes.values():
            if write.is_done and write.ended < read.begun and self._earliest_after(write, read.ended) > latest:
                followers = self._causality.followers(write.value)
                if not (shown and shown.value in followers) and not self._causality.deletes(followers):
                    self._findings.add(
                        STALE, self._key, f"{write.value}, acknowledged at {write.ended:.3f} s, is later than what is "
                                          f"shown by {read.line()}")

    def _deletes_before(self, read: Call) -> list[Call]:
        return [
            write for write in self._causality.writes.values()
            if write.action is Action.DELETE and write.outcome is not Outcome.NOT_SENT and write.begun < read.ended]
