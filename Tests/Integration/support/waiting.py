"""Waiting for what a process does in its own time."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], what: str, seconds: float = 30.0, interval: float = 0.03) -> object:
    """Asks `condition` until it answers something true, and gives that back; fails after `seconds`.

    What `condition` raises counts as false while time is left, and is named in the failure.
    """
    deadline = time.monotonic() + seconds
    last: object = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except GivesUp:
            raise
        except Exception as error:  # the last one is shown
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds:g} s; last: {last!r}")
        time.sleep(interval)


class GivesUp(AssertionError):
    """Raised by a condition that can no longer become true."""
