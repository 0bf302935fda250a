"""Properties of buckets, last-write-wins, expiry, listings."""

import pytest

from support.http import all_keys
from support.waiting import eventually


def test_properties_reach_every_node_over_either_protocol(cluster, bucket):
    before = cluster[0].http.properties(bucket)
    assert (before["n"], before["r"], before["w"], before["conflict"], before["ttl"]) == (3, 2, 2, "siblings", 0)

    assert cluster[0].http.set_properties(bucket, {"r": 1, "w": 3, "quorum": "strict"}).status == 200
    for node in cluster.nodes:
        eventually(lambda node=node: node.http.properties(bucket)["w"] == 3, f"the properties at {node.name}")
        now = node.http.properties(bucket)
        assert (now["n"], now["r"], now["quorum"]) == (3, 1, "strict")

    m = cluster[1].grpc.m
    cluster[1].grpc.stub.SetBucketProperties(m.SetBucketPropertiesRequest(
        bucket=bucket, properties=m.BucketProperties(ttl_seconds=77)))
    for node in cluster.nodes:
        eventually(lambda node=node: node.http.properties(bucket)["ttl"] == 77, f"the properties at {node.name}")
        found = node.grpc.stub.GetBucketProperties(m.GetBucketPropertiesRequest(bucket=bucket))
        assert (found.r, found.w, found.ttl_seconds) == (1, 3, 77)
        assert found.conflict == m.BucketProperties.CONFLICT_SIBLINGS


def test_last_write_wins_keeps_one_value(cluster, bucket):
    assert cluster[0].http.set_properties(bucket, {"conflict": "last-write-wins"}).status == 200
    for node in cluster.nodes:
        eventually(
            lambda node=node: node.http.properties(bucket)["conflict"] == "last-write-wins",
            f"the properties at {node.name}")
    # No context: by causality all are concurrent. All replicas take each before the next, so that the clocks of the
    # coordinators, which follow the timestamps that they see, put them in this order.
    for index in range(9):
        assert cluster[index % 3].http.put(bucket, "k", b"%d" % index, w=3).is_stored
    assert [node.http.get(bucket, "k").values for node in cluster.nodes] == [[b"8"]] * 3


def test_values_expire(cluster, bucket):
    assert cluster[0].http.put(bucket, "short", b"v", ttl="1s").is_stored
    assert cluster[0].http.put(bucket, "long", b"v", ttl="1h").is_stored
    for node in cluster.nodes:
        eventually(
            lambda node=node: node.http.get(bucket, "short").status == 404, f"the expiry at {node.name}", seconds=5)
        assert node.http.get(bucket, "long").values == [b"v"]
    assert all_keys(cluster[1].http, bucket) == {b"long"}


def test_a_value_has_its_whole_time(cluster, bucket):
    cluster[0].grpc.put(bucket, b"k", b"v", ttl_seconds=3600)
    sibling, = cluster[2].grpc.get(bucket, b"k").siblings
    assert 3_590_000 < sibling.expires_at_ms - sibling.timestamp_ms < 3_610_000


def test_a_listing_in_pages_by_prefix(cluster, bucket):
    keys = {b"user/%d" % index for index in range(25)} | {b"order/%d" % index for index in range(7)} | {b"\xff\x00"}
    contexts = {key: cluster[0].http.put(bucket, key, b"v").context for key in keys}
    for node in cluster.nodes:
        assert all_keys(node.http, bucket, limit=4) == keys
        assert all_keys(node.http, bucket, prefix="user/", limit=10) == {key for key in keys if b"user/" in key}
        assert all_keys(node.http, bucket, prefix="none") == set()
    assert len(cluster[0].http.list(bucket, limit=4).json()["keys"]) <= 4

    cluster[1].http.delete(bucket, b"user/3", contexts[b"user/3"])
    for node in cluster.nodes:
        assert all_keys(node.http, bucket) == keys - {b"user/3"}
    assert all_keys(cluster[0].http, bucket + "x") == set()


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_a_listing_over_grpc(cluster, bucket, limit):
    keys = {b"k%d" % index for index in range(15)}
    for key in keys:
        cluster[0].grpc.put(bucket, key, b"")
    m, found, cursor = cluster[1].grpc.m, [], b""
    for _ in range(1000):
        page = cluster[1].grpc.stub.List(m.ListRequest(bucket=bucket, limit=limit, cursor=cursor))
        assert len(page.keys) <= limit
        found += page.keys
        cursor = page.cursor
        if not cursor:
            break
    assert sorted(found) == sorted(keys)
