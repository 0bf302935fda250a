"""The fault proxy, as the run that started it sees it."""

import json
import subprocess
import sys

from .links import Links


class Proxy:
    """One at a time tells it something, which is in force on return."""

    def __init__(self, places: list[dict]):
        # It ends when its standard input does, and with that at the latest when the run ends.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.proxy_process"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)
        self._tell({"places": places})

    def set_links(self, links: Links) -> None:
        self._tell({"links": [
            [source, target, vars(link)] for (source, target), link in links.items()]})

    def set_processes(self, processes: dict[int, int]) -> None:
        """Which process each node is."""
        self._tell({"processes": list(processes.items())})

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tell(self, what: dict) -> None:
        print(json.dumps(what), file=self._process.stdin, flush=True)
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError(f"the fault proxy has ended with {self._process.wait(5)}")
