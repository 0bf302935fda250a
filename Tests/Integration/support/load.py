"""Clients that write and read while something happens to the nodes, and know what they wrote."""

import threading
import time

from .cluster import Node
from .http import Answer, HTTPClient


class Load:
    """Threads that put new keys and read them back at W=2 and R=2. A request may be tried once more, at another node.

    For `patience` seconds from its first attempt on, it may be tried yet again.
    """

    #: Writes with which a check means something.
    ENOUGH = 50

    def __init__(self, nodes: list[Node], bucket: str, threads: int = 3, patience: float = 0):
        self.nodes = nodes
        self.bucket = bucket
        self.patience = patience
        self.written: dict[str, bytes] = {}
        self.retries: list[str] = []
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number: int) -> None:
        clients = [HTTPClient(node.http_port, authority=node.authority) for node in self.nodes]
        try:
            index = 0
            while not self._stop.is_set():
                key, value = f"{number}-{index}", f"value {number} {index}".encode()
                turn = number + index
                if self._tried(clients, turn, lambda client: client.put(self.bucket, key, value, w=2).is_stored, key):
                    with self._lock:
                        self.written[key] = value
                    # A put that was tried twice may be there twice, as siblings of one value.
                    self._tried(
                        clients, turn + 1,
                        lambda client: set(values(client.get(self.bucket, key, r=2))) == {value}, key)
                index += 1
                self._stop.wait(0.02)
        except BaseException as error:
            self.failures.append(f"thread {number}: {error!r}")
        finally:
            for client in clients:
                client.close()

    def _tried(self, clients: list[HTTPClient], turn: int, request, key: str) -> bool:
        """Whether one of the attempts is answered as it should be."""
        errors = []
        patient_until = time.monotonic() + self.patience
        while len(errors) < 2 or time.monotonic() < patient_until:
            try:
                if request(clients[(turn + len(errors)) % len(clients)]):
                    if errors:
                        self.retries.append(f"{key}: {errors[0]}")
                    return True
                errors.append("another value")
            except (OSError, AssertionError) as error:
                errors.append(repr(error)[:400])
            if len(errors) > 1:
                self._stop.wait(0.02)
        self.failures.append(f"{key}: {len(errors)} attempts, {errors[:3]}")
        return False

    def check(self, node: Node) -> None:
        """Every acknowledged write is read at `node`, and no request failed for good."""
        assert not self.failures, self.failures[:5]
        assert len(self.written) > self.ENOUGH, "the load has done something"
        found = node.grpc.read_all(self.bucket, list(self.written), r=2)
        lost = [key for key, value in self.written.items() if set(found[key]) != {value}]
        assert not lost, f"{node.name} lost {len(lost)} of {len(self.written)}: {lost[:5]}"


def values(answer: Answer) -> list[bytes]:
    """Those that are shown; fails with what was answered, unless it tells of the key."""
    assert answer.status in (200, 300, 404), answer
    return answer.values
