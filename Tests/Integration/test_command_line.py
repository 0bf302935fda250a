"""`kvnode get`, `put`, `del` and `list`: what they print, and how they end."""

import base64
import json
import os
import socket
import subprocess

import pytest

from support.cluster import BINARY, clean_environment
from support.ports import free_port
from support.waiting import eventually

DONE, NOT_FOUND, SIBLINGS, UNAVAILABLE, CONDITION_FAILED, USAGE = 0, 2, 3, 4, 5, 64


def kvnode(*arguments, node=None, input: bytes = b"") -> subprocess.CompletedProcess:
    endpoint = ["--endpoint", f"127.0.0.1:{node.grpc_port}"] if node else []
    return subprocess.run(
        [BINARY, *arguments, *endpoint], input=input, capture_output=True, timeout=60, env=clean_environment())


def printed(ended: subprocess.CompletedProcess) -> dict:
    return json.loads(ended.stdout)


def test_put_get_delete(cluster, bucket):
    first, second, third = cluster.nodes
    assert kvnode("put", "greeting", "hello", "--bucket", bucket, node=first).returncode == DONE
    got = kvnode("get", "greeting", "--bucket", bucket, node=second)
    assert (got.returncode, got.stdout) == (DONE, b"hello")
    assert kvnode("del", "greeting", "--bucket", bucket, node=third).returncode == DONE
    gone = kvnode("get", "greeting", "--bucket", bucket, node=first)
    assert (gone.returncode, gone.stdout) == (NOT_FOUND, b"") and gone.stderr
    assert kvnode("del", "greeting", "--bucket", bucket, node=third).returncode == NOT_FOUND


def test_siblings_and_their_resolution(cluster, bucket):
    for value in ("one", "two"):
        assert kvnode("put", "k", value, "--bucket", bucket, node=cluster[0]).returncode == DONE
    got = kvnode("get", "k", "--bucket", bucket, node=cluster[1])
    assert (got.returncode, got.stdout) == (SIBLINGS, b"one\ntwo\n")
    document = printed(kvnode("get", "k", "--bucket", bucket, "--json", node=cluster[2]))
    assert document["found"]
    assert sorted(base64.b64decode(one["value"]) for one in document["siblings"]) == [b"one", b"two"]

    put = kvnode("put", "k", "both", "--bucket", bucket, "--context", document["context"], "--json", node=cluster[2])
    assert put.returncode == DONE and printed(put)["context"]
    got = kvnode("get", "k", "--bucket", bucket, node=cluster[0])
    assert (got.returncode, got.stdout) == (DONE, b"both")


def test_binary_values_go_through_files_and_pipes(cluster, bucket, tmp_path):
    value = os.urandom(100_000)
    path = tmp_path / "value"
    path.write_bytes(value)
    assert kvnode("put", "file", "--file", path, "--bucket", bucket, node=cluster[0]).returncode == DONE
    assert kvnode("put", "pipe", "-", "--bucket", bucket, node=cluster[0], input=value).returncode == DONE
    for key in ("file", "pipe"):
        assert kvnode("get", key, "--bucket", bucket, node=cluster[1]).stdout == value


def test_conditions(cluster, bucket):
    put = ("put", "k", "v", "--bucket", bucket)
    assert kvnode(*put, "--if-absent", node=cluster[0]).returncode == DONE
    assert kvnode(*put, "--if-absent", node=cluster[1]).returncode == CONDITION_FAILED
    context = kvnode("get", "k", "--bucket", bucket, "--print-context", node=cluster[2]).stdout.decode().strip()
    assert kvnode(*put, "--if-match", context, node=cluster[1]).returncode == DONE
    assert kvnode(*put, "--if-match", context, node=cluster[1]).returncode == CONDITION_FAILED
    assert kvnode("del", "k", "--bucket", bucket, "--if-match", context, node=cluster[1]).returncode == CONDITION_FAILED


