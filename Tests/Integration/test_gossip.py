"""What nodes come to know of each other by gossip."""

import re

from support.cluster import Node
from support.operator import commit, done
from support.ports import free_port
from support.waiting import eventually

ENGINES = ["rocksdb", "leveldb", "lmdb"]


def test_a_node_that_has_moved_is_found_though_no_list_says_where(start_cluster):
    cluster = start_cluster(ENGINES)
    moved = cluster[2]
    assert cluster[0].http.put("b", "before", b"v", w=3).is_stored
    moved.terminate()
    others = cluster.nodes[:2]
    moved.peer_port = free_port()
    # The others keep their lists, with the old port.
    moved.configure([*others, moved], {})
    moved.start()
    moved.wait_ready()
    for number, node in enumerate(others):
        key = f"after-{number}"
        eventually(
            lambda node=node, key=key: node.http.put("b", key, b"v", w=3, timeout="1s").is_stored,
            f"a write by {node.name} to all three")
    assert moved.http.get("b", "before", r=3).values == [b"v"]


def test_a_second_node_of_one_name_stops_and_says_why(start_cluster, tmp_path, stubs):
    cluster = start_cluster(ENGINES)
    twin = Node("node2", "lmdb", tmp_path / "twin", stubs)
    twin.configure([*cluster.nodes[:2], twin], {})
    try:
        twin.start()
        eventually(lambda: not twin.is_running, "the twin's end")
        assert twin.process.returncode == 1
        assert re.search(r'has the name "node2".*node\.name', twin.log), twin.log[-2000:]
    finally:
        twin.kill()
    # The first of that name goes on, and is found again where it is.
    assert cluster[2].is_running
    for number in range(3):
        eventually(
            lambda number=number: cluster[number].http.put("b", f"k{number}", b"v", w=3, timeout="1s").is_stored,
            f"a write by node{number} to all three")


def test_a_node_that_joins_makes_itself_known(start_cluster, tmp_path, stubs):
    cluster = start_cluster(ENGINES)
    new = Node("node3", "rocksdb", tmp_path / "node3", stubs)
    # It knows one node; the others come to know it, and it them.
    new.configure(cluster.nodes[:1], {"cluster": {"join": True}})
    try:
        new.start()
        for node in cluster.nodes:
            eventually(
                lambda node=node: re.search(r"state by gossip.*node3", node.log), f"a line on node3 at {node.name}")
        for node in cluster.nodes:
            eventually(
                lambda node=node: re.search(rf"state by gossip.*{node.name}", new.log), f"a line on {node.name}")
    finally:
        new.kill()


def test_a_node_finds_the_cluster_by_an_address_that_names_no_node(start_cluster, tmp_path, stubs):
    cluster = start_cluster(ENGINES, {"cluster": {"partitions": 16}})
    new = Node("node3", "rocksdb", tmp_path / "node3", stubs)
    nowhere = f"127.0.0.1:{free_port()}"

    def configure(*seeds: str) -> None:
        new.configure([], {
            "cluster": {"partitions": 16, "join": True, "members": [], "seeds": list(seeds)},
            "peer": {"backoff_max_ms": 200}})

    cluster.nodes.append(new)  # so that it is stopped with the others
    # Nobody answers there, then somebody does: it looks again.
    configure(nowhere, f"localhost:{new.peer_port}")
    new.start()
    eventually(lambda: "no seed answers yet" in new.log, "a line that no seed answers")
    assert new.terminate() == 0
    configure(nowhere, f"localhost:{cluster[1].peer_port}")
    new.start()
    eventually(lambda: "the cluster is found" in new.log, "a line on the cluster")
    for node in cluster.nodes[:3]:
        eventually(lambda node=node: re.search(r"state by gossip.*node3", node.log), f"a line on node3 at {node.name}")
    assert not re.search("stream is lost", cluster[1].log)
    done(cluster[0], "join", new.member)
    commit(cluster[0])
    new.wait_ready()
    # From then on it knows the members without a seed.
    new.terminate()
    configure(nowhere)
    new.start()
    new.wait_ready()
    assert new.http.put("b", "k", b"v", w=3, timeout="5s").is_stored
