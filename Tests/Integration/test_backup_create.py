"""`kvnode backup create` and `list`: what is sent, what is in it while clients write, names and places."""

import json
import os
import random
import re
import threading

import pytest

from support.backup import (
    COMPLETE, DONE, NOT_FOUND, QUICK, REFUSED, UNAVAILABLE, USAGE, Folder, assert_has, backup_command, done,
    endpoints, fill, pace, put_all, refusal, refused, status)
from support.backup_fixtures import folder, restored, start_single  # noqa: F401
from support.cluster import Cluster, merged
from support.http import HTTPClient
from support.waiting import eventually

ROCKS = ["rocksdb"] * 3


@pytest.fixture(scope="module")
def shared(tmp_path_factory, stubs):
    """Three nodes, for tests that leave them running."""
    cluster = Cluster(tmp_path_factory.mktemp("shared"), ["rocksdb", "lmdb", "leveldb"], stubs, QUICK)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


# MARK: what is sent

def test_replicas_share_and_only_what_is_new_is_sent(start_cluster, folder, restored):
    cluster = start_cluster(ROCKS, QUICK)
    values = fill(cluster, "b", 4000)
    first = folder.create(cluster.nodes, "first")
    rows = {int(one["rows"]) for one in first.values()}
    assert len(rows) == 1 and min(rows) >= 4000
    one_copy = int(first["node0"]["bytes"])
    assert sum(int(one.get("sent_bytes", 0)) for one in first.values()) <= 1.3 * one_copy
    full = folder.total()
    assert full <= 1.4 * one_copy

    packs = folder.objects("packs/")
    second = folder.create(cluster.nodes, "second")
    assert folder.objects("packs/") == packs
    assert [int(one.get("sent_bytes", 0)) for one in second.values()] == [0, 0, 0]

    before = folder.contents()
    changed = {key: os.urandom(1024) for key in random.Random(1).sample(sorted(values), 40)}
    put_all(cluster, "b", changed)
    values |= changed
    folder.create(cluster.nodes, "third")
    after = folder.contents()
    assert before.items() <= after.items(), "no object is written anew"
    assert sum(len(after[name]) for name in after.keys() - before.keys()) <= 0.05 * full
    assert folder.verify("third")["rows"] == 3 * min(rows)
    assert_has(restored(folder, "third"), "b", values)


def test_replicas_share_when_one_begins_after_the_other(start_cluster, folder):
    cluster = start_cluster(ROCKS, QUICK)
    fill(cluster, "b", 1000)
    for node in cluster.nodes[:2]:
        lacking = folder.try_to_create([node], "one")
        assert lacking.returncode == REFUSED and "lacks" in lacking.stderr and "--id one" in lacking.stderr, lacking
        assert not folder.listed("one")["complete"]
    last = folder.try_to_create(cluster.nodes[2:], "one")
    assert last.returncode == REFUSED, "as this call knows of one node only"
    listed = folder.listed("one")
    assert listed["complete"] and listed["missing"] == []
    assert listed["sent_bytes"] <= 1.3 * listed["bytes"] / 3
    assert sorted(int(one) for one in [status(node).get("sent_bytes", 0) for node in cluster.nodes])[:2] < [20_000, 20_000]


def test_a_key_that_goes_and_a_bucket_that_goes(start_cluster, folder, restored):
    """What was deleted between two backups is in the first and not in the second, however many blocks they share."""
    cluster = start_cluster(["lmdb"] * 3, QUICK)
    values = fill(cluster, "b", 300)
    other = fill(cluster, "other", 100)
    folder.create(cluster.nodes, "first")
    gone = list(values)[::10]
    for key in gone:
        assert cluster[1].http.delete("b", key, cluster[1].http.get("b", key, r=3).context, w=3).is_stored
    folder.create(cluster.nodes, "second")
    node = restored(folder, "second")
    assert_has(node, "b", {key: value for key, value in values.items() if key not in gone})
    assert_has(node, "other", other)
    assert all(not node.grpc.get("b", key.encode()).found for key in gone)
    assert_has(restored(folder, "first"), "b", values)
    # The later one knows more, in whatever order they come.
    folder.restore(node, "first", "--merge")
    assert all(not node.grpc.get("b", key.encode()).found for key in gone)


# MARK: while clients write

def test_what_was_acknowledged_before_is_in_it(start_cluster, folder, restored):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"], merged(QUICK, pace(3_000_000)))
    fill(cluster, "b", 1500)
    acknowledged: dict[str, int] = {}
    ended = threading.Event()
    failures = []

    def write(number: int) -> None:
        clients = [HTTPClient(node.http_port) for node in cluster.nodes]
        contexts: dict[str, str] = {}
        turn = 0
        while not ended.is_set():
            turn += 1
            key = f"w{number}-{turn % 40}"
            answer = clients[turn % 3].put("counted", key, b"%d" % turn, contexts.get(key, ""), w=2)
            if answer.status not in (200, 201, 204):
                failures.append(answer)
                return
            contexts[key] = answer.context or clients[turn % 3].get("counted", key, r=2).context
            acknowledged[key] = turn
        for client in clients:
            client.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: len(acknowledged) == 160, "each key to be written")
        before = dict(acknowledged)
        reports = folder.create(cluster.nodes, "busy")
        after = dict(acknowledged)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    assert sum(after.values()) > sum(before.values()) + 100, "clients were served all the while"
    assert all(one["state"] == COMPLETE for one in reports.values())
    node = restored(folder, "busy")
    for key, turn in before.items():
        found = max(map(int, node.grpc.values("counted", key.encode())), default=0)
        assert turn <= found <= acknowledged[key], f"{key}: {turn} was acknowledged, {found} is there"
    folder.verify("busy")


