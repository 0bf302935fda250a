"""One of everything that a cluster can hold, and the check that another cluster holds it, too."""

import os

import redis

from .cluster import Cluster, Node
from .waiting import eventually

HOUR = 3600
TYPES = "types"
# What a bucket may be told, all of it other than the default.
PROPERTIES = {"n": 2, "r": 1, "w": 2, "conflict": "last-write-wins", "quorum": "strict", "ttl": 2 * HOUR}
CONTENT_TYPES = ["", "text/plain; charset=utf-8", "application/json"]


class Contents:
    """Filled through all nodes of `source`, with what tests look for afterwards."""

    def __init__(self, source: Cluster):
        self.keys: dict[str, list[bytes]] = {
            "plain": [b"k%d" % index for index in range(120)] + [bytes(range(256)), b"\x00", b"/a b?%2F", b"empty", b"large"],
            "carts": [b"c%d" % index for index in range(30)],
            "gone": [b"g%d" % index for index in range(30)],
            "latest": [b"l%d" % index for index in range(20)],
            "expiring": [b"e%d" % index for index in range(10)],
        }
        # Of a read before the second of two siblings came.
        self.early_contexts: dict[bytes, bytes] = {}
        self._source = source
        self._fill_plain()
        self._fill_carts()
        self._fill_gone()
        self._fill_latest()
        self._fill_types()
        self.expected = self._read(source[0])

    def _stub(self, index: int):
        return self._source[index % len(self._source.nodes)].grpc

    def _fill_plain(self) -> None:
        for index, key in enumerate(self.keys["plain"]):
            value = {b"empty": b"", b"large": os.urandom(1 << 20)}.get(key, b"value %d" % index)
            self._stub(index).put("plain", key, value, content_type=CONTENT_TYPES[index % 3], options={"w": 3})
        for index, key in enumerate(self.keys["expiring"]):
            self._stub(index).put("expiring", key, b"for a while", ttl_seconds=HOUR + index, options={"w": 3})

    def _fill_carts(self) -> None:
        for index, key in enumerate(self.keys["carts"]):
            self._stub(index).put("carts", key, b"base", options={"w": 3})
            base = self._stub(index).get("carts", key, r=3).context
            self._stub(index).put("carts", key, b"milk", context=base, options={"w": 3})
            self.early_contexts[key] = self._stub(index).get("carts", key, r=3).context
            self._stub(index + 1).put("carts", key, b"eggs", context=base, options={"w": 3})

    def _fill_gone(self) -> None:
        for index, key in enumerate(self.keys["gone"]):
            self._stub(index).put("gone", key, b"deleted later", options={"w": 3})
            seen = self._stub(index).get("gone", key, r=3).context
            self._stub(index + 1).delete("gone", key, context=seen, options={"w": 3})

    def _fill_latest(self) -> None:
        for bucket in ("latest", "idle"):
            assert self._source[0].http.set_properties(bucket, PROPERTIES).status == 200
            for node in self._source.nodes:
                eventually(lambda: self._has_properties(node, bucket), f"properties of {bucket} at {node.name}")
        for turn in (b"first", b"second", b"last"):
            for index, key in enumerate(self.keys["latest"]):
                self._stub(index).put("latest", key, turn)

    def _fill_types(self) -> None:
        for number, node in enumerate(self._source.nodes):
            client = redis_client(node)
            client.incrby("counter", 10 * (number + 1))
            client.sadd("set", f"of {number}", "of all", "removed")
            client.hset("map", f"field {number}", number)
            client.hincrby("map", "count", 5)
            client.set("string", "of redis", ex=HOUR)
            client.close()
        client = redis_client(self._source[0])
        client.srem("set", "removed")
        client.incr("dying")
        client.expire("dying", HOUR)
        client.close()

    # MARK: reading

    @staticmethod
    def _has_properties(node: Node, bucket: str, expected: dict = PROPERTIES) -> bool:
        now = node.http.properties(bucket)
        return {name: now[name] for name in expected} == expected

    def _read(self, node: Node) -> dict:
        """Everything of each key, dots and times included."""
        found = {}
        for bucket, keys in self.keys.items():
            for key in keys:
                answer = node.grpc.get(bucket, key, r=PROPERTIES["n"] if bucket == "latest" else 3)
                found[bucket, key] = [
                    (one.value, one.content_type, one.timestamp_ms, one.dot.actor, one.dot.counter, one.expires_at_ms)
                    for one in answer.siblings]
        return found

    def check(self, cluster: Cluster, buckets: dict[str, str] | None = None) -> None:
        """Every node gives all of it. `buckets`: which are there, and how they are called."""
        names = buckets or {bucket: bucket for bucket in self.keys}
        for node in cluster.nodes:
            for (bucket, key), expected in self.expected.items():
                if bucket not in names:
                    continue
                found = [
                    (one.value, one.content_type, one.timestamp_ms, one.dot.actor, one.dot.counter, one.expires_at_ms)
                    for one in node.grpc.get(names[bucket], key).siblings]
                assert sorted(found) == sorted(expected), f"{bucket}/{key!r} at {node.name}"

    def check_types(self, cluster: Cluster) -> None:
        """They are what they were, and go on from there through each node."""
        for number, node in enumerate(cluster.nodes):
            client = redis_client(node)
            assert int(client.get("counter")) == 60 + number
            assert client.smembers("set") == {b"of 0", b"of 1", b"of 2", b"of all", *(b"new %d" % one for one in range(number))}
            fields = client.hgetall("map")
            assert fields == {b"field 0": b"0", b"field 1": b"1", b"field 2": b"2", b"count": b"%d" % (15 + number)}
            assert client.get("string") == b"of redis" and 0 < client.ttl("string") <= HOUR
            assert int(client.get("dying")) == 1 and 0 < client.ttl("dying") <= HOUR
            assert client.incr("counter") == 61 + number
            assert client.hincrby("map", "count", 1) == 16 + number
            assert client.sadd("set", f"new {number}") == 1
            client.close()

    def check_properties(self, cluster: Cluster, bucket: str) -> None:
        """Those of a bucket; how many replicas count, only where there are enough nodes for as many."""
        few = len(cluster.nodes) < PROPERTIES["n"]
        expected = {name: value for name, value in PROPERTIES.items() if not (few and name in ("n", "r", "w"))}
        for node in cluster.nodes:
            eventually(
                lambda node=node: self._has_properties(node, bucket, expected), f"properties of {bucket} at {node.name}", 5)
            assert node.http.put(bucket, "new", b"value").is_stored and node.http.get(bucket, "new").values == [b"value"]

    def check_deleted(self, cluster: Cluster) -> None:
        for key in self.keys["gone"]:
            for node in cluster.nodes:
                for r in {1, min(3, len(cluster.nodes))}:
                    assert not node.grpc.get("gone", key, r=r).found, f"{key!r} at {node.name}"

    def check_contexts(self, cluster: Cluster) -> None:
        """A write replaces what its client has seen, before the backup too, and nothing else. Changes the carts."""
        for index, key in enumerate(self.keys["carts"]):
            writer = cluster.nodes[index % len(cluster.nodes)].grpc
            if index % 3 == 0:
                writer.put("carts", key, b"both", context=writer.get("carts", key).context)
                left = [b"both"]
            elif index % 3 == 1:
                writer.put("carts", key, b"cream", context=self.early_contexts[key])
                left = [b"cream", b"eggs"]
            else:
                # Nothing that was issued before is issued again: a dot that is there already would hide the value.
                new = [b"new through %d" % number for number in range(len(cluster.nodes))]
                for value, node in zip(new, cluster.nodes):
                    node.grpc.put("carts", key, value)
                left = sorted([b"eggs", b"milk", *new])
            for node in cluster.nodes:
                assert node.grpc.values("carts", key) == left, f"{key!r} at {node.name}"

    def check_new_dots(self, cluster: Cluster) -> None:
        """New writes to every other key are there, under identities that no node had before the backup."""
        before = {one[3:5] for siblings in self.expected.values() for one in siblings}
        for index, key in enumerate(self.keys["plain"][:60]):
            for number, node in enumerate(cluster.nodes):
                node.grpc.put("plain", key, b"after %d" % number)
        for key in self.keys["plain"][:60]:
            for node in cluster.nodes:
                siblings = node.grpc.get("plain", key).siblings
                assert len(siblings) == 1 + len(cluster.nodes), f"{key!r} at {node.name}: {[one.value for one in siblings]}"
                new = {(one.dot.actor, one.dot.counter) for one in siblings if one.value.startswith(b"after")}
                assert len(new) == len(cluster.nodes) and not new & before


def redis_client(node: Node) -> redis.Redis:
    """In the bucket of the data types."""
    client = redis.Redis(port=node.resp_port, single_connection_client=True)
    client.execute_command("KV.BUCKET", TYPES)
    return client
