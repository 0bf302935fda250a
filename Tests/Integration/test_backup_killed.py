"""Nodes and commands that are killed while a backup is made or restored: nothing looks complete that is not, and both can be gone on with."""

import os
import random
import subprocess
import threading

import pytest

from support.backup import (
    NOT_FOUND, QUICK, REFUSED, UNAVAILABLE, Folder, assert_has, backup_arguments, endpoints, fill, is_at, is_progress, pace, refusal,
    start_empty, status)
from support.cluster import Cluster, clean_environment, merged
from support.waiting import eventually

ROCKS = ["rocksdb"] * 3
SLOW = merged(QUICK, pace(500_000))


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "archive")


@pytest.fixture
def start_target(tmp_path, stubs):
    started = []

    def start(engines: list[str], changes: dict = QUICK) -> Cluster:
        started.append(Cluster(tmp_path / f"target{len(started)}", engines, stubs, changes))
        return start_empty(started[-1])

    yield start
    for one in started:
        one.stop()


def seeded() -> random.Random:
    seed = int(os.environ.get("KVNODE_SEED", random.randrange(1 << 32)))
    print(f"KVNODE_SEED={seed}")
    return random.Random(seed)


# MARK: a node, while it is backed up

def test_a_node_that_is_killed_leaves_nothing_that_looks_complete(start_cluster, start_target, folder):
    cluster = start_cluster(ROCKS, SLOW)
    values = fill(cluster, "b", 1500)
    first, killed, _ = cluster.nodes
    creating = folder.begin(cluster.nodes, "one")
    eventually(lambda: is_at(killed, "one", 3), "some partitions")
    killed.kill()
    output, errors = creating.communicate(timeout=60)
    said = [line for line in errors.splitlines() if not is_progress(line)]
    assert creating.returncode == UNAVAILABLE and f"127.0.0.1:{killed.grpc_port}" in errors, (output, errors)
    assert len(said) == 1, errors
    for node in (first, cluster[2]):
        eventually(lambda node=node: status(node)["state"] == "STATE_DONE", f"the end at {node.name}")
    listed = folder.listed("one")
    assert not listed["complete"] and listed["missing"] == listed["begun"] == ["node1"]
    assert "lacks node1, begun by node1" in folder.done("list")
    target = start_target(["memory"])[0]
    folder.refuses_restore(REFUSED, "lacks node1", target, "one")
    folder.refuses_restore(NOT_FOUND, "no complete backup", target)
    folder.refused(REFUSED, "lacks node1", "verify", "one")

    killed.start()
    cluster.wait_connected()
    assert status(killed)["state"] == "STATE_NONE"
    # Of the nodes that have their part, nothing is asked again.
    assert folder.try_to_create([killed], "one").returncode == REFUSED
    assert folder.listed("one")["complete"]
    assert folder.verify("one")["nodes"] == 3
    folder.restore(target, "one")
    assert_has(target, "b", values)


def test_all_named_again_after_a_kill(start_cluster, folder):
    """What an operator does first: the same command once more."""
    cluster = start_cluster(ROCKS, SLOW)
    fill(cluster, "b", 1000)
    creating = folder.begin(cluster.nodes, "one")
    eventually(lambda: is_at(cluster[2], "one", 3), "some partitions")
    cluster[2].kill()
    creating.communicate(timeout=60)
    for node in cluster.nodes[:2]:
        eventually(lambda node=node: status(node)["state"] == "STATE_DONE", f"the end at {node.name}")
    cluster[2].start()
    cluster.wait_connected()
    ended = folder.try_to_create(cluster.nodes, "one")
    assert folder.listed("one")["complete"], ended
    assert ended.returncode == 0, f"all have their part, and the command fails: {ended}"


def test_killed_again_and_again(start_cluster, folder, start_target):
    chance = seeded()
    cluster = start_cluster(["lmdb"], merged(QUICK, pace(1_500_000)))
    node = cluster[0]
    values = fill(cluster, "b", 1500)
    ends = 0
    for attempt in range(12):
        creating = folder.begin([node], "one")
        try:
            creating.wait(chance.uniform(0.05, 0.9))
            ends += 1
        except subprocess.TimeoutExpired:
            node.kill()
        creating.communicate(timeout=60)
        if not node.is_running:
            if (listed := folder.listed("one") if folder.objects() else None) and listed["complete"]:
                folder.verify("one")
            node.start()
            cluster.wait_connected()
        elif status(node)["state"] == "STATE_DONE":
            break
    else:
        folder.try_to_create([node], "one")
    assert folder.listed("one")["complete"] and folder.verify("one")["nodes"] == 1
    folder.create([node], "two")
    target = start_target(["memory"])[0]
    folder.restore(target, "two")
    assert_has(target, "b", values)


def test_a_node_that_is_stopped_in_good_order_ends_its_backup(start_cluster, folder):
    cluster = start_cluster(["rocksdb"], SLOW)
    node = cluster[0]
    fill(cluster, "b", 1500)
    creating = folder.begin([node], "one")
    eventually(lambda: is_at(node, "one", 2), "some partitions")
    assert node.terminate() == 0
    creating.communicate(timeout=60)
    assert creating.returncode in (1, UNAVAILABLE)
    assert not folder.listed("one")["complete"]
    assert "a backup was ended early" in node.log
    node.start()
    cluster.wait_connected()
    folder.create([node], "one")
    assert folder.verify("one")["nodes"] == 1


