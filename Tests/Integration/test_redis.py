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


def test_concurrent_increments_are_all_kept(clients):
    def count(client):
        return [client.incr("k") for _ in range(50)] + [client.hincrby("h", "f", 2) for _ in range(20)]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(count, clients))
    assert all(own == sorted(own) for own in (reply[:50] for reply in replies))
    for client in clients:
        assert client.get("k") == b"150"
        assert client.hget("h", "f") == b"120"
    assert clients[0].incrbyfloat("k", "0.5") == 150.5


def test_sets_and_maps_converge(clients):
    def fill(numbered):
        number, client = numbered
        for index in range(20):
            client.sadd("s", f"{number}-{index}", "same")
            client.hset("m", f"{number}-{index}", index)
        client.srem("s", f"{number}-0")
        client.hdel("m", f"{number}-0")

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(fill, enumerate(clients)))
    names = {f"{number}-{index}".encode() for number in range(3) for index in range(1, 20)}
    for client in clients:
        assert client.smembers("s") == names | {b"same"}
        assert client.hkeys("m") == sorted(names)
        assert set(client.sscan_iter("s")) == names | {b"same"}
        assert dict(client.hscan_iter("m", match="1-1*")) == {b"1-%d" % i: b"%d" % i for i in [1, *range(10, 20)]}
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        clients[0].get("s")


def test_a_counter_with_a_time_to_live_begins_anew(clients):
    first, second, third = clients
    assert first.incr("k") == 1
    assert second.pexpire("k", 1500) is True
    assert third.incr("k") == 2
    eventually(lambda: first.get("k") is None, "the end of the counter", 10)
    assert second.incr("k") == 1
    assert third.ttl("k") == -1


def test_all_keys(clients):
    first, second, third = clients
    names = {b"key:%d" % index for index in range(1100)}
    first.mset({name: 1 for name in names})
    first.sadd("set", "a")
    first.hset("hash", "a", 1)
    assert second.dbsize() == len(names) + 2
    assert set(second.keys("key:*")) == names
    assert set(second.keys("key:7?")) == {b"key:7%d" % index for index in range(10)}
    assert sorted(third.scan_iter()) == sorted(names | {b"set", b"hash"})
    assert set(third.scan_iter(match="key:1*", count=100)) == {name for name in names if name.startswith(b"key:1")}
    assert list(first.scan_iter(_type="set")) == [b"set"] and list(first.scan_iter(_type="hash")) == [b"hash"]
    assert second.randomkey() in names | {b"set", b"hash"}
    assert third.flushdb() is True
    assert (first.dbsize(), first.keys(), first.randomkey(), list(first.scan_iter())) == (0, [], None, [])


def test_the_keys_of_a_page_may_be_asked_for_by_any_node(clients):
    names = {b"key:%d" % index for index in range(300)}
    clients[0].mset({name: 1 for name in names})
    cursor, found, calls = 0, [], 0
    while cursor or not calls:
        cursor, keys = clients[calls % 3].scan(cursor, count=50)
        found += keys
        calls += 1
    assert sorted(found) == sorted(names) and calls > 2


def test_wait_tells_how_many_replicas_have_a_write(clients):
    clients[0].set("k", "v")
    assert clients[0].wait(1, 100) == 1
    assert clients[0].wait(2, 100) == 1


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_client_that_chooses_nodes_by_slots(cluster, bucket, protocol):
    with redis.RedisCluster(host="127.0.0.1", port=cluster[1].resp_port, protocol=protocol) as client:
        assert {node.port for node in client.get_primaries()} == {node.resp_port for node in cluster}
        names = [f"{bucket}:{index}" for index in range(100)]
        for name in names:
            assert client.set(name, name)
        assert all(client.get(name) == name.encode() for name in names)
        assert client.incr(f"{bucket}:count", 5) == 5
        assert client.mset_nonatomic({f"{{{bucket}}}:{index}": index for index in range(10)})
        assert client.delete(*names) == 100


def test_the_map_of_slots(cluster):
    clients = [redis.Redis(port=node.resp_port) for node in cluster]
    maps = [client.execute_command("CLUSTER SLOTS") for client in clients]
    assert maps[0] == maps[1] == maps[2]
    ports = {node.resp_port for node in cluster}
    lines = [client.execute_command("CLUSTER NODES") for client in clients]
    for client, nodes in zip(clients, lines):
        port = client.connection_pool.connection_kwargs["port"]
        assert {int(name.rsplit(":", 1)[1]) for name in nodes} == ports
        own = [name for name, node in nodes.items() if "myself" in node["flags"]]
        assert own == [f"127.0.0.1:{port}"]
        assert nodes[own[0]]["node_id"] == client.execute_command("CLUSTER MYID").decode()
        info = client.execute_command("CLUSTER INFO")
        assert info["cluster_state"] == "ok" and info["cluster_slots_assigned"] == "16384"
        shards = client.execute_command("CLUSTER SHARDS")
        slots = sorted(tuple(shard[b"slots"] if b"slots" in shard else shard["slots"]) for shard in shards)
        assert slots[0][0] == 0 and slots[-1][1] == 16383
        assert all(low[1] + 1 == high[0] for low, high in zip(slots, slots[1:]))
    assert clients[0].execute_command("CLUSTER KEYSLOT", "{foo}bar") == 12182
    for client in clients:
        client.close()


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
    for command, reason in [
            ("MULTI", "no transactions"), ("EVAL", "no scripts"), ("BLPOP", "no command blocks"), ("LPUSH", "no lists"),
            ("ZADD", "no sorted sets"), ("XADD", "no streams"), ("SPOP", "two clients"), ("FLUSHALL", "all buckets")]:
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
@pytest.mark.parametrize(
    "options", [["-t", "ping,set,get,incr,mset", "-r", "500"], ["-t", "sadd,hset", "-r", "20"]], ids=["keys", "parts"])
def test_redis_benchmark(cluster, options, pipeline):
    done = subprocess.run(
        ["redis-benchmark", "-p", str(cluster[0].resp_port), *options, "-n", "500", "-c", "20", "-P", pipeline, "-q"],
        capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("requests per second") == (6 if "ping" in options[1] else 2), done.stdout
    assert "rror" not in done.stdout.replace("WARNING: Could not fetch server CONFIG", ""), done.stdout


def test_redis_benchmark_chooses_nodes_by_slots(cluster):
    done = subprocess.run(
        ["redis-benchmark", "-p", str(cluster[2].resp_port), "--cluster", "-t", "set,get,incr", "-r", "500", "-n", "500",
         "-c", "20", "-q"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("requests per second") == 3 and "Cluster has 3 master nodes" in done.stdout, done.stdout
