"""A node that may open no more files serves the clients that it has, and takes new ones as soon as it can."""

import os
import resource
import socket

import pytest

from support.waiting import eventually

SPARE_FILES = 10
RESERVED_FILES = 30


def open_files(pid: int) -> list[int]:
    return [int(name) for name in os.listdir(f"/proc/{pid}/fd")]


def limit_files(pid: int) -> None:
    """From now on the process may open a few files more than it has open, besides those that it keeps for itself."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    limit = max(open_files(pid)) + 1 + SPARE_FILES + RESERVED_FILES
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))


def answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            connection.sendall(b"PING\r\n")
            return connection.recv(64) == b"+PONG\r\n"
        except ConnectionError:
            return False


@pytest.mark.parametrize("engine", ["rocksdb", "leveldb", "lmdb"])
def test_out_of_descriptors(start_cluster, engine):
    cluster = start_cluster([engine] * 3, {"clients": {"reserved_files": RESERVED_FILES}})
    node = cluster[0]
    assert node.http.put("b", "before", b"v", w=3).is_stored
    limit_files(node.process.pid)
    clients = [socket.create_connection(("127.0.0.1", node.resp_port), timeout=5) for _ in range(4 * SPARE_FILES)]
    try:
        eventually(lambda: "the RESP server can't take connections" in node.log, "a line in the log")
        eventually(lambda: not answers(node.resp_port), "no new client is taken")
        # With none left, a library could end the process. The engine may have taken some meanwhile.
        soft, _ = resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE)
        assert len(open_files(node.process.pid)) < soft - RESERVED_FILES // 2
        for number in range(300):
            assert node.http.put("b", f"k{number}", b"v" * 10_000, w=3).is_stored
        assert node.http.get("b", "before", r=3).values == [b"v"]
    finally:
        for client in clients:
            client.close()
    eventually(lambda: answers(node.resp_port), "a new client is taken again")
    assert all(node.http.get("b", f"k{number}", r=3).values == [b"v" * 10_000] for number in range(300))


@pytest.fixture
def few_files():
    """What is started meanwhile may have no more than this open, unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_node_asks_for_all_that_it_may_have(few_files, start_cluster):
    cluster = start_cluster(["lmdb"] * 3)
    soft, hard = resource.prlimit(cluster[0].process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard > 256
