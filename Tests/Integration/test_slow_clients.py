"""Clients that are slow, or gone without a word: each loses its connection, and nobody else notices."""

import os
import socket
import time

import grpc
import pytest

from support.grpc_client import status_of
from support.waiting import eventually

TCP_REPAIR = 19
#: Of HTTP/2: a kind of frame, and a flag of it.
SETTINGS, ACKNOWLEDGED = 4, 1
PORTS = ("grpc", "http", "resp")
QUICK = {
    "http": {"idle_timeout_ms": 1000, "request_timeout_ms": 1000, "max_connections": 2},
    "resp": {"request_timeout_ms": 1000, "keepalive_ms": 1000, "max_connections": 2},
    "grpc": {"keepalive_ms": 1000, "max_connections": 2},
}
#: What begins a request, and never ends it.
BEGINNINGS = {
    "http": b"PUT /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\ncontent-length: 100000\r\n\r\n",
    "resp": b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n",
}


@pytest.fixture
def node(start_cluster):
    return start_cluster(["memory"], QUICK)[0]


def connect(node, port: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", getattr(node, f"{port}_port")), 10)


@pytest.mark.parametrize("port", BEGINNINGS)
def test_a_request_that_trickles_in(node, port):
    begun = time.monotonic()
    with connect(node, port) as client:
        client.sendall(BEGINNINGS[port])
        client.settimeout(0.05)
        heard = None
        while heard is None and time.monotonic() < begun + 30:
            try:
                client.sendall(b"x")
                heard = client.recv(4096)
            except TimeoutError:
                pass
            except ConnectionError:
                heard = b""
    assert heard is not None, "the connection stays"
    assert not heard or b"late" in heard, heard
    assert node.http.put("b", "k", b"v").is_stored


def two_clients(node, port: str) -> list[socket.socket] | None:
    """Two whom the node has at `port`, and nobody else; None if it has lost one already."""
    clients = [connect(node, port) for _ in range(2)]
    try:
        for client in clients:
            settled(client, port)
        if connections(node, port) == 2:
            return clients
    except (OSError, AssertionError):
        pass
    for client in clients:
        client.close()
    return None


def settled(client: socket.socket, port: str) -> None:
    """Both ends have had what the protocol begins with, so that neither has anything to say any more."""
    if port == "grpc":
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS))
        acknowledged, frames = False, client.makefile("rb")
        while not acknowledged:
            head = frames.read(9)
            assert len(head) == 9, "the connection has ended"
            frames.read(int.from_bytes(head[:3]))
            acknowledged = head[3] == SETTINGS and head[4] == ACKNOWLEDGED
        client.sendall(frame(SETTINGS, ACKNOWLEDGED))
    elif port == "resp":
        client.sendall(b"PING\r\n")
        assert client.makefile("rb").read(7) == b"+PONG\r\n"


def frame(kind: int, flags: int = 0) -> bytes:
    """Of HTTP/2, without anything in it, for the whole connection."""
    return bytes([0, 0, 0, kind, flags, 0, 0, 0, 0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a connection vanish")
@pytest.mark.parametrize("port", PORTS)
def test_a_client_whose_machine_is_gone(node, port):
    """Its end of the connection is forgotten without a packet, as by a loss of power."""
    node.http.close()
    eventually(lambda: connections(node, port) == 0, "no connection is left of what went before")
    # Whoever is slower than the node's timeouts has lost them again by then.
    for client in eventually(lambda: two_clients(node, port), "the node has both connections"):
        client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        client.close()
    eventually(lambda: connections(node, port) == 0, "the node has noticed", 60)


def connections(node, port: str) -> int:
    """How many the node has at `port`, as the kernel counts them."""
    established, number = "01", f":{getattr(node, f'{port}_port'):04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in list(table)[1:]]
    return sum(local.endswith(number) and state == established for _, local, _, state, *_ in rows)


# MARK: many at once

RECEIVED = 16 << 20
UNFINISHED = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4000000\r\n" + bytes(1 << 20)


def test_all_that_is_not_complete_has_a_bound(start_cluster):
    """Clients of which each stays within its limits do not fill the memory together."""
    node = start_cluster(["memory"], {
        "requests": {"max_received_bytes": RECEIVED, "max_value_bytes": 8 << 20},
        "grpc": {"max_message_bytes": 16 << 20}})[0]
    before = memory(node)
    clients, refused = [], 0
    try:
        for _ in range(60):
            client = connect(node, "resp")
            clients.append(client)
            try:
                client.sendall(UNFINISHED)
            except ConnectionError:
                refused += 1
        eventually(lambda: refused + sum(is_refused(client) for client in clients) >= 60 - RECEIVED // (1 << 20) - 1,
                   "most are refused")
        assert memory(node) - before < 8 * RECEIVED
        # Short requests are served as ever, long ones are refused as overload.
        assert node.http.put("b", "short", b"v").is_stored
        long = node.http.put("b", "long", bytes(5 << 20))
        assert long.status == 429 and long.problem["type"].endswith("overloaded"), long
        assert status_of(lambda: node.grpc.put("b", b"long", bytes(5 << 20))) == grpc.StatusCode.RESOURCE_EXHAUSTED
    finally:
        for client in clients:
            client.close()
    eventually(lambda: node.http.put("b", "long", bytes(5 << 20)).status == 204, "there is room again")
    node.grpc.put("b", b"long", bytes(5 << 20))


def is_refused(client: socket.socket) -> bool:
    client.settimeout(0.01)
    try:
        return b"OVERLOADED" in client.recv(4096, socket.MSG_PEEK)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def memory(node) -> int:
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))
