"""What the clients noticed, second by second."""

import threading
from dataclasses import dataclass, field


@dataclass
class Second:
    done: int = 0
    failed: int = 0
    #: Of the calls that ended in it, in milliseconds.
    p99_ms: float = 0.0
    longest_ms: float = 0.0
    _times: list[float] = field(default_factory=list)

    def note(self, seconds: float, is_done: bool) -> None:
        self._times.append(seconds * 1000)
        if is_done:
            self.done += 1
        else:
            self.failed += 1

    def close(self) -> None:
        """Keeps of the single times what the report tells."""
        if self._times:
            self._times.sort()
            self.p99_ms = self._times[int((len(self._times) - 1) * 0.99)]
            self.longest_ms = self._times[-1]
            self._times = []


class Seconds:
    """Used by all clients."""

    def __init__(self):
        self._lock = threading.Lock()
        self._seconds: list[Second] = []

    def note(self, at: float, took: float, is_done: bool) -> None:
        """A call that ended `at` so many seconds after the run began."""
        with self._lock:
            while len(self._seconds) <= int(at):
                self._seconds.append(Second())
            self._seconds[int(at)].note(took, is_done)

    def closed(self) -> list[Second]:
        """All, when no call is under way."""
        with self._lock:
            for second in self._seconds:
                second.close()
            return list(self._seconds)
