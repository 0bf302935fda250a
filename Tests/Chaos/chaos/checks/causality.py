"""Which writes of a key came after which, by what their clients had been shown."""

from collections.abc import Callable, Iterable

from ..history import Action, Call, Key, Outcome, Shown
from . import PHANTOM, Circumstances, Findings


class Causality:
    """The puts and deletes of one register."""

    def __init__(self, calls: Iterable[Call]):
        self.calls = list(calls)
        self.writes = {call.value: call for call in self.calls if call.action in (Action.PUT, Action.DELETE)}
        self._followers: dict[str, list[str]] = {}
        #: Found once each, as they are asked for with every read.
        self._all_followers: dict[str, frozenset[str]] = {}
        self._pasts: dict[str, frozenset[str]] = {}
        #: Of each value, the dots under which it was shown to anybody.
        self.dots: dict[str, set[str]] = {}
        for call in self.calls:
            for one in call.seen:
                self._followers.setdefault(one.value, []).append(call.value)
            for one in (*call.seen, *(call.shown or ())):
                self.note(one)

    def note(self, shown: Shown) -> None:
        if shown.dot:
            self.dots.setdefault(shown.value, set()).add(shown.dot)

    def followers(self, value: str) -> frozenset[str]:
        """The write itself, and all that were made in knowledge of it, directly or through others."""
        if value not in self._all_followers:
            self._all_followers[value] = frozenset(_reached(value, lambda one: self._followers.get(one, ())))
        return self._all_followers[value]

    def past(self, value: str) -> frozenset[str]:
        """All that the write was made in knowledge of; not itself."""
        if value not in self._pasts:
            self._pasts[value] = frozenset(_reached(value, self._seen) - {value})
        return self._pasts[value]

    def repetition(self, value: str, circumstances: Circumstances) -> str | None:
        """Why to take it that two coordinators have done the put, each under a dot of its own: only one of them need
        have been seen by whoever replaced it. The dots tell, where the protocols show them; else it may be so if
        something broke while the put was under way. None if it was done once.
        """
        dots = self.dots.get(value, ())
        if len(dots) > 1:
            return f"written as {' and as '.join(sorted(dots))}"
        write = self.writes.get(value)
        dots_unknown = any(one.value == value and one.dot is None for call in self.calls for one in call.seen)
        if dots_unknown and write is not None and circumstances.may_be_repeated(write):
            return "something broke while it was written, and who replaced it was not told its dot"
        return None

    def report(
        self, kind: str, key: Key, value: str, text: str, circumstances: Circumstances, findings: Findings
    ) -> None:
        """`value` is there though it was replaced: a violation, unless two coordinators have written it."""
        reason = self.repetition(value, circumstances)
        if reason:
            findings.excuse(key, value, reason)
        else:
            findings.add(kind, key, text)

    def _seen(self, value: str) -> list[str]:
        write = self.writes.get(value)
        return [one.value for one in write.seen] if write else []

    def deletes(self, values: Iterable[str]) -> bool:
        """Whether one of the writes is a delete."""
        return any(value in self.writes and self.writes[value].action is Action.DELETE for value in values)


def check_origin(key: Key, causality: Causality, shown: Iterable[Shown], findings: Findings, where: str) -> None:
    """A register shows nothing that nobody put there."""
    for one in shown:
        write = causality.writes.get(one.value)
        if write is None or write.outcome is Outcome.NOT_SENT or write.action is Action.DELETE:
            findings.add(PHANTOM, key, f"{one.value} was never written here: {where}")


def _reached(start: str, following: Callable[[str], Iterable[str]]) -> set[str]:
    reached, open_ones = {start}, [start]
    while open_ones:
        for other in following(open_ones.pop()):
            if other not in reached:
                reached.add(other)
                open_ones.append(other)
    return reached
