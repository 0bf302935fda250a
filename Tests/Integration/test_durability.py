"""What is acknowledged survives kill -9 of every node at once, with either durability."""

import pytest

KEYS = 40


@pytest.mark.parametrize("durability", ["buffered", "synced"])
@pytest.mark.parametrize("engine", ["rocksdb", "leveldb", "lmdb"])
def test_kill_of_all_nodes_keeps_every_acknowledged_write(start_cluster, engine, durability):
    cluster = start_cluster([engine] * 3, {"engine": {"durability": durability}})
    contexts = {}
    for index in range(KEYS):
        contexts[f"k{index}"] = cluster[index % 3].http.put("b", f"k{index}", b"%d" % index).context
    cluster[0].http.delete("b", "k0", contexts["k0"])
    for node in cluster.nodes:
        node.kill()
    cluster.start()

    for node in cluster.nodes:
        assert node.http.get("b", "k0").values == []
        assert [node.http.get("b", f"k{index}").values for index in range(1, KEYS)] == [
            [b"%d" % index] for index in range(1, KEYS)]
    # Causality goes on where it was: the contexts of before still cover what they have seen, and only that.
    assert cluster[1].http.put("b", "k1", b"after", contexts["k1"]).is_stored
    assert cluster[2].http.put("b", "k1", b"concurrent", contexts["k1"]).is_stored
    assert cluster[0].http.get("b", "k1").values == [b"after", b"concurrent"]


@pytest.mark.parametrize("engine", ["rocksdb", "leveldb", "lmdb"])
def test_a_clean_stop_keeps_data_and_bucket_properties(start_cluster, engine):
    cluster = start_cluster([engine] * 3)
    cluster[0].http.put("b", "k", b"v", w=3)
    assert cluster[0].http.set_properties("b", {"conflict": "last-write-wins"}).status == 200
    assert [node.terminate() for node in cluster.nodes] == [0, 0, 0]
    cluster.start()
    for node in cluster.nodes:
        assert node.http.get("b", "k").values == [b"v"]
        assert node.http.properties("b")["conflict"] == "last-write-wins"
