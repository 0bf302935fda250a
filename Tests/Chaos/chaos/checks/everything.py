"""All checks of all keys."""

from collections.abc import Mapping, Sequence

from ..history import Bucket, Call, Key, Kind
from . import Circumstances, Final, Findings
from .counters import check_counter
from .latest import LatestCheck
from .sets import check_set
from .siblings import SiblingsCheck


def check(
    calls: Mapping[Key, Sequence[Call]], finals: Mapping[Key, Final], circumstances: Circumstances
) -> Findings:
    """`finals` has every key of `calls`."""
    findings = Findings()
    for key, own in calls.items():
        check_key(key, own, finals[key], circumstances, findings)
    return findings


def check_key(
    key: Key, calls: Sequence[Call], final: Final, circumstances: Circumstances, findings: Findings
) -> None:
    # With a sloppy quorum a read need not meet every write that was acknowledged before it.
    is_strict = key.bucket is not Bucket.SLOPPY
    if key.kind is Kind.COUNTER:
        check_counter(key, calls, final, circumstances, findings, is_strict)
    elif key.kind is Kind.SET:
        check_set(key, calls, final, circumstances, findings, is_strict)
    elif key.bucket is Bucket.LATEST:
        latest = LatestCheck(key, calls, circumstances, findings)
        latest.check_replies()
        latest.check_end(final)
    else:
        siblings = SiblingsCheck(key, calls, circumstances, findings)
        siblings.check_replies(is_strict)
        siblings.check_end(final)
