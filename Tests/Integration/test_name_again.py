"""A node that has left comes back under its name, as the pods of a StatefulSet do: on a new disk, or on the one that it had."""

import re
import shutil

import pytest

from support.cluster import Node
from support.load import Load, values
from support.operator import add_nodes, commit, done, is_settled, members, status
from support.waiting import eventually

MIX = ["rocksdb", "leveldb", "lmdb"]
QUICK = {
    "cluster": {"partitions": 64},
    "layout": {"news_interval_ms": 200},
    "peer": {"backoff_max_ms": 300},
    "anti_entropy": {"interval_ms": 1000, "return_pause_ms": 100, "retry_pause_ms": 100, "confirm_pause_ms": 100},
    "reaping": {"interval_ms": 1000, "grace_ms": 0},
}
KEYS = [f"k{number}" for number in range(40)]
LIVES = ["first", "second"]


def write(node: Node, life: str) -> None:
    """Through the node that comes and goes: keys of this life, and one more value of keys of both."""
    for key in KEYS:
        assert node.http.put(life, key, b"value", w=2).is_stored
        assert node.http.put("both", key, life.encode(), w=2).is_stored


def delete_for_good(nodes: list[Node], bucket: str) -> None:
    """Until no replica has a trace of the keys any more, by which it would know them as deleted."""
    for key in KEYS:
        seen = nodes[0].http.get(bucket, key, r=3)
        assert nodes[0].http.delete(bucket, key, context=seen.context, w=3).is_stored
    eventually(lambda: sum(int(status(node).get("reaping", {}).get("removed", 0)) for node in nodes) == len(KEYS),
               "the removal of the deleted keys")


@pytest.mark.parametrize("disk, engine", zip(["new", "old", "old, not seen to leave"], MIX))
def test_three_nodes_are_four_and_three_and_four_and_three_again(start_cluster, tmp_path, stubs, disk, engine):
    cluster = start_cluster(MIX, QUICK)
    founders = cluster.nodes[:]
    first = founders[0]
    for key in KEYS:
        assert first.http.put("deleted", key, b"value", w=3).is_stored
    # A busy machine may be late to answer; what it answers has to be right.
    with Load(founders, "load", patience=20) as load:
        comer, = add_nodes(cluster, tmp_path, [engine], stubs, QUICK)
        done(first, "join", comer.member)
        commit(first)
        write(comer, "first")
        if disk == "old, not seen to leave":
            comer.kill()
            eventually(lambda: "connected" not in members(first)[comer.name], "the end of a node to be noticed")
            done(first, "lost", comer.name)
        done(first, "leave", comer.name)
        commit(first)
        comer.terminate()
        assert sorted(members(first)) == ["node0", "node1", "node2"]
        delete_for_good(founders, "deleted")

        if disk == "new":
            shutil.rmtree(comer.directory / "data")
        done(first, "join", comer.member)
        if disk == "old, not seen to leave":
            # It hears of all that it missed at once.
            done(first, "commit")
            comer.start()
        else:
            comer.start()
            commit(first)
        eventually(lambda: is_settled(comer, 4) and status(comer).get("serves_reads"), "the node to be a member again")
        write(comer, "second")
        for node in cluster.nodes:
            check(node)
        done(first, "leave", comer.name)
        commit(first)
        comer.terminate()
    for node in founders:
        load.check(node)
        check(node)
    # A new disk is a new actor; one that has lost nothing goes on as the same.
    actors = re.findall(r"the node's state is open actor=(\w+)", comer.log)
    assert len(actors) == 2 and (actors[0] == actors[1]) == (disk != "new")


def check(node: Node) -> None:
    def read(bucket: str, key: str) -> list[bytes]:
        """What two replicas have, once two answer."""
        answer = eventually(
            lambda: (answer := node.http.get(bucket, key, r=2)).status in (200, 300, 404) and answer, f"an answer of {node.name}")
        return sorted(values(answer))

    for key in KEYS:
        for life in LIVES:
            assert read(life, key) == [b"value"], f"{life}/{key} at {node.name}"
        # Had a dot been issued twice, one of the two would be hidden.
        assert read("both", key) == [b"first", b"second"], f"both/{key} at {node.name}"
        assert read("deleted", key) == [], f"deleted/{key} at {node.name}"
