"""Free TCP ports on the loopback address."""

import itertools
import os
import socket

# Below the range from which the kernel takes ports for outgoing connections: a node that is restarted finds its own
# port again. pytest's workers have a part each, and the start differs between test runs, so that two at a time seldom meet.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_SHARE = (32_000 - 15_000) // _WORKERS
_FIRST, _LAST = 15_000 + _WORKER * _SHARE, 15_000 + (_WORKER + 1) * _SHARE
_candidates = itertools.cycle(range(_FIRST, _LAST))
for _ in range(os.getpid() * 97 % _SHARE):
    next(_candidates)


def free_port() -> int:
    """A port that nobody listens at, not given out before in this run."""
    for _ in range(_LAST - _FIRST):
        port = next(_candidates)
        if _is_free(port):
            return port
    raise RuntimeError("no free port")


def free_block(count: int) -> int:
    """The first of `count` consecutive free ports."""
    for _ in range(_LAST - _FIRST):
        first = next(_candidates)
        if first + count < _LAST and all(_is_free(first + offset) for offset in range(count)):
            for _ in range(count - 1):
                next(_candidates)
            return first
    raise RuntimeError("no free block of ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
