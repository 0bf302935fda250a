"""Five nodes, three replicas: any node serves any key."""

import concurrent.futures
import threading

import pytest

from support.cluster import Cluster
from support.http import HTTPClient, all_keys

ENGINES = ["rocksdb", "leveldb", "lmdb", "rocksdb", "leveldb"]


@pytest.fixture(scope="module")
def five(tmp_path_factory, stubs):
    cluster = Cluster(tmp_path_factory.mktemp("five"), ENGINES, stubs)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


def test_every_node_serves_every_key(five, bucket):
    # With three of five nodes as replicas, ten keys leave no node a replica of all of them but by a chance of 1 in 100,
    # and all five at once never.
    for index in range(10):
        writer = five[index % 5]
        assert writer.http.put(bucket, f"k{index}", b"%d" % index).is_stored
    for reader in five.nodes:
        assert [reader.http.get(bucket, f"k{index}").values for index in range(10)] == [
            [b"%d" % index] for index in range(10)]


def test_contexts_and_conditions_hold_through_forwarding(five, bucket):
    context = five[0].http.put(bucket, "k", b"0").context
    for node in five.nodes:
        stale, context = context, node.http.put(bucket, "k", node.name.encode(), context).context
        assert node.http.put(bucket, "k", b"x", headers={"If-Match": f'"{stale}"'}).status == 412
        assert node.http.put(bucket, "k", b"x", headers={"If-None-Match": "*"}).status == 412
    assert [node.http.get(bucket, "k").values for node in five.nodes] == [[b"node4"]] * 5
    for node in five.nodes:
        refused = node.http.put(bucket, "k", b"x", headers={"X-Kvnode-Context": "AAAA"})
        assert refused.status == 400, refused


def test_a_listing_has_the_keys_of_all_nodes(five, bucket):
    keys = {b"k%03d" % index for index in range(60)}
    for key in keys:
        assert five[0].http.put(bucket, key, b"").is_stored
    for node in five.nodes:
        assert all_keys(node.http, bucket, limit=25) == keys


def test_a_put_to_a_node_that_is_killed_is_done_by_another_also_over_what_was_overwritten(tmp_path, stubs):
    keys = [f"k{number}" for number in range(960)]
    cluster = Cluster(tmp_path, ENGINES, stubs)
    try:
        cluster.start()
        # Whatever is stored then has replaced something of every coordinator that the key can have.
        for shift in range(5):
            on_all(cluster.nodes, keys, lambda node, key: node.put(
                "b", key, b"old", node.get("b", key, r=2).context if shift else ""), shift)
        dead, others, begun = cluster[4], cluster.nodes[:4], threading.Semaphore(0)

        def put(node, key):
            begun.release()
            return node.put("b", key, b"blind")

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            putting = pool.submit(on_all, others, keys, put)
            for _ in range(len(keys) // 4):
                assert begun.acquire(timeout=30)
            dead.kill()
            answers = putting.result()
        wrong = [(key, answer) for key, answer in answers if not answer.is_stored]
        assert not wrong, f"{len(wrong)} of {len(answers)}: {wrong[0]}"
        for key in keys[::10]:
            # Twice, if what the dead node had sent came after the second one had looked.
            assert set(others[0].http.get("b", key, r=2).values) == {b"blind", b"old"}
    finally:
        cluster.stop()


def on_all(nodes, keys, body, shift: int = 0) -> list:
    """`body` of a client and a key, for each key once, by 48 threads; gives keys and results."""
    def work(index: int) -> list:
        client = HTTPClient(nodes[(index + shift) % len(nodes)].http_port)
        try:
            return [(key, body(client, key)) for key in keys[index::48]]
        finally:
            client.close()

    with concurrent.futures.ThreadPoolExecutor(48) as pool:
        return [pair for pairs in pool.map(work, range(48)) for pair in pairs]
