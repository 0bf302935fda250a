"""`kvnode backup restore`: everything comes back, to any engines and any number of nodes, and nothing is issued twice."""

import time

import pytest

from support.backup import NOT_FOUND, QUICK, REFUSED, USAGE, Folder, fill, assert_has, refused, endpoints, start_empty
from support.cluster import Cluster
from support.contents import PROPERTIES, Contents
from support.load import Load
from support.waiting import eventually

TARGETS = {
    "lmdb": ["lmdb"] * 3,
    "leveldb": ["leveldb"] * 3,
    "memory": ["memory"] * 3,
    "mix": ["memory", "lmdb", "rocksdb"],
    "one": ["lmdb"],
    "five": ["rocksdb", "lmdb", "leveldb", "memory", "lmdb"],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory, stubs):
    """Three nodes on RocksDB."""
    cluster = Cluster(tmp_path_factory.mktemp("source"), ["rocksdb"] * 3, stubs, QUICK)
    try:
        yield start_empty(cluster)
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def kept(source, tmp_path_factory):
    """One of everything, and the backup `all` of it."""
    contents = Contents(source)
    folder = Folder(tmp_path_factory.mktemp("kept") / "archive")
    folder.create(source.nodes, "all")
    return contents, folder


@pytest.fixture
def start_target(tmp_path, stubs):
    """Starts empty clusters, of nodes that are called as those of the source are."""
    started = []

    def start(engines: list[str]) -> Cluster:
        started.append(Cluster(tmp_path / f"target{len(started)}", engines, stubs, QUICK))
        return start_empty(started[-1])

    yield start
    for one in started:
        one.stop()


@pytest.mark.parametrize("target", TARGETS)
def test_everything_comes_back(kept, start_target, target):
    contents, folder = kept
    cluster = start_target(TARGETS[target])
    assert folder.restore(cluster.nodes[-1], "all") >= len(contents.expected)
    contents.check(cluster)
    contents.check_deleted(cluster)
    contents.check_types(cluster)
    contents.check_properties(cluster, "latest")
    contents.check_contexts(cluster)
    contents.check_new_dots(cluster)


def test_properties_of_a_bucket_without_keys_come_back(kept, start_target):
    contents, folder = kept
    cluster = start_target(["memory"])
    folder.restore(cluster[0], "all")
    contents.check_properties(cluster, "idle")


def test_one_bucket_by_itself_and_under_another_name(kept, start_target):
    contents, folder = kept
    cluster = start_target(["lmdb"] * 3)
    folder.restore(cluster[0], "all", "--bucket", "carts")
    contents.check(cluster, {"carts": "carts"})
    assert not cluster[0].http.list("plain").json()["keys"]
    # Beside what is there, which stays as it is.
    folder.restore(cluster[1], "all", "--bucket", "carts", "--as", "carts-before")
    folder.restore(cluster[2], "all", "--bucket", "latest", "--as", "latest-before")
    contents.check(cluster, {"carts": "carts"})
    contents.check(cluster, {"carts": "carts-before"})
    contents.check(cluster, {"latest": "latest-before"})
    contents.check_properties(cluster, "latest-before")
    assert cluster[0].http.properties("latest")["conflict"] != PROPERTIES["conflict"]
    folder.restore(cluster[0], "all", "--bucket", "plain", "--bucket", "types")
    contents.check(cluster, {"carts": "carts", "plain": "plain"})
    contents.check_types(cluster)


def test_what_is_no_restore_says_so(kept, start_target):
    contents, folder = kept
    cluster = start_target(["memory"])
    node = cluster[0]
    folder.refuses_restore(NOT_FOUND, "nothing-such", node, "nothing-such")
    folder.refuses_restore(NOT_FOUND, "unknown", node, "all", "--bucket", "unknown")
    for arguments in (["all", "--as", "x"], ["all", "--bucket", "a", "--bucket", "b", "--as", "x"], ["all", "--at", "2026-01-01T00:00:00Z"],
                      ["--at", "yesterday"]):
        assert folder.try_to_restore(node, *arguments).returncode == USAGE, arguments
    assert folder.try_to_restore(node, "all", "--endpoint", "127.0.0.1:1").returncode == USAGE
    refused(NOT_FOUND, "holds no backups", "restore", "--from", f"{folder.location}-other", *endpoints(node))
    assert not node.http.list("plain").json()["keys"]


