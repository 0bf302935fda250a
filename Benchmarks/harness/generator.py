"""The load generator of Benchmarks/firstfigure, as a process of its own."""

import json
import pathlib
import subprocess
from dataclasses import dataclass

LOAD = pathlib.Path(__file__).resolve().parents[1] / "firstfigure/.build/release/load"


@dataclass(frozen=True)
class Load:
    """What the generator is to do; its own usage text has each in full."""

    ports: list[int]
    operation: str
    first: int = 0
    below: int | None = None
    protocol: str = "session"
    connections: int = 50
    value_size: int = 128
    seconds: float = 600
    count: int | None = None
    rate: float | None = None
    reconnects: bool = False
    trace: pathlib.Path | None = None


class Generator:
    """A run under way. It ends after its time or count, or with `stop`."""

    def __init__(self, load: Load):
        given = {
            "--protocol": load.protocol, "--operation": load.operation, "--ports": ",".join(map(str, load.ports)),
            "--connections": load.connections, "--seconds": load.seconds, "--first": load.first,
            "--value-size": load.value_size, "--reconnect": "yes" if load.reconnects else "no", "--follow-input": "yes",
            "--below": load.below, "--count": load.count, "--rate": load.rate, "--trace": load.trace,
        }
        words = [str(word) for pair in given.items() if pair[1] is not None for word in pair]
        self._seconds = load.seconds
        self._process = subprocess.Popen(
            [LOAD, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self) -> dict:
        """Waits for the end. What the generator reports; its failure is one of the benchmark."""
        return self._end(None)

    def stop(self) -> dict:
        """Ends the run now; gives what it reports."""
        return self._end("")

    def _end(self, told: str | None) -> dict:
        try:
            # communicate() closes standard input at once, which is what ends the run; waiting must not.
            if told is None:
                self._process.wait(self._seconds + 60)
            output, errors = self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        if self._process.returncode != 0:
            raise RuntimeError(f"the load generator ended with {self._process.returncode}: {errors}")
        return json.loads(output)


def run(load: Load) -> dict:
    return Generator(load).result()


@dataclass(frozen=True)
class Traced:
    """One operation, by the machine's monotonic clock in µs."""

    begun: int
    took: int
    port: int
    operation: str
    outcome: str

    @property
    def ended(self) -> int:
        return self.begun + self.took


def read_trace(path: pathlib.Path) -> list[Traced]:
    traced = []
    for line in path.read_text().splitlines():
        begun, took, port, operation, outcome = line.split()
        traced.append(Traced(int(begun), int(took), int(port), operation, outcome))
    return traced
