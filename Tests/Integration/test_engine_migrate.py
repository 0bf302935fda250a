"""`kvnode engine migrate`: a node, and then a whole cluster, gets another storage engine and loses nothing."""

import os
import pathlib
import random
import shutil
import subprocess
import time

import pytest

from support.cluster import Cluster, Node, clean_environment, merged
from support.load import Load
from support.operator import (
    BAD_CONFIGURATION, DONE, FAILED, IN_USE, NO_SPACE, NOTHING_TO_DO, USAGE, add_nodes, cluster_command, commit, done,
    is_settled, members, migrate_arguments, migrate_command, migrated, status)
from support.waiting import eventually

QUICK = {
    "cluster": {"partitions": 64},
    "layout": {"news_interval_ms": 200},
    "peer": {"backoff_max_ms": 300, "keepalive_ms": 500},
    "handoff": {"interval_ms": 500},
}
ROCKS = ["rocksdb"] * 3


def give(cluster: Cluster, node: Node, engine: str, changes: dict | None = None) -> None:
    """Writes `engine` into the node's configuration."""
    node.engine = engine
    node.configure(cluster.nodes, changes or QUICK)


def actor(node: Node) -> int:
    """Under which identity the node issues dots."""
    node.grpc.put("probe", node.name.encode(), b"x")
    return max(node.grpc.get("probe", node.name.encode()).siblings, key=lambda one: one.timestamp_ms).dot.actor


def present_engine(node: Node) -> str:
    """What the file ENGINE says."""
    return (node.directory / "data" / "ENGINE").read_text().splitlines()[1]


