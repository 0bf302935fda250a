"""`kvnode cluster`: nodes join, leave and are replaced while clients write."""

import json
import shutil
import threading

import pytest

from support.cluster import merged
from support.load import Load
from support.operator import (
    ATTENTION, DONE, REFUSED, UNAVAILABLE, USAGE, add_nodes, cluster_command, commit, done, is_settled, members, status)
from support.ports import free_port
from support.waiting import eventually

MIX = ["rocksdb", "leveldb", "lmdb"]
# Fewer partitions to copy, and quick to notice and to tell.
QUICK = {
    "cluster": {"partitions": 64},
    "layout": {"news_interval_ms": 200},
    "peer": {"backoff_max_ms": 300, "keepalive_ms": 500},
}


@pytest.fixture
def mixed(start_cluster):
    return start_cluster(MIX, QUICK)


def serving(nodes) -> None:
    """Until each node reaches a majority of the members."""
    for node in nodes:
        node.wait_ready()


def test_three_grow_to_five_and_shrink_to_three_under_load(mixed, tmp_path, stubs):
    first = mixed[0]
    with Load(mixed.nodes[:], "b") as load:
        new = add_nodes(mixed, tmp_path, ["lmdb", "rocksdb"], stubs, QUICK)
        done(first, "join", *(node.member for node in new))
        assert "layout version 1 to 2" in done(first, "plan")
        commit(first)
        grown = members(mixed[3])
        assert {name: one["role"] for name, one in grown.items()} == dict.fromkeys(grown, "ROLE_UP")
        assert len(grown) == 5 and all(37 <= one["partitions"] <= 40 for one in grown.values())

        done(first, "leave", "node3", "node4")
        commit(first)
        assert sorted(members(first)) == ["node0", "node1", "node2"]
    for node in mixed.nodes[:3]:
        load.check(node)
    for node in new:
        node.terminate()
    load.check(first)


def test_a_dead_node_is_replaced(mixed, tmp_path, stubs):
    first, dead, last = mixed.nodes
    for index in range(60):
        assert first.http.put("b", f"k{index}", b"v", w=3).is_stored
    dead.kill()
    assert cluster_command(first, "lost", "nobody").returncode == USAGE
    eventually(lambda: cluster_command(first, "lost", dead.name).returncode == DONE, "the loss to be noticed")
    new, = add_nodes(mixed, tmp_path, ["rocksdb"], stubs, QUICK)
    done(last, "replace", dead.name, new.member)
    commit(first)
    assert sorted(members(first)) == ["node0", "node2", "node3"]
    assert cluster_command(first, "status").returncode == DONE
    # Each pair of the three has every key: with one of them down, both others answer from their own disk.
    last.kill()
    eventually(lambda: members(first)["node2"].get("connected") is None, "the end of a node to be noticed")
    assert all(first.http.get("b", f"k{index}", r=2).values == [b"v"] for index in range(60))
    last.start()
    serving([last])
    first.kill()
    eventually(lambda: members(last)["node0"].get("connected") is None, "the end of a node to be noticed")
    assert all(last.http.get("b", f"k{index}", r=2).values == [b"v"] for index in range(60))


def test_a_live_node_is_drained_and_a_weight_and_a_zone_change_under_load(start_cluster):
    cluster = start_cluster([*MIX, "rocksdb"], QUICK)
    first, leaver = cluster[0], cluster[3]
    with Load(cluster.nodes[:3], "b") as load:
        done(first, "weight", "node1", "2")
        done(first, "zone", "node2", "z2")
        staged = status(cluster[1])["staged"]
        assert [one["node"] for one in staged] == ["node1", "node2"]
        commit(cluster[1])
        now = members(first)
        assert now["node1"]["member"]["weight"] == 2 and now["node2"]["member"]["zone"] == "z2"
        assert now["node1"]["partitions"] > now["node0"]["partitions"]
        done(leaver, "leave", leaver.name)
        assert members(first)[leaver.name]["role"] == "ROLE_LEAVING"
        commit(leaver)
        assert leaver.name not in members(first)
        assert leaver.terminate() == 0
    load.check(first)


