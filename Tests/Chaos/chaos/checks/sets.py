"""Sets, to which no member is added twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..history import Action, Call, Key, Outcome
from . import BACK, LOST, PHANTOM, STALE, Circumstances, Final, Findings


@dataclass
class _Member:
    addition: Call
    #: Whose outcome may be unknown.
    removal: Call | None = None


def check_set(
    key: Key, calls: Sequence[Call], final: Final, circumstances: Circumstances, findings: Findings, is_strict: bool
) -> None:
    members = _members(calls)
    for call in calls:
        if not call.is_done:
            continue
        is_exact = is_strict and not circumstances.is_exempt(call.begun, call.ended)
        if call.action is Action.REMOVE_MEMBER and is_exact and call.number_told == 0:
            if members[call.value].addition.is_done:
                findings.add(STALE, key, f"did not find what was added before: {call.line()}")
        if call.action is Action.GET:
            _check_origin(key, call.members, members, findings, call.line())
            if is_exact:
                _check_recency(key, call, members, findings)
    _check_origin(key, final.members, members, findings, "at the end")
    for name, member in members.items():
        if member.addition.is_done and member.removal is None and name not in final.members:
            findings.add(LOST, key, f"{name} was acknowledged and is gone")
        if _is_removed(member) and name in final.members:
            findings.add(BACK, key, f"{name} is there at the end, though it was removed")


def _members(calls: Iterable[Call]) -> dict[str, _Member]:
    members = {call.value: _Member(call) for call in calls if call.action is Action.ADD_MEMBER}
    for call in calls:
        if call.action is Action.REMOVE_MEMBER and call.outcome is not Outcome.NOT_SENT:
            members[call.value].removal = call
    return members


def _is_removed(member: _Member) -> bool:
    """Whether the one who removed it was told that it had been there."""
    return member.removal is not None and member.removal.is_done and member.removal.number_told == 1


def _check_origin(
    key: Key, shown: frozenset[str], members: dict[str, _Member], findings: Findings, where: str
) -> None:
    for name in shown:
        if name not in members or members[name].addition.outcome is Outcome.NOT_SENT:
            findings.add(PHANTOM, key, f"{name} was never added here: {where}")


def _check_recency(key: Key, read: Call, members: dict[str, _Member], findings: Findings) -> None:
    for name, member in members.items():
        is_added = member.addition.is_done and member.addition.ended < read.begun
        if is_added and name not in read.members and (member.removal is None or member.removal.begun > read.ended):
            findings.add(STALE, key, f"{name}, acknowledged before, is not shown: {read.line()}")
        if _is_removed(member) and member.removal.ended < read.begun and name in read.members:
            findings.add(STALE, key, f"{name}, removed before, is shown: {read.line()}")
