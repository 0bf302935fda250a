"""Five nodes, three replicas: any node serves any key."""

import pytest

from support.cluster import Cluster
from support.http import all_keys

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