def test_two_commits_at_once_end_in_one_layout(mixed, tmp_path, stubs):
    new = add_nodes(mixed, tmp_path, ["rocksdb", "lmdb"], stubs, QUICK)
    ended = {}

    def change(node, newcomer) -> None:
        done(node, "join", newcomer.member)
        ended[node.name] = cluster_command(node, "commit")

    threads = [threading.Thread(target=change, args=pair) for pair in zip(mixed.nodes[:2], new)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {one.returncode for one in ended.values()} <= {DONE, REFUSED} and ended["node0"].returncode in (DONE, REFUSED)
    for node in mixed.nodes[:3]:
        eventually(lambda node=node: is_settled(node, 2), f"the end of the change at {node.name}")
    assert len({status(node)["layout_version"] for node in mixed.nodes[:3]}) == 1
    if "staged" in status(mixed[0]):
        commit(mixed[0])
    layouts = [members(node) for node in mixed.nodes]
    assert all(sorted(layout) == [f"node{index}" for index in range(5)] for layout in layouts)
    rings = {done(node, "ring", "--partition", "7") for node in mixed.nodes}
    assert len(rings) == 1


def test_what_cannot_be_done_says_why(mixed):
    node = mixed[0]

    def refused(code: int, words: str, *arguments: str) -> None:
        ended = cluster_command(node, *arguments)
        assert ended.returncode == code and words in ended.stderr, ended

    refused(USAGE, "'nobody' is no member", "leave", "nobody")
    refused(REFUSED, "'node1' is a member already", "join", "node1@127.0.0.1:1")
    refused(USAGE, 'the address "nowhere" is not host:port', "join", "n@nowhere")
    refused(USAGE, "weight of member 'node1' is 0.0", "weight", "node1", "0")
    refused(REFUSED, "nothing is staged", "plan")
    refused(REFUSED, "nothing is staged", "commit")
    refused(REFUSED, "'node1' lives", "lost", "node1")
    refused(USAGE, "there is no partition 64", "ring", "--partition", "64")
    done(node, "weight", "node1", "2")
    refused(REFUSED, "the layout is at version 1, not 9", "commit", "--expect", "9")
    failed = cluster_command(node, "commit", "--expect", "9", "--json")
    assert json.loads(failed.stdout)["error"]["reason"] == "other_version"
    assert "nothing is staged" in done(mixed[1], "unstage", "node1")
    refused(REFUSED, "nothing is staged", "commit")

    # A node that is not there holds up the change that it is to join, and is named.
    done(node, "join", f"ghost@127.0.0.1:{free_port()}")
    refused(UNAVAILABLE, "waits for ghost", "commit", "--wait", "--timeout", "3")
    told = cluster_command(node, "status")
    assert told.returncode == ATTENTION and "! ghost" in told.stdout and "waits for ghost" in told.stdout
    refused(REFUSED, "is open", "commit", "--expect", "1")
    done(node, "lost", "ghost")
    eventually(lambda: is_settled(node, 2), "the end of the change without the node that is lost")


@pytest.mark.parametrize("engine", MIX)
def test_a_wiped_node_is_filled_before_it_serves(start_cluster, engine):
    cluster = start_cluster([engine] * 3, QUICK)
    first, wiped, last = cluster.nodes
    for index in range(60):
        assert first.http.put("b", f"k{index}", b"v", w=3).is_stored
    wiped.kill()
    shutil.rmtree(wiped.directory / "data")
    wiped.start()
    wiped.wait_ready()
    eventually(lambda: status(wiped).get("serves_reads") and is_settled(wiped, 2), "the node to have its data again")
    eventually(lambda: is_settled(first, 2), "the others to know")
    assert members(first)[wiped.name]["role"] == "ROLE_UP"
    first.kill()
    last.kill()
    assert all(wiped.http.get("b", f"k{index}", r=1).values == [b"v"] for index in range(60))


def test_what_is_staged_is_committed_by_itself_where_that_is_wanted(start_cluster, tmp_path, stubs):
    changes = merged(QUICK, {"cluster": {"auto_commit": True, "auto_commit_delay_ms": 1000}})
    cluster = start_cluster(MIX, changes)
    new = add_nodes(cluster, tmp_path, ["leveldb"], stubs, changes)
    done(cluster[0], "join", new[0].member)
    eventually(lambda: is_settled(cluster[0], 2), "the change")
    assert members(cluster[0])["node3"]["role"] == "ROLE_UP"
    assert "copies  nothing" in done(new[0], "transfers")


def test_a_member_that_joined_moves_to_another_address(mixed, tmp_path, stubs):
    first = mixed[0]
    new, = add_nodes(mixed, tmp_path, ["lmdb"], stubs, QUICK)
    done(first, "join", new.member)
    commit(first)
    new.terminate()
    new.peer_port = free_port()
    new.configure(mixed.nodes[:3], merged(QUICK, {"cluster": {"join": True}}))
    done(first, "address", new.name, f"127.0.0.1:{new.peer_port}")
    assert "0 replicas to copy" in done(first, "plan")
    done(first, "commit")
    new.start()
    eventually(lambda: is_settled(first, 3), "the change to be complete")
    for node in mixed.nodes:
        eventually(lambda node=node: all(one.get("connected") for one in members(node).values()), "all connections")
