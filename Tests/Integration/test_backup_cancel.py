"""Backups that are ended early: what `status` says of them, what is left, and that they can be gone on with."""

import collections
import time

import pytest

from support.backup import (
    CANCELLED, COMPLETE, FAILED, QUICK, REFUSED, assert_has, done, endpoints, fill, is_at, pace, put_all, refusal, status)
from support.backup_fixtures import folder, restored, start_single  # noqa: F401
from support.cluster import Cluster, merged
from support.waiting import eventually

ROCKS = ["rocksdb"] * 3
SLOW = merged(QUICK, pace(400_000))


@pytest.fixture(scope="module")
def shared(tmp_path_factory, stubs):
    """Three nodes, for tests that leave them running."""
    cluster = Cluster(tmp_path_factory.mktemp("shared"), ["rocksdb", "lmdb", "leveldb"], stubs, QUICK)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


def test_cancelled_busy_and_gone_on_with(start_cluster, folder, restored):
    cluster = start_cluster(ROCKS, SLOW)
    values = fill(cluster, "b", 1500)
    node = cluster[0]
    assert status(node).get("state") == "STATE_NONE"
    done("cancel", *endpoints(cluster.nodes))
    creating = folder.begin(cluster.nodes, "slow")
    eventually(lambda: all(is_at(one, "slow", 2) for one in cluster.nodes), "some partitions")
    said = refusal(folder.try_to_create([node], "another"), REFUSED, "slow")
    assert "busy" in said
    refusal(folder.try_to_create([node], "slow"), REFUSED, "busy")
    assert node.http.put("b", "meanwhile", b"1", w=3).is_stored

    begun = time.monotonic()
    done("cancel", *endpoints(cluster.nodes))
    for one in cluster.nodes:
        eventually(lambda one=one: status(one)["state"] == CANCELLED, f"the end at {one.name}", 5)
    output, errors = creating.communicate(timeout=20)
    assert creating.returncode == FAILED and time.monotonic() - begun < 10, errors
    assert (output + errors).count("was ended early") == 3
    listed = folder.listed("slow")
    assert not listed["complete"] and listed["begun"] == ["node0", "node1", "node2"] and listed["nodes"] == []
    assert "begun by node0, node1, node2" in folder.done("list")
    refusal(folder.run("verify", "slow"), REFUSED, "slow")
    assert "another" not in [one["id"] for one in folder.list()]

    # It goes on where it was: nothing is sent twice.
    packs = folder.objects("packs/")
    folder.create(cluster.nodes, "slow")
    assert folder.listed("slow")["complete"]
    assert packs.items() <= folder.objects("packs/").items()
    assert folder.total() < 1.4 * sum(len(value) + 60 for value in values.values())
    assert_has(restored(folder, "slow"), "b", values)
    # It is complete, and is left alone.
    before = folder.contents()
    again = folder.try_to_create(cluster.nodes, "slow")
    assert again.returncode == REFUSED and "already" in again.stdout + again.stderr, again
    assert folder.contents() == before


def test_what_goes_on_has_what_was_acknowledged_before_it_was_asked_for_again(start_cluster, folder, restored):
    """The second `create` says when it was begun: what was written before that is in the backup, whatever was read earlier."""
    cluster = start_cluster(ROCKS, SLOW)
    values = fill(cluster, "b", 1500)
    creating = folder.begin(cluster.nodes, "slow")
    eventually(lambda: all(is_at(one, "slow", 6) for one in cluster.nodes), "some partitions")
    done("cancel", *endpoints(cluster.nodes))
    creating.communicate(timeout=20)
    between = {f"between-{index}": b"%d" % index for index in range(100)}
    put_all(cluster, "b", between)
    written = time.time() * 1000
    folder.create(cluster.nodes, "slow")
    node = restored(folder, "slow")
    assert_has(node, "b", values)
    if folder.listed("slow")["began_ms"] > written:
        assert_has(node, "b", between)


def test_a_cancel_never_looks_like_a_failure(shared, folder, stubs):
    values = fill(shared, "cancelled", 300)
    m, node = stubs.backup, shared[0]
    stub = stubs.backup_services.BackupStub(node.grpc.channel)
    ends = collections.Counter()
    for turn in range(60):
        stub.Begin(m.BeginBackupRequest(id=f"turn-{turn}", to=folder.location), timeout=10)
        time.sleep(0.002 * turn)  # another moment each time
        stub.Cancel(m.CancelBackupRequest(), timeout=10)
        now = eventually(
            lambda: (now := stub.GetStatus(m.GetBackupStatusRequest(), timeout=10)).state != m.BackupStatus.STATE_RUNNING and now,
            "its end", 10, 0.002)
        ends[m.BackupStatus.State.Name(now.state), now.reason, now.error] += 1
    assert {state for state, _, _ in ends} <= {CANCELLED, COMPLETE}, ends
    assert ends[CANCELLED, "", ""] > 10, ends
    assert_has(shared[1], "cancelled", values)


def test_a_slow_backup_is_cancelled_and_does_not_hold_the_node(start_cluster, folder):
    """The pace is a rate of bytes: what was read at a time is not to be waited for once the backup is ended."""
    cluster = start_cluster(["rocksdb"], merged(QUICK, pace(4_000)))
    node = cluster[0]
    values = fill(cluster, "b", 400)
    creating = folder.begin([node], "slow")
    eventually(lambda: status(node).get("partitions"), "the begin")
    done("cancel", *endpoints(node))
    eventually(lambda: status(node)["state"] == CANCELLED, "the end", 4)
    creating.communicate(timeout=20)
    creating = folder.begin([node], "slow")
    eventually(lambda: status(node).get("partitions"), "the begin")
    begun = time.monotonic()
    assert node.terminate() == 0
    assert time.monotonic() - begun < 5
    creating.communicate(timeout=20)
    node.start()
    cluster.wait_connected()
    assert_has(node, "b", values)
