"""Redis's protocol, through clients that were written for Redis: redis-py, redis-cli and redis-benchmark."""

import concurrent.futures
import subprocess

import pytest
import redis

from support.waiting import eventually


@pytest.fixture(params=[2, 3])
def clients(request, cluster, bucket):
    """A client of each node, of either version of the protocol, in a bucket of the test's own."""
    opened = [
        redis.Redis(port=node.resp_port, protocol=request.param, single_connection_client=True) for node in cluster]
    for client in opened:
        assert client.execute_command("KV.BUCKET", bucket)
    yield opened
    for client in opened:
        client.close()


def test_strings(clients):
    first, second, third = clients
    binary = bytes(range(256))
    assert first.get("k") is None
    assert first.set("k", binary) is True
    assert second.get("k") == binary
    assert third.strlen("k") == 256
    assert second.set("k", "two", nx=True) is None
    assert second.set("k", "two", xx=True, get=True) == binary
    assert first.getset("k", "three") == b"two"
    assert third.getdel("k") == b"three"
    assert first.exists("k") == 0
    assert second.mset({"a": 1, "b": 2, "c": 3}) is True
    assert third.mget("a", "none", "c") == [b"1", None, b"3"]
    assert first.delete("a", "b", "none") == 2
    assert second.exists("a", "b", "c", "c") == 2
    assert first.setnx("c", 4) is False


def test_a_time_to_live_ends(clients):
    first, second, _ = clients
    assert first.set("k", "v", ex=1)
    eventually(lambda: second.get("k") is None, "the end of the value", 10)
    first.set("long", "v", ex=1000)
    assert second.get("long") == b"v"


def test_a_pipeline_is_answered_in_its_order(clients):
    pipeline = clients[0].pipeline(transaction=False)
    for index in range(300):
        pipeline.set(f"k{index % 30}", index)
        pipeline.get(f"k{index % 30}")
    replies = pipeline.execute()
    assert replies[0::2] == [True] * 300
    assert replies[1::2] == [b"%d" % index for index in range(300)]


def test_siblings(clients):
    first, second, _ = clients
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: one[0].execute_command("KV.PUT", "k", "", one[1]), [(first, "x"), (second, "y")]))
    context, siblings = first.execute_command("KV.GET", "k")
    assert sorted(siblings) == [b"x", b"y"]
    assert second.get("k") in siblings
    first.execute_command("KV.PUT", "k", context, "merged")
    context, siblings = second.execute_command("KV.GET", "k")
    assert siblings == [b"merged"]
    second.execute_command("KV.DEL", "k", context)
    assert first.get("k") is None


def test_what_is_not_served_is_an_error_with_a_reason(clients):
    for command, reason in [("MULTI", "no transactions"), ("EVAL", "no scripts"), ("BLPOP", "no command blocks")]:
        with pytest.raises(redis.ResponseError, match=reason):
            clients[0].execute_command(command, "x", "0")
    with pytest.raises(redis.ResponseError, match="unknown command"):
        clients[0].execute_command("NOPE")
    assert clients[0].ping()


def test_redis_cli(cluster, bucket):
    port = str(cluster[0].resp_port)

    def cli(text: str) -> list[str]:
        return subprocess.run(
            ["redis-cli", "-p", port], input=f"kv.bucket {bucket}\n{text}", capture_output=True, text=True,
            timeout=30, check=True).stdout.splitlines()[1:]

    assert cli('set k "a b"\nget k\nget none\ndel k\n') == ["OK", "a b", "", "1"]


@pytest.mark.parametrize("pipeline", ["1", "16"])
def test_redis_benchmark(cluster, pipeline):
    done = subprocess.run(
        ["redis-benchmark", "-p", str(cluster[0].resp_port), "-t", "ping,set,get,mset", "-n", "500", "-c", "20", "-r",
         "500", "-P", pipeline, "-q"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("requests per second") == 5, done.stdout
    assert "rror" not in done.stdout.replace("WARNING: Could not fetch server CONFIG", ""), done.stdout