def names_in(directory: pathlib.Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def names(node: Node) -> set[str]:
    return names_in(node.directory / "data")


def resize(disk: pathlib.Path, count: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={count}", disk], check=True)


def fill(node: Node, count: int) -> dict[str, list[bytes]]:
    """Values, concurrent ones and deleted ones, on all replicas: what each key is to be read as."""
    expected: dict[str, list[bytes]] = {}
    for index in range(count):
        key = f"k{index}"
        stored = node.http.put("b", key, b"first %d" % index, w=3)
        expected[key] = [b"first %d" % index]
        if index % 3 == 1:
            assert node.http.put("b", key, b"other %d" % index, w=3).is_stored
            expected[key] = sorted([*expected[key], b"other %d" % index])
        elif index % 3 == 2:
            assert node.http.delete("b", key, stored.context, w=3).is_stored
            expected[key] = []
    return expected


def assert_whole_and_known(cluster: Cluster, node: Node, before: int) -> None:
    """The node is who it was, and nothing has made the others copy anything."""
    assert actor(node) == before
    assert status(node)["layout_version"] == 1 and status(node)["serves_reads"]
    roles = {name: one["role"] for name, one in members(cluster[0]).items()}
    assert roles == dict.fromkeys((one.name for one in cluster.nodes), "ROLE_UP")


@pytest.mark.parametrize("end", ["clean", "killed"])
def test_a_stopped_node_goes_on_with_another_engine(start_cluster, end):
    cluster = start_cluster(ROCKS, QUICK)
    first, moved, last = cluster.nodes
    expected = fill(moved, 90)
    before = actor(moved)
    if end == "clean":
        assert moved.terminate() == 0
    else:
        moved.kill()
    missed = first.http.put("b", "missed", b"while it was away", w=2)
    assert missed.is_stored

    report = migrated(moved, "lmdb")
    assert report["from"] == "rocksdb" and report["to"] == "lmdb" and report["keeps_identity"]
    assert report["contents"]["data"]["rows"] >= 90 and report["change_engine_type"]
    assert names(moved) == {"ENGINE", "engine", "engine-2", "engine-2.place"}
    # The configuration has the old engine still.
    moved.start()
    assert moved.process.wait(30) == 1 and "set engine.type to lmdb" in moved.log
    give(cluster, moved, "lmdb")
    moved.start()
    cluster.wait_connected()
    assert_whole_and_known(cluster, moved, before)
    eventually(lambda: members(first)[moved.name].get("engine") == "lmdb", "the others to hear of the engine")
    assert "the data of an earlier engine is kept" in moved.log
    removed = migrate_command(moved, "--to", "lmdb", "--remove-old")
    assert removed.returncode == DONE and "engine is removed" in removed.stdout, removed
    assert names(moved) == {"ENGINE", "engine-2", "engine-2.place"}

    eventually(lambda: cluster_command(first, "status").returncode == DONE, "the hints to be handed back")
    first.kill()
    last.kill()
    expected["missed"] = [b"while it was away"]
    assert {key: moved.http.get("b", key, r=1).values for key in expected} == expected


def test_a_running_node_is_refused_and_goes_on(start_cluster):
    cluster = start_cluster(ROCKS, QUICK)
    node = cluster[1]
    refused = migrate_command(node, "--to", "lmdb")
    assert refused.returncode == IN_USE and "stop the node first" in refused.stderr, refused
    assert node.http.put("b", "k", b"v", w=3).is_stored
    assert names(node) == {"ENGINE", "engine"}


def test_kill_at_any_moment_leaves_one_whole_engine(start_cluster):
    cluster = start_cluster(["rocksdb"], QUICK)
    node = cluster[0]
    values = {f"k{index}": os.urandom(60_000) for index in range(150)}
    for key, value in values.items():
        assert node.http.put("b", key, value).is_stored
    before = actor(node)
    assert node.terminate() == 0
    begun = time.monotonic()
    migrated(node, "lmdb")
    whole = time.monotonic() - begun
    give(cluster, node, "lmdb")

    seed = int(os.environ.get("KVNODE_SEED", random.randrange(1 << 32)))
    print(f"KVNODE_SEED={seed}")
    chance = random.Random(seed)
    killed = 0
    for attempt in range(24):
        target = "rocksdb" if node.engine == "lmdb" else "lmdb"
        process = subprocess.Popen(
            migrate_arguments(node, "--to", target, "--remove-old"), env=clean_environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert process.wait(chance.uniform(0, 1.2 * whole)) == DONE
            assert present_engine(node) == target
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
        give(cluster, node, present_engine(node))
        if attempt % 4 == 3:
            node.start()
            cluster.wait_connected()
            assert all(node.http.get("b", key).values == [value] for key, value in values.items())
            assert_whole_and_known(cluster, node, before)
            assert node.terminate() == 0
    assert killed >= 5, "most of the attempts were cut short"
    target = "rocksdb" if node.engine == "lmdb" else "lmdb"
    migrated(node, target, "--remove-old")
    assert len(names(node)) == 3, names(node)


def test_what_cannot_be_done_says_why_and_harms_nothing(start_cluster, tmp_path):
    cluster = start_cluster(["rocksdb"], QUICK)
    node = cluster[0]
    values = {f"k{index}": os.urandom(50_000) for index in range(60)}
    for key, value in values.items():
        assert node.http.put("b", key, value).is_stored
    before = actor(node)
    assert node.terminate() == 0

    def refused(code: int, words: str, *arguments: str) -> None:
        ended = migrate_command(node, *arguments)
        assert ended.returncode == code and words in ended.stderr, ended
        assert names(node) == {"ENGINE", "engine"}

    refused(USAGE, 'did you mean "rocksdb"?', "--to", "rocksbd")
    refused(NOTHING_TO_DO, "the engine rocksdb's already", "--to", "rocksdb")
    refused(NOTHING_TO_DO, "name the other one with --to")
    refused(FAILED, "the engine memory keeps nothing on the disk", "--to", "memory")
    give(cluster, node, "rocksdb", merged(QUICK, {"engine": {"lmdb": {"map_size_bytes": 1 << 20}}}))
    refused(NO_SPACE, "raise what engine.lmdb.*", "--to", "lmdb")
    give(cluster, node, "rocksdb", merged(QUICK, {"engine": {"lmdb": {"map_size": 1 << 20}}}))
    refused(BAD_CONFIGURATION, "engine.lmdb.map_size is not a setting", "--to", "lmdb")
    give(cluster, node, "rocksdb", merged(QUICK, {"cluster": {"name": "another"}}))
    refused(FAILED, 'belongs to cluster "integration", not to "another"', "--to", "lmdb")
    give(cluster, node, "rocksdb", merged(QUICK, {"node": {"data_directory": str(tmp_path / "nothing")}}))
    refused(FAILED, "is node.data_directory right?", "--to", "lmdb")
    assert not (tmp_path / "nothing").exists()
    failed = migrate_command(node, "--to", "lmdb", "--json")
    assert '"code": "failed"' in failed.stdout.replace(" :", ":"), failed

    # Without --to, engine.type says it.
    give(cluster, node, "leveldb")
    ended = migrate_command(node, "--remove-old")
    assert ended.returncode == DONE and "engine.type" not in ended.stdout, ended
    assert "kvnode: copying" in ended.stderr and "kvnode: verifying" in ended.stderr, "lines where there is no terminal"
    node.start()
    cluster.wait_connected()
    assert all(node.http.get("b", key).values == [value] for key, value in values.items())
    assert_whole_and_known(cluster, node, before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_is_said_and_harms_nothing(tmp_path, stubs):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", disk], check=True)
    changes = merged(QUICK, {"node": {"data_directory": str(disk / "data")}})
    cluster = Cluster(tmp_path / "nodes", ["rocksdb"], stubs, changes)
    try:
        cluster.start()
        node = cluster[0]
        values = {f"k{index}": os.urandom(300_000) for index in range(60)}
        for key, value in values.items():
            assert node.http.put("b", key, value).is_stored
        assert node.terminate() == 0
        # The old engine does not open, since it makes tables of its log; once it could, the copy does not fit.
        for words in ("does not open", "cannot be written"):
            used = sum(path.stat().st_blocks * 512 for path in disk.rglob("*"))
            resize(disk, used + (8 << 20))
            refused = migrate_command(node, "--to", "lmdb")
            assert refused.returncode == NO_SPACE and words in refused.stderr, refused
            assert "make room on the disk" in refused.stderr, refused
            assert names_in(disk / "data") == {"ENGINE", "engine"}
            resize(disk, 300 << 20)
            node.start()
            cluster.wait_connected()
            assert node.terminate() == 0
        give(cluster, node, "lmdb", changes)
        migrated(node, "lmdb")
        node.start()
        cluster.wait_connected()
        assert all(node.http.get("b", key).values == [value] for key, value in values.items())
    finally:
        cluster.stop()
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_copy_of_the_old_directory_is_not_the_node(start_cluster):
    cluster = start_cluster(["rocksdb"], QUICK)
    node = cluster[0]
    before = actor(node)
    assert node.terminate() == 0
    data, copy = node.directory / "data", node.directory / "copy"
    shutil.copytree(data, copy, copy_function=shutil.copy2)
    migrated(node, "lmdb")
    shutil.rmtree(data)
    copy.rename(data)
    node.start()
    eventually(lambda: actor(node) != before, "the node to run under another actor")


def test_a_cluster_changes_engine_node_by_node_under_load(start_cluster):
    cluster = start_cluster(ROCKS, QUICK)
    actors = [actor(node) for node in cluster.nodes]
    with Load(cluster.nodes, "b") as load:
        for node in cluster.nodes:
            assert node.terminate() == 0
            assert migrated(node, "lmdb", "--remove-old")["keeps_identity"]
            give(cluster, node, "lmdb")
            node.start()
            cluster.wait_connected()
    for node in cluster.nodes:
        load.check(node)
    for node, before in zip(cluster.nodes, actors):
        assert_whole_and_known(cluster, node, before)
        assert members(cluster[0])[node.name]["engine"] == "lmdb"
    for node in cluster.nodes:
        eventually(lambda node=node: cluster_command(node, "status").returncode == DONE, "nothing to tell")


def test_a_cluster_changes_engine_by_refilling_node_after_node_under_load(start_cluster):
    cluster = start_cluster(ROCKS, QUICK)
    with Load(cluster.nodes, "b") as load:
        for version, node in enumerate(cluster.nodes, 2):
            assert node.terminate() == 0
            shutil.rmtree(node.directory / "data")
            give(cluster, node, "lmdb")
            node.start()
            node.wait_ready()
            for other in cluster.nodes:
                eventually(
                    lambda other=other: status(other).get("serves_reads") and is_settled(other, version),
                    f"{node.name} to have its data again, by {other.name}")
            cluster.wait_connected()
    for node in cluster.nodes:
        load.check(node)
        eventually(lambda node=node: cluster_command(node, "status").returncode == DONE, "nothing to tell")
    assert {one["engine"] for one in members(cluster[0]).values()} == {"lmdb"}


def test_a_node_is_replaced_by_one_with_another_engine_under_load(start_cluster, tmp_path, stubs):
    cluster = start_cluster(ROCKS, QUICK)
    first, second, old = cluster.nodes
    with Load([first, second], "b") as load:
        new, = add_nodes(cluster, tmp_path, ["lmdb"], stubs, QUICK)
        done(first, "replace", old.name, new.member)
        commit(first)
        assert old.terminate() == 0
        shutil.rmtree(old.directory / "data")
    for node in (first, second, new):
        load.check(node)
        eventually(lambda node=node: cluster_command(node, "status").returncode == DONE, "nothing to tell")
    assert sorted(members(first)) == ["node0", "node1", "node3"]
    assert members(first)[new.name]["engine"] == "lmdb"
