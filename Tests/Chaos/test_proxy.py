"""The fault proxy holds back what it is told to, lets go of it afterwards, and knows who speaks."""

import os
import socket
import time

import pytest

from chaos.links import Link
from chaos.proxy import Proxy
from support.ports import free_port

#: For what must not come: longer than an unhindered answer takes by far.
NOTHING_SECONDS = 0.3
FAR, HERE = 1, 0


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def proxy(server, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))
    port = free_port()
    proxy = Proxy([
        {"listen": ["127.0.0.1", free_port()], "target": ["127.0.0.1", 1], "alias": "", "source": ""},
        {"listen": ["127.0.0.1", port], "target": list(server.getsockname()), "alias": "", "source": ""}])
    # This process is the node that connects.
    proxy.set_processes({HERE: os.getpid()})
    proxy.port = port
    yield proxy
    proxy.close()


@pytest.fixture
def ends(proxy, server):
    """Both ends of a connection through the proxy."""
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as near:
        far, _ = server.accept()
        with far:
            for one in (near, far):
                one.settimeout(10)
            yield near, far


def stays_silent(end: socket.socket) -> bool:
    end.settimeout(NOTHING_SECONDS)
    try:
        return end.recv(1) is None
    except TimeoutError:
        return True
    finally:
        end.settimeout(10)


def test_what_is_sent_arrives_in_both_directions(ends):
    near, far = ends
    near.sendall(b"request")
    assert far.recv(100) == b"request"
    far.sendall(b"reply")
    assert near.recv(100) == b"reply"
    near.close()
    assert far.recv(100) == b""


def test_a_cut_way_holds_back_one_direction_and_lets_go_of_it_when_it_is_whole(proxy, ends):
    near, far = ends
    proxy.set_links({(HERE, FAR): Link(is_cut=True)})
    near.sendall(b"request")
    far.sendall(b"reply")
    assert near.recv(100) == b"reply"
    assert stays_silent(far)
    proxy.set_links({})
    assert far.recv(100) == b"request"


def test_no_connection_is_made_over_a_cut_way(proxy, server):
    proxy.set_links({(FAR, HERE): Link(is_cut=True)})
    with socket.create_connection(("127.0.0.1", proxy.port), 10):
        server.settimeout(NOTHING_SECONDS)
        with pytest.raises(TimeoutError):
            server.accept()
        server.settimeout(10)
        proxy.set_links({})
        server.accept()[0].close()


def test_a_slow_way_takes_its_time_and_keeps_the_order(proxy, ends):
    near, far = ends
    proxy.set_links({(HERE, FAR): Link(delay_ms=200, jitter_ms=100)})
    begun = time.monotonic()
    for piece in (b"a", b"b", b"c"):
        near.sendall(piece)
    got = b""
    while len(got) < 3:
        got += far.recv(100)
    assert got == b"abc" and time.monotonic() - begun >= 0.2
