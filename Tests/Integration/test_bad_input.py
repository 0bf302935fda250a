"""What clients and strangers should not send: each gets the error that says so, and the node stays up."""

import concurrent.futures
import functools
import http.client
import os
import random
import socket
import struct

import grpc
import pytest

from conftest import MAX_VALUE_BYTES
from support.grpc_client import status_of

# (method, path behind the bucket, headers, body, status)
HTTP_REQUESTS = {
    "empty key": ("PUT", "keys/", {}, b"v", 400),
    "481-byte key": ("PUT", "keys/" + "k" * 481, {}, b"v", 400),
    "481-byte key, read": ("GET", "keys/" + "k" * 481, {}, None, 400),
    "value over the limit": ("PUT", "keys/k", {}, b"v" * (MAX_VALUE_BYTES + 1), 413),
    "context that is not base64": ("PUT", "keys/k", {"X-Kvnode-Context": "!!!"}, b"v", 400),
    "context that is damaged": ("PUT", "keys/k", {"X-Kvnode-Context": "AQIDBAUGBwg="}, b"v", 400),
    "r over n": ("GET", "keys/k?n=2&r=3", {}, None, 400),
    "w over n": ("PUT", "keys/k?n=1&w=2", {}, b"v", 400),
    "n over the replicas": ("GET", "keys/k?n=4", {}, None, 400),
    "r of zero": ("GET", "keys/k?r=0", {}, None, 400),
    "r that is no number": ("GET", "keys/k?r=two", {}, None, 400),
    "negative w": ("PUT", "keys/k?w=-1", {}, b"v", 400),
    "timeout of zero": ("GET", "keys/k?timeout=0", {}, None, 400),
    "timeout that is no time": ("GET", "keys/k?timeout=soon", {}, None, 400),
    "timeout without end": ("GET", "keys/k?timeout=99999h", {}, None, 400),
    "ttl below zero": ("PUT", "keys/k?ttl=-1s", {}, b"v", 400),
    "unknown parameter": ("PUT", "keys/k?wW=3", {}, b"v", 400),
    "malformed If-Match": ("PUT", "keys/k", {"If-Match": "no-quotes"}, b"v", 400),
    "unknown bucket property": ("PUT", "properties", {}, b'{"replicas": 3}', 400),
    "bucket property of another type": ("PUT", "properties", {}, b'{"w": "two"}', 400),
    "bucket with r over n": ("PUT", "properties", {}, b'{"n": 2, "r": 3}', 400),
    "properties that are no JSON": ("PUT", "properties", {}, b"{", 400),
    "malformed cursor": ("GET", "keys?cursor=%21", {}, None, 400),
    "foreign cursor": ("GET", "keys?cursor=AAAA", {}, None, 400),
    "percent without digits": ("GET", "keys/%zz", {}, None, 400),
    "unknown path": ("GET", "values/k", {}, None, 404),
    "unknown method": ("PATCH", "keys/k", {}, b"v", 405),
}


@pytest.mark.parametrize("name", HTTP_REQUESTS)
def test_http_requests(cluster, bucket, name):
    method, path, headers, body, status = HTTP_REQUESTS[name]
    for node in cluster.nodes[:2]:
        answered, kind, answer = raw_request(node, method, f"/v1/buckets/{bucket}/{path}", headers, body)
        assert (answered, kind) == (status, "application/problem+json"), answer
    stays_up(cluster, bucket)


@pytest.mark.parametrize("path", ["/v1/buckets/%ff%fe/keys/k", "/v1/buckets/b%c0/properties", "/v1/buckets//keys/k",
                                  "/v1/buckets/" + "b" * 29 + "/keys/k"])
def test_buckets_in_a_path(cluster, bucket, path):
    for node in cluster.nodes[:2]:
        status, _, answer = raw_request(node, "GET", path, {}, None)
        assert status == 400, answer
    stays_up(cluster, bucket)


def test_a_context_of_another_key_is_refused(cluster, bucket):
    context = cluster[0].http.put(bucket, "one", b"v").context
    assert cluster[1].http.put(bucket, "other", b"v", context).status == 400
    assert cluster[1].http.get(bucket, "other").status == 404