def test_the_command_that_waits_is_killed(start_cluster, folder):
    cluster = start_cluster(ROCKS, SLOW)
    fill(cluster, "b", 800)
    creating = folder.begin(cluster.nodes, "one")
    eventually(lambda: all(is_at(node, "one") for node in cluster.nodes), "the begin")
    creating.kill()
    creating.communicate(timeout=20)
    for node in cluster.nodes:
        eventually(lambda node=node: status(node)["state"] == "STATE_DONE", f"the end at {node.name}")
    assert folder.listed("one")["complete"] and folder.verify("one")["nodes"] == 3


# MARK: a restore

@pytest.fixture(scope="module")
def large(tmp_path_factory, stubs):
    """A backup that takes a while to restore, and what is in it."""
    cluster = Cluster(tmp_path_factory.mktemp("large"), ["rocksdb"] * 3, stubs, QUICK)
    try:
        start_empty(cluster)
        values = fill(cluster, "b", 5_000)
        other = fill(cluster, "other", 500)
        folder = Folder(tmp_path_factory.mktemp("large-kept") / "archive")
        folder.create(cluster.nodes, "large")
    finally:
        cluster.stop()
    return folder, values, other


def begin_restore(folder: Folder, node, *arguments) -> subprocess.Popen:
    return subprocess.Popen(
        backup_arguments("restore", "--from", folder.location, *endpoints(node), *arguments),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())


def has_keys(node, bucket: str = "b") -> bool:
    return bool(node.http.list(bucket, limit=1).json()["keys"])


def test_a_restore_that_is_killed_goes_on_unasked(large, start_target):
    folder, values, other = large
    cluster = start_target(["lmdb"] * 3)
    for turn in range(3):
        restoring = begin_restore(folder, cluster[turn], "large")
        if turn == 0:
            eventually(lambda: has_keys(cluster[0]), "the first keys", interval=0.002)
        else:
            threading.Event().wait(0.4 * turn)
        restoring.kill()
        restoring.communicate(timeout=20)
        assert restoring.returncode != 0, "it was killed before its end"
    # Another one is none that goes on.
    folder.refuses_restore(REFUSED, "already", cluster[0], "large", "--bucket", "b")
    folder.restore(cluster[1], "large")
    for node in cluster.nodes:
        assert_has(node, "b", values)
        assert_has(node, "other", other)
    # It has come to its end: now it would be mixed up.
    folder.refuses_restore(REFUSED, "already", cluster[2], "large")


def test_two_restores_at_the_same_time(large, start_target):
    folder, values, other = large
    cluster = start_target(["lmdb", "memory", "leveldb"])
    both = [begin_restore(folder, node, "large", "--merge") for node in cluster.nodes[:2]]
    for one in both:
        assert one.wait(60) == 0, one.communicate()
    for node in cluster.nodes:
        assert_has(node, "b", values)


def test_a_node_that_is_killed_during_a_restore_and_comes_back(large, start_target):
    folder, values, other = large
    cluster = start_target(["lmdb"] * 3)
    restoring = begin_restore(folder, cluster[0], "large")
    eventually(lambda: has_keys(cluster[0]), "the first keys", interval=0.002)
    cluster[2].kill()
    # Not before the command has met it.
    with pytest.raises(subprocess.TimeoutExpired):
        restoring.wait(2)
    cluster[2].start()
    output, errors = restoring.communicate(timeout=90)
    assert restoring.returncode == 0, errors
    cluster.wait_connected()
    cluster[0].kill()
    cluster[1].kill()
    found = cluster[2].grpc.read_all("b", list(values), r=1)
    assert all(found[key] == [value] for key, value in values.items()), "its own replica has all"


def test_the_node_that_a_restore_goes_through_is_killed(large, start_target):
    folder, values, other = large
    cluster = start_target(["lmdb"] * 3)
    restoring = begin_restore(folder, cluster[0], "large")
    eventually(lambda: has_keys(cluster[1]), "the first keys", interval=0.002)
    cluster[0].kill()
    with pytest.raises(subprocess.TimeoutExpired):
        restoring.wait(1)
    cluster[0].start()
    output, errors = restoring.communicate(timeout=90)
    assert restoring.returncode == 0, errors
    cluster.wait_connected()
    for node in cluster.nodes:
        assert_has(node, "b", values)


def test_a_restore_without_one_of_the_nodes(large, start_target):
    """It says so within a minute or two, rather than to leave replicas without their keys."""
    folder, values, other = large
    cluster = start_target(["memory"] * 3)
    cluster[2].kill()
    ended = folder.run("restore", *endpoints(cluster[0]), "large", "--bucket", "other", seconds=150)
    refusal(ended, UNAVAILABLE, "not all replicas of a key")
    cluster[2].start()
    cluster.wait_connected()
    folder.restore(cluster[0], "large", "--bucket", "other")
    for node in cluster.nodes:
        assert_has(node, "other", other)