def test_list(cluster, bucket):
    keys = {f"a{index}" for index in range(12)} | {"b"}
    for key in keys:
        cluster[0].http.put(bucket, key, b"v")
    listed = kvnode("list", "--bucket", bucket, node=cluster[1])
    assert listed.returncode == DONE and set(listed.stdout.decode().split()) == keys
    prefixed = kvnode("list", "--bucket", bucket, "--prefix", "a", "--json", node=cluster[2])
    assert {one["key"] for one in printed(prefixed)["keys"]} == keys - {"b"}
    assert len(kvnode("list", "--bucket", bucket, "--limit", "5", node=cluster[0]).stdout.split()) == 5


def test_errors_have_their_exit_codes(cluster, bucket):
    assert kvnode("get", "k" * 481, "--bucket", bucket, node=cluster[0]).returncode == USAGE
    assert kvnode("put", "k", "v", "--context", "%%%", "--bucket", bucket, node=cluster[0]).returncode == USAGE
    assert kvnode("get", "k", "--bucket", bucket, "--n", "2", "--r", "3", node=cluster[0]).returncode == USAGE
    assert kvnode("get").returncode == USAGE
    assert kvnode("get", "k", "--endpoint", "nonsense").returncode == USAGE
    nobody = kvnode("get", "k", "--timeout", "500", "--endpoint", f"127.0.0.1:{free_port()}", "--json")
    assert nobody.returncode == UNAVAILABLE and printed(nobody)["error"]["code"] == "UNAVAILABLE"


def test_the_error_says_how_many_replicas_answered(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    cluster[2].kill()
    failed = kvnode("put", "k", "v", "--w", "3", "--timeout", "1500", "--json", node=cluster[0])
    assert failed.returncode == UNAVAILABLE
    error = printed(failed)["error"]
    assert error["replicas_needed"] == 3 and error["replicas_answered"] in (1, 2)
    told = kvnode("put", "k", "v", "--w", "3", "--timeout", "1500", node=cluster[0])
    assert told.returncode == UNAVAILABLE and b"3" in told.stderr
    assert kvnode("put", "k", "v", "--w", "2", node=cluster[0]).returncode == DONE


def test_health_tells_ready_from_alive_and_that_from_dead(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    ready = kvnode("health", node=cluster[0])
    assert (ready.returncode, ready.stdout) == (DONE, b"127.0.0.1:%d is ready\n" % cluster[0].grpc_port)
    cluster[1].kill()
    cluster[2].kill()
    eventually(lambda: kvnode("health", node=cluster[0]).returncode == 1, "a node that is alone not to be ready")
    assert printed(kvnode("health", "--json", node=cluster[0])) == {"endpoint": f"127.0.0.1:{cluster[0].grpc_port}", "ready": False}
    assert kvnode("health", "--live", node=cluster[0]).returncode == DONE
    cluster[0].kill()
    dead = kvnode("health", "--live", "--json", node=cluster[0])
    assert dead.returncode == UNAVAILABLE and printed(dead)["error"]["code"] == "UNAVAILABLE"


def test_a_node_without_room_for_connections_is_alive(start_cluster):
    node = start_cluster(["memory"], {"grpc": {"max_connections": 1}})[0]
    with socket.create_connection(("127.0.0.1", node.grpc_port), 5) as other:
        assert other.recv(1), "it is taken in"
        assert kvnode("health", node=node).returncode == UNAVAILABLE
        assert kvnode("health", "--live", node=node).returncode == DONE
        alive = printed(kvnode("health", "--live", "--json", node=node))
        assert alive == {"endpoint": f"127.0.0.1:{node.grpc_port}", "alive": True}


@pytest.mark.parametrize("question", [(), ("--live",)], ids=["ready", "alive"])
def test_health_does_not_wait_for_a_node_that_hangs(question):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hangs = kvnode("health", *question, "--endpoint", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "300")
    assert hangs.returncode == UNAVAILABLE and hangs.stderr


def test_help_documents_the_exit_codes():
    for command in ("get", "put", "del", "list", "health"):
        shown = kvnode(command, "--help")
        assert shown.returncode == DONE and b"Exit codes" in shown.stdout