def test_writes_that_only_hints_have_are_in_it(start_cluster, folder, start_single):
    cluster = start_cluster(ROCKS, QUICK)
    fill(cluster, "b", 50)
    cluster[2].kill()
    # Of four nodes, another would take them: of three, the two that are left keep what the third is to have.
    values = {f"hinted-{index}": b"%d" % index for index in range(50)}
    for key, value in values.items():
        assert cluster[0].http.put("b", key, value, w=2).is_stored
    refusal(folder.try_to_create(cluster.nodes[:2], "two"), REFUSED, "lacks node2")
    listed = folder.listed("two")
    assert listed["missing"] == ["node2"] and not listed["complete"] and listed["begun"] == []
    assert "lacks node2" in folder.done("list")
    refusal(folder.run("verify", "two"), REFUSED, "lacks node2")
    node = start_single()
    folder.refuses_restore(REFUSED, "lacks node2", node, "two")
    folder.refuses_restore(NOT_FOUND, "no complete backup", node)
    folder.restore(node, "two", "--partial")
    assert_has(node, "b", values)


def test_a_write_that_only_a_hint_of_another_node_has(start_cluster, folder, start_single):
    """With sloppy quorums, a node that is no replica may be the only one that has a write: it is in its part."""
    cluster = start_cluster(["memory"] * 5, merged(QUICK, {"handoff": {"interval_ms": 3_600_000}}))
    assert cluster[0].http.set_properties("b", {"quorum": "sloppy"}).status == 200
    cluster[3].kill()
    cluster[4].kill()
    values = {f"hinted-{index}": b"%d" % index for index in range(60)}
    for key, value in values.items():
        eventually(lambda key=key, value=value: cluster[0].http.put("b", key, value, w=3).is_stored, key)
    ended = folder.try_to_create(cluster.nodes[:3], "three")
    refusal(ended, REFUSED, "lacks node3, node4")
    node = start_single()
    folder.restore(node, "three", "--partial")
    found = node.grpc.read_all("b", list(values), r=1)
    assert all(set(found[key]) == {value} for key, value in values.items())


# MARK: names, and what is printed

def test_names(shared, folder):
    for name in (".hidden", "../up", "a/b", "a b", "ä", "x" * 201):
        ended = folder.try_to_create(shared.nodes, name)
        assert ended.returncode == USAGE and "A-Z" in ended.stderr, (name, ended)
    assert not folder.objects()
    for name in ("x" * 200, "-_.A", "2026-11-28"):
        folder.create(shared.nodes, name)
    assert {one["id"] for one in folder.list()} == {"x" * 200, "-_.A", "2026-11-28"}
    made = done("create", "--to", folder.location, *endpoints(shared.nodes))
    name, = {re.search(r"backup (\S+) is complete", line)[1] for line in made.splitlines()}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}", name) and len(made.splitlines()) == 3
    assert folder.list()[-1]["id"] == name


def test_places(shared, tmp_path):
    node = shared[0]
    refused(USAGE, "where to", "create", *endpoints(node))
    for place in ("/tmp/x", "file://relative", "ftp://x", "s3://", "s3://UPPER/x", ""):
        ended = backup_command("create", "--to", place, *endpoints(node))
        assert ended.returncode == USAGE, (place, ended)
        assert backup_command("list", "--from", place).returncode == USAGE
    assert backup_command("list").returncode == USAGE
    ended = backup_command("create", "--to", f"file://{tmp_path}/a", "--endpoint", "nonsense")
    assert ended.returncode == USAGE
    # A folder that is not there is made, with those above it, and has a name with a space.
    folder = Folder(tmp_path / "made for" / "backups")
    folder.create(shared.nodes, "one")
    assert folder.verify()["nodes"] == 3
    variables = {"KVNODE_BACKUP_TO": folder.location, "KVNODE_ENDPOINT": ",".join(endpoints(shared.nodes)[1::2])}
    assert json.loads(done("list", "--json", environment=variables))[0]["id"] == "one"
    assert done("status", environment=variables).count("is complete") == 3
    done("create", "--to", folder.location, "--id", "two", environment=variables)
    assert folder.listed("two")["complete"]


def test_one_node_named_twice_is_one_node(shared, folder):
    ended = folder.try_to_create([*shared.nodes, shared[0]], "twice")
    assert ended.returncode in (DONE, USAGE, REFUSED), ended
    for node in shared.nodes:
        eventually(lambda node=node: status(node)["state"] == COMPLETE, f"the end at {node.name}")


def test_a_node_that_cannot_be_reached(shared, folder):
    ended = folder.try_to_create(shared.nodes, "one", "--endpoint", "127.0.0.1:1")
    refusal(ended, UNAVAILABLE, "127.0.0.1:1")
    refused(UNAVAILABLE, "127.0.0.1:1", "status", "--endpoint", "127.0.0.1:1")
    refused(UNAVAILABLE, "127.0.0.1:1", "cancel", "--endpoint", "127.0.0.1:1")
    for node in shared.nodes:
        eventually(lambda node=node: status(node)["state"] != "STATE_RUNNING", f"the end at {node.name}")


def test_nothing_is_there(tmp_path):
    refused(NOT_FOUND, "holds no backups", "list", "--from", f"file://{tmp_path}/empty")
    refused(NOT_FOUND, "holds no backups", "verify", "--from", f"file://{tmp_path}/empty")
    refused(NOT_FOUND, "holds no backups", "prune", "--keep", "1", "--from", f"file://{tmp_path}/empty")
    assert not (tmp_path / "empty").exists(), "to look changes nothing"
