"""What is deleted or has expired is removed in the end, by all replicas, and stays gone."""

from support.operator import status
from support.waiting import eventually

ENGINES = ["rocksdb", "leveldb", "lmdb"]
HURRY = {
    "anti_entropy": {"interval_ms": 1000, "return_pause_ms": 100, "retry_pause_ms": 100, "confirm_pause_ms": 100},
    "reaping": {"interval_ms": 1000, "grace_ms": 0},
}


def reaping(node, what: str) -> int:
    return int(status(node).get("reaping", {}).get(what, 0))


def removed(cluster) -> int:
    """Rows that the running nodes have had removed; each counts those of the partitions whose first replica it is."""
    return sum(reaping(node, "removed") for node in cluster.nodes if node.is_running)


def test_deleted_and_expired_keys_go_for_good(start_cluster):
    cluster = start_cluster(ENGINES, HURRY)
    for number in range(60):
        ttl = {"ttl": "1s"} if number % 3 == 1 else {}
        assert cluster[number % 3].http.put("b", f"k{number}", b"v", w=3, **ttl).is_stored
    for number in range(0, 60, 3):
        seen = cluster[1].http.get("b", f"k{number}", r=3)
        assert cluster[2].http.delete("b", f"k{number}", context=seen.context, w=3).is_stored
    eventually(lambda: removed(cluster) == 40, "the removal of 20 deleted and 20 expired keys")
    # No replica has anything of them any more: a deleted key's context goes with its tombstone.
    for number in range(60):
        found = cluster[number % 3].http.get("b", f"k{number}", r=3)
        if number % 3 == 2:
            assert found.values == [b"v"]
        else:
            assert (found.status, found.context) == (404, "")


def test_a_node_that_missed_the_delete_does_not_bring_the_key_back(start_cluster):
    cluster = start_cluster(ENGINES, HURRY)
    for number in range(20):
        assert cluster[0].http.put("b", f"k{number}", b"v", w=3).is_stored
    cluster[2].kill()
    for number in range(20):
        seen = cluster[0].http.get("b", f"k{number}")
        assert cluster[1].http.delete("b", f"k{number}", context=seen.context).is_stored
    # Nothing goes while one replica may still have the values.
    for node in cluster.nodes[:2]:
        sweeps = reaping(node, "sweeps")
        eventually(
            lambda node=node, sweeps=sweeps: reaping(node, "sweeps") > sweeps + 1, f"two sweeps of {node.name}")
    assert removed(cluster) == 0
    cluster[2].start()
    cluster[2].wait_ready()
    eventually(lambda: removed(cluster) == 20, "the removal of the deleted keys")
    for number in range(20):
        for node in cluster.nodes:
            assert node.http.get("b", f"k{number}", r=3).status == 404
