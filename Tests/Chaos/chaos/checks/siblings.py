"""Registers whose concurrent values are all kept until a client that has seen them replaces them."""

from collections.abc import Iterable

from ..history import Action, Call, Key
from . import BACK, BESIDE, LOST, STALE, Circumstances, Final, Findings
from .causality import Causality, check_origin


class SiblingsCheck:
    """The calls for one key."""

    def __init__(self, key: Key, calls: Iterable[Call], circumstances: Circumstances, findings: Findings):
        self._key = key
        self._causality = Causality(calls)
        self._circumstances, self._findings = circumstances, findings

    def check_replies(self, is_strict: bool) -> None:
        """What the clients were shown on the way. `is_strict`: a read has to know of what was acknowledged before."""
        for call in self._causality.calls:
            if call.shown is None:
                continue
            check_origin(self._key, self._causality, call.shown, self._findings, call.line())
            self._check_siblings(call)
            if is_strict and call.action is Action.GET and not self._circumstances.is_exempt(call.begun, call.ended):
                self._check_recency(call)

    def check_end(self, final: Final) -> None:
        """Of what is left when all has settled."""
        for one in final.shown:
            self._causality.note(one)
        check_origin(self._key, self._causality, final.shown, self._findings, "at the end")
        values = {one.value for one in final.shown}
        for value, write in self._causality.writes.items():
            if not write.is_done:
                continue
            ends = self._causality.followers(value)
            if not ends & values and not self._causality.deletes(ends):
                self._findings.add(LOST, self._key, f"{value} was acknowledged and is gone; left is {sorted(values)}")
            for old in self._causality.past(value) & values:
                self._report(BACK, old, f"{old} is there at the end, though {value} replaced it")

    def _check_siblings(self, call: Call) -> None:
        values = {one.value for one in call.shown}
        for value in values:
            for old in self._causality.past(value) & values:
                self._report(BESIDE, old, f"{old} beside {value}, whose writer had seen it: {call.line()}")

    def _report(self, kind: str, old: str, text: str) -> None:
        self._causality.report(kind, self._key, old, text, self._circumstances, self._findings)

    def _check_recency(self, read: Call) -> None:
        values = {one.value for one in read.shown}
        for value, write in self._causality.writes.items():
            if write.is_done and write.ended < read.begun:
                ends = self._causality.followers(value)
                if not ends & values and not self._causality.deletes(ends):
                    self._findings.add(
                        STALE, self._key, f"{value}, acknowledged at {write.ended:.3f} s, is unknown to {read.line()}")
