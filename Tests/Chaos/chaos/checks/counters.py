"""Counters, to which clients only add."""

from collections.abc import Sequence

from ..history import Action, Call, Key, Outcome
from . import EXCESS, LOST, STALE, Circumstances, Final, Findings


def check_counter(
    key: Key, calls: Sequence[Call], final: Final, circumstances: Circumstances, findings: Findings, is_strict: bool
) -> None:
    additions = [call for call in calls if call.action is Action.ADD and call.outcome is not Outcome.NOT_SENT]
    for call in calls:
        if not call.is_done or call.number_told is None:
            continue
        most = sum(one.amount for one in additions if one.begun <= call.ended)
        # Its own is acknowledged with it.
        least = sum(one.amount for one in additions if one.is_done and one.ended < call.begun) + call.amount
        if call.number_told > most:
            findings.add(EXCESS, key, f"only {most} had been added: {call.line()}")
        if is_strict and call.number_told < least and not circumstances.is_exempt(call.begun, call.ended):
            findings.add(STALE, key, f"{least} had been acknowledged: {call.line()}")
    least = sum(one.amount for one in additions if one.is_done)
    most = sum(one.amount for one in additions)
    if final.number < least:
        findings.add(LOST, key, f"{final.number} is left, and {least} was acknowledged")
    if final.number > most:
        findings.add(EXCESS, key, f"{final.number} is left, and only {most} was ever added")