def test_keys_that_are_there_are_not_mixed_up_unasked(kept, start_target):
    contents, folder = kept
    cluster = start_target(["lmdb", "rocksdb", "memory"])
    node = cluster[0]
    assert node.http.put("carts", "c0", b"newer", w=3).is_stored
    assert node.http.put("carts", "own", b"of this cluster", w=3).is_stored
    said = folder.refuses_restore(REFUSED, "carts already", node, "all")
    assert "--merge" in said and "--bucket NAME --as OTHER" in said
    assert not node.http.list("plain").json()["keys"]

    folder.restore(node, "all", "--merge")
    for one in cluster.nodes:
        assert one.grpc.values("carts", b"c0") == [b"eggs", b"milk", b"newer"]
        assert one.grpc.values("carts", b"own") == [b"of this cluster"]
    contents.check(cluster, {"plain": "plain", "latest": "latest"})
    # To do it again changes nothing.
    folder.restore(cluster[1], "all", "--merge")
    contents.check(cluster, {"plain": "plain", "latest": "latest"})
    contents.check_deleted(cluster)
    contents.check_types(cluster)


def test_keys_that_were_deleted_by_mistake_come_back_or_it_is_said(start_target, tmp_path):
    """What an operator most often needs a backup for: somebody has deleted everything."""
    cluster = start_target(["lmdb"] * 3)
    values = fill(cluster, "b", 50)
    folder = Folder(tmp_path / "archive")
    folder.create(cluster.nodes, "before")
    for key in values:
        assert cluster[0].http.delete("b", key, cluster[0].http.get("b", key, r=3).context, w=3).is_stored
    assert not cluster[1].http.list("b").json()["keys"]
    ended = folder.try_to_restore(cluster[0], "before")
    if ended.returncode == 0:
        for node in cluster.nodes:
            assert_has(node, "b", values)
    else:
        assert ended.returncode == REFUSED and "--as" in ended.stderr, ended
    folder.restore(cluster[0], "before", "--bucket", "b", "--as", "back")
    for node in cluster.nodes:
        assert_has(node, "back", values)


def test_a_deleted_key_is_seen_through_each_node(start_target, tmp_path):
    """Its traces may be on three of five nodes: whichever is asked knows of them."""
    cluster = start_target(["memory"] * 5)
    stored = cluster[0].http.put("b", "k", b"v", w=3)
    folder = Folder(tmp_path / "archive")
    folder.create(cluster.nodes, "before")
    assert cluster[0].http.delete("b", "k", stored.context, w=3).is_stored
    for node in cluster.nodes:
        ended = folder.try_to_restore(node, "before")
        assert ended.returncode == REFUSED or node.grpc.values("b", b"k") == [b"v"], f"through {node.name}: {ended}"


def test_to_a_point_in_time(start_target, tmp_path):
    cluster = start_target(["rocksdb"] * 3)
    folder = Folder(tmp_path / "archive")
    times = []
    for turn in (b"one", b"two", b"three"):
        seen = cluster[0].http.get("b", "k", r=3).context
        assert cluster[0].http.put("b", "k", turn, seen, w=3).is_stored
        folder.create(cluster.nodes, turn.decode())
        times.append(time.time())
        # `--at` is to the second.
        eventually(lambda: time.time() >= int(times[-1]) + 1, "the next second", 2, 0.01)
    target = start_target(["lmdb"])
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(times[1]) + 1))
    folder.restore(target[0], "--at", text)
    assert target[0].grpc.values("b", b"k") == [b"two"]
    folder.restore(target[0], "--merge")
    assert target[0].grpc.values("b", b"k") == [b"three"]
    folder.refuses_restore(NOT_FOUND, "no complete backup", target[0], "--at", "2020-01-01T00:00:00Z")


def test_a_restored_cluster_is_backed_up_and_restored_again(kept, start_target, tmp_path):
    contents, folder = kept
    second = start_target(["leveldb", "lmdb", "memory"])
    folder.restore(second[1], "all")
    again = Folder(tmp_path / "again")
    again.create(second.nodes, "second")
    assert again.verify("second")["nodes"] == 3
    third = start_target(["memory"])
    again.restore(third[0], "second")
    contents.check(third)
    contents.check_deleted(third)
    contents.check_types(third)
    contents.check_contexts(third)


def test_writes_while_a_restore_runs_are_kept(kept, start_target):
    contents, folder = kept
    cluster = start_target(["lmdb"] * 3)
    with Load(cluster.nodes, "load") as load:
        eventually(lambda: len(load.written) > 10, "some writes")
        folder.restore(cluster[0], "all")
        eventually(lambda: len(load.written) > Load.ENOUGH, "more writes")
    for node in cluster.nodes:
        load.check(node)
    contents.check(cluster)