def test_grpc_requests(cluster, bucket):
    client = cluster[1].grpc
    m = client.m
    good = dict(bucket=bucket, key=b"k", value=b"v")
    puts = {
        "empty key": {"key": b""},
        "481-byte key": {"key": b"k" * 481},
        "value over the limit": {"value": b"v" * (MAX_VALUE_BYTES + 1)},
        "empty bucket": {"bucket": ""},
        "29-byte bucket": {"bucket": "b" * 29},
        "malformed context": {"context": b"\x01\x02\x03"},
        "malformed if_match": {"if_match": b"\x01\x02\x03"},
        "content type over the limit": {"content_type": "x" * 256},
        "r over n": {"options": m.Options(n=2, r=3)},
        "w over n": {"options": m.Options(w=4)},
        "n over the replicas": {"options": m.Options(n=4)},
        "w of zero": {"options": m.Options(w=0)},
    }
    calls = {
        name: lambda request=m.PutRequest(**(good | change)): client.stub.Put(request, timeout=30)
        for name, change in puts.items()
    }
    endless = m.PutRequest(**good, options=m.Options(timeout_ms=0xFFFFFFFF))
    calls |= {
        # Without a deadline of the call, which would be the shorter one and hold.
        "timeout without end": lambda: client.stub.Put(endless),
        "empty key, read": lambda: client.stub.Get(m.GetRequest(bucket=bucket), timeout=30),
        "malformed context, delete": lambda: client.delete(bucket, b"k", context=b"\xff"),
        "foreign cursor": lambda: client.stub.List(m.ListRequest(bucket=bucket, cursor=b"\x00\x00"), timeout=30),
        "bucket with r over n": lambda: client.stub.SetBucketProperties(m.SetBucketPropertiesRequest(
            bucket=bucket, properties=m.BucketProperties(n=2, r=3)), timeout=30),
    }
    statuses = {name: status_of(call) for name, call in calls.items()}
    assert statuses == dict.fromkeys(calls, grpc.StatusCode.INVALID_ARGUMENT)
    assert not client.get(bucket, b"k").found
    stays_up(cluster, bucket)


def garbage(seed: int) -> dict[str, bytes]:
    """Byte streams that no client of ours sends; the random ones replay with `seed`."""
    noise = random.Random(seed)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings = struct.pack(">I", 0)[1:] + b"\x04\x00" + struct.pack(">I", 0)
    return {
        "nothing": b"",
        "one byte": b"\x00",
        "noise": noise.randbytes(100_000),
        "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise.randbytes(500),
        "a request line without end": b"GET /" + b"a" * 200_000,
        "headers without end": b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000,
        "a chunk size out of range": b"PUT /v1/buckets/b/keys/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     + b"f" * 40 + b"\r\n",
        "two lengths": b"PUT /v1/buckets/b/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "a body that stops": b"PUT /v1/buckets/b/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nshort",
        "frames of noise": preface + settings + noise.randbytes(10_000),
        "a frame of 16 MiB": preface + settings + b"\xff\xff\xff\x00\x00" + struct.pack(">I", 1) + b"\x00" * 1000,
        "a header block of noise": preface + settings + struct.pack(">I", 500)[1:] + b"\x01\x05"
                                   + struct.pack(">I", 1) + noise.randbytes(500),
        "an old protocol": b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
    }


@pytest.mark.parametrize("port", ["http_port", "grpc_port", "peer_port"])
def test_garbage_on_each_port(cluster, bucket, port):
    seed = int(os.environ.get("KVNODE_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"KVNODE_SEED={seed}")
    streams = garbage(seed).values()
    with concurrent.futures.ThreadPoolExecutor(len(streams)) as pool:
        list(pool.map(functools.partial(send_and_leave, getattr(cluster[1], port)), streams))
    stays_up(cluster, bucket)


@pytest.mark.parametrize("method,code,words", [
    ("/kvnode.peer.v1.Peer/Exchange", grpc.StatusCode.INVALID_ARGUMENT, "its first message is not a hello"),
    ("/kvnode.peer.v1.Peer/Nothing", grpc.StatusCode.UNIMPLEMENTED, "no such method"),
])
def test_a_peer_port_answers_any_grpc_client_with_a_status(cluster, bucket, method, code, words):
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{cluster[0].peer_port}", options=options) as channel:
        call = channel.stream_stream(method)(iter([b"a stranger"]), timeout=10)
        with pytest.raises(grpc.RpcError):
            list(call)
        assert call.code() == code and words in call.details(), call.details()
    stays_up(cluster, bucket)


def test_many_open_connections_that_say_nothing(cluster, bucket):
    node = cluster[0]
    silent = [socket.create_connection(("127.0.0.1", port), timeout=10)
              for port in (node.http_port, node.grpc_port, node.peer_port) for _ in range(50)]
    try:
        stays_up(cluster, bucket)
    finally:
        for connection in silent:
            connection.close()


def raw_request(node, method: str, path: str, headers: dict, body: bytes | None) -> tuple[int, str, bytes]:
    """A request whose path is sent as it is; its status, content type and body."""
    connection = http.client.HTTPConnection("127.0.0.1", node.http_port, timeout=30)
    try:
        try:
            connection.request(method, path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of the body was sent; the answer is there
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    finally:
        connection.close()


def send_and_leave(port: int, stream: bytes) -> None:
    """Sends what the other side takes, closes this side, and reads until it closes too or says nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(stream)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(1)
            while connection.recv(65536):
                pass
        except (TimeoutError, ConnectionError, BrokenPipeError, OSError):
            pass


def stays_up(cluster, bucket: str) -> None:
    for node in cluster.nodes:
        assert node.is_running, f"{node.name} ended:\n{node.log[-4000:]}"
    assert cluster[0].http.put(bucket, "alive", b"yes", w=3).is_stored
    for node in cluster.nodes:
        assert b"yes" in node.http.get(bucket, "alive", r=3).values
        assert node.grpc.values(bucket, b"alive")
