"""Backups as they are run: who may, what the audit log says, TLS, the daily time, metrics, and what is kept."""

import json
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Chaos"))

from chaos.clocks import WallClock, build  # noqa: E402
from support.backup import (  # noqa: E402
    DAY, FAILED, QUICK, USAGE, Archive, Folder, assert_has, backup_command, done, endpoints, fill, is_at, pace, refusal, start_empty, status)
from support.certificates import Authority  # noqa: E402
from support.cluster import BINARY, Cluster, clean_environment, merged  # noqa: E402
from support.metrics import scrape  # noqa: E402
from support.users import User, write_users  # noqa: E402
from support.waiting import eventually  # noqa: E402

ADMINISTRATOR = User("administrator", ["admin:*"], {"t": "administrator"})
OWNER = User("owner", ["admin:b*"], {"t": "owner"})
WRITER = User("writer", ["write:*"], {"t": "writer"})
NAMES = ("node0", "node1", "node2")


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "archive")


@pytest.fixture(scope="module")
def shared(tmp_path_factory, stubs):
    cluster = Cluster(tmp_path_factory.mktemp("shared"), ["rocksdb", "lmdb", "memory"], stubs, QUICK)
    try:
        yield start_empty(cluster)
    finally:
        cluster.stop()


# MARK: rights, TLS

@pytest.fixture
def guarded(tmp_path, stubs):
    """A node that speaks TLS, and knows users."""
    path = tmp_path / "users.yaml"
    write_users(path, [ADMINISTRATOR, OWNER, WRITER])
    authority = Authority(tmp_path / "certificates").issue("node0")
    cluster = Cluster(
        tmp_path / "guarded", ["memory"], stubs, merged(merged(QUICK, {"access": {"users_file": str(path)}}), pace(300_000)), authority)
    cluster[0].authorization = ADMINISTRATOR.bearer
    try:
        yield cluster.start()[0]
    finally:
        cluster.stop()


def audit(node, *words: str) -> bool:
    return any(" audit: " in line and all(word in line for word in words) for line in node.log.splitlines())


def test_only_an_administrator_may(guarded, folder):
    node = guarded
    for index in range(300):
        assert node.http.put("b", f"k{index}", b"%1000d" % index).is_stored
    for user in (WRITER, OWNER):
        variables = {"KVNODE_TOKEN": user.token}
        denied = Archive(folder.location, variables)
        for command in (["status"], ["cancel"], ["create", "--to", folder.location]):
            refusal(backup_command(*command, *endpoints(node), environment=variables), FAILED, "permission_denied")
        assert not folder.path.exists()
        assert audit(node, f"user={user.name}", "operation=begin_backup", "permissionDenied")
    assert denied
    refusal(backup_command("status", *endpoints(node)), FAILED, "unauthenticated")
    # Without TLS, nothing.
    assert backup_command("status", "--endpoint", f"127.0.0.1:{node.grpc_port}").returncode == 4

    admin = Folder(folder.path, {"KVNODE_TOKEN": ADMINISTRATOR.token})
    creating = admin.begin([node], "one")
    eventually(lambda: json.loads(done("status", "--json", *endpoints(node), environment=admin.environment))["state"] == "STATE_RUNNING", "it")
    done("cancel", *endpoints(node), environment=admin.environment)
    creating.communicate(timeout=20)
    assert audit(node, "user=administrator", "operation=begin_backup", "outcome=success", "one")
    assert audit(node, "user=administrator", "operation=cancel_backup", "outcome=success")
    admin.create([node], "one")

    for user in (WRITER, OWNER):
        refusal(Archive(folder.location, {"KVNODE_TOKEN": user.token}).try_to_restore(node, "one", "--merge"), FAILED, "permission_denied")
    refusal(Archive(folder.location).try_to_restore(node, "one", "--merge"), FAILED, "unauthenticated")
    assert not node.http.list("back").json()["keys"]
    admin.restore(node, "one", "--bucket", "b", "--as", "back")
    assert node.http.get("back", "k7").values == [b"%1000d" % 7]
    assert audit(node, "user=administrator", "operation=begin_restore", "outcome=success", "one")
    assert ADMINISTRATOR.token not in node.log
    # By a password, as well.
    (folder.path.parent / "password").write_text(ADMINISTRATOR.password)
    done("status", *endpoints(node), "--user", ADMINISTRATOR.name, "--password-file", folder.path.parent / "password")


def test_a_cluster_that_speaks_tls(start_cluster, tmp_path, folder):
    authority = Authority(tmp_path / "certificates").issue(*NAMES)
    cluster = start_cluster(["rocksdb", "lmdb", "leveldb"], QUICK, authority)
    for index in range(50):
        assert cluster[0].http.put("b", f"k{index}", b"v%d" % index, w=3).is_stored
    folder.create(cluster.nodes, "one")
    assert folder.verify()["nodes"] == 3
    folder.restore(cluster[1], "one", "--bucket", "b", "--as", "back")
    assert cluster[2].http.get("back", "k49").values == [b"v49"]


# MARK: every day, and metrics

def test_every_day(tmp_path, stubs, folder):
    """By clocks of which it is seconds before the time when the nodes start."""
    library = build(tmp_path)
    if library is None:
        pytest.skip("no C compiler is installed, with which a node's clock is set")
    # The next one: less than a day ahead of the folder's own clock, by which files that are older than a day are left over.
    noon = (int(time.time()) + DAY // 2) // DAY * DAY + DAY // 2
    changes = merged(QUICK, {"backup": {"to": folder.location, "daily_at": "12:00"}})
    cluster = Cluster(tmp_path / "daily", ["rocksdb", "lmdb", "memory"], stubs, changes)
    clocks = [WallClock(library, tmp_path / f"{node.name}-clock") for node in cluster.nodes]
    for node, clock in zip(cluster.nodes, clocks):
        clock.set_offset(noon - int(time.time()) - 12)
        node.environment = clock.environment
    name = time.strftime("%Y-%m-%d-1200", time.gmtime(noon))
    try:
        start_empty(cluster)
        first = scrape(cluster[0])
        assert first["kvnode_backup_newest_timestamp_seconds"] == 0 and first["kvnode_backups_total"] == 0
        assert not folder.objects("backups/")
        assert cluster[0].http.put("b", "k", b"v", w=3).is_stored
        eventually(lambda: folder.objects() and (folder.listed(name) or {}).get("complete"), "the daily backup", 40, 0.5)
        for node in cluster.nodes:
            eventually(lambda node=node: scrape(node).sum("kvnode_backups_total", outcome="complete") == 1, "its count")
            now = scrape(node)
            assert noon - 1 <= now["kvnode_backup_newest_timestamp_seconds"] <= noon + 60
            assert now.sum("kvnode_backups_total", outcome="failed") == 0
            assert status(node)["id"] == name
        node = cluster[0]
        told = scrape(node)["kvnode_backup_newest_timestamp_seconds"]
        assert node.terminate() == 0
        clocks[0].set_offset(noon - int(time.time()) + 300)
        node.start()
        node.wait_ready()
        eventually(lambda: scrape(node)["kvnode_backup_newest_timestamp_seconds"] == told, "what is known after a restart")
        assert scrape(node)["kvnode_backups_total"] == 0
        assert folder.verify(name)["nodes"] == 3
    finally:
        cluster.stop()


def test_the_daily_time_comes_once_when_the_clock_is_set_back(tmp_path, stubs, folder):
    library = build(tmp_path)
    if library is None:
        pytest.skip("no C compiler is installed, with which a node's clock is set")
    noon = int(time.time()) // DAY * DAY + DAY + DAY // 2
    cluster = Cluster(tmp_path / "daily", ["memory"], stubs, merged(QUICK, {"backup": {"to": folder.location, "daily_at": "12:00"}}))
    node, clock = cluster[0], WallClock(library, tmp_path / "clock")
    node.environment = clock.environment
    clock.set_offset(noon - int(time.time()) - 8)
    try:
        start_empty(cluster)
        # What NTP does to a clock that has run ahead: the node's sleep ends three seconds before it is the time.
        clock.set_offset(noon - int(time.time()) - 8)
        eventually(lambda: scrape(node)["kvnode_backups_total"] >= 1, "a backup", 30)
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 10, "the time to have come twice", 20, 0.2)
        counts = scrape(node)
        assert (counts.sum("kvnode_backups_total", outcome="complete"), counts.sum("kvnode_backups_total", outcome="failed")) == (1, 0), node.log[-1500:]
        assert len(folder.list()) == 1
    finally:
        cluster.stop()


def test_what_the_metrics_say(shared, folder):
    node = shared[0]
    values = fill(shared, "metrics", 100)
    before = scrape(node)
    began = time.time()
    report = folder.create(shared.nodes, "one")["node0"]
    now = scrape(node)
    assert now.sum("kvnode_backups_total", outcome="complete") == before.sum("kvnode_backups_total", outcome="complete") + 1
    assert began - 2 <= now["kvnode_backup_newest_timestamp_seconds"] <= time.time()
    assert now["kvnode_backup_rows"] == int(report["rows"]) and now["kvnode_backup_sent_bytes"] == int(report["sent_bytes"])
    (folder.path / "file").touch()
    Folder(folder.path / "file").try_to_create([node], "failing")
    after = scrape(node)
    assert after.sum("kvnode_backups_total", outcome="failed") == before.sum("kvnode_backups_total", outcome="failed") + 1
    assert after["kvnode_backup_newest_timestamp_seconds"] == now["kvnode_backup_newest_timestamp_seconds"]
    assert values


def test_the_newest_is_known_after_a_restart_whoever_had_it_made(start_cluster, folder):
    node, = start_cluster(["memory"], merged(QUICK, {"backup": {"to": folder.location}})).nodes
    folder.create([node], "one")
    told = scrape(node)["kvnode_backup_newest_timestamp_seconds"]
    assert told > 0
    assert node.terminate() == 0
    node.start()
    node.wait_ready()
    eventually(lambda: scrape(node)["kvnode_backup_newest_timestamp_seconds"] == told, "what was told before")


def test_settings_that_are_wrong(tmp_path):
    for name, value in {
        "DAILY_AT": "25:00", "TO": "/no/place", "BYTES_PER_SECOND": "-1", "BLOCK_BYTES": "1", "S3_ENCRYPTION": "rot13", "S3_ENDPOINT": "nonsense",
    }.items():
        ended = checked(tmp_path, {f"KVNODE_BACKUP_{name}": value})
        assert ended.returncode == 78 and f"backup.{name.lower()}" in ended.stderr, (name, ended)
    # A time without a place is a backup that never is made.
    ended = checked(tmp_path, {"KVNODE_BACKUP_DAILY_AT": "03:00"})
    assert ended.returncode == 78 and "backup.to" in ended.stderr, ended


def checked(tmp_path, variables: dict) -> subprocess.CompletedProcess:
    """What `kvnode config` says."""
    return subprocess.run(
        [BINARY, "config"], capture_output=True, text=True, timeout=30,
        env={**clean_environment(), "KVNODE_NODE_DATA_DIRECTORY": str(tmp_path / "data"), **variables})


# MARK: what is kept

def test_prune_keeps_the_newest_and_what_they_need(shared, folder, tmp_path, stubs):
    values = fill(shared, "kept", 200)
    for name in ("one", "two", "three", "four"):
        folder.create(shared.nodes, name)
        values |= fill(shared, "kept", 20, first=len(name) * 10)
    folder.create(shared.nodes, "five")
    assert folder.prune(5)["objects"] == 0
    folder.age(3 * DAY)
    before = folder.contents()
    dry = folder.prune(2, "--dry-run")
    assert dry["removed"] == ["one", "two", "three"] and dry["objects"] > 0 and dry["bytes"] > 0
    assert folder.contents() == before
    assert folder.prune(2) == dry
    after = folder.contents()
    assert len(before) - len(after) == dry["objects"] and after.items() <= before.items()
    assert [one["id"] for one in folder.list()] == ["four", "five"]
    for name in ("four", "five"):
        assert folder.verify(name)["nodes"] == 3
    assert folder.prune(2)["objects"] == 0
    target = Cluster(tmp_path / "target", ["memory"], stubs, QUICK)
    try:
        folder.restore(start_empty(target)[0], "five")
        assert_has(target[0], "kept", values)
    finally:
        target.stop()
    # The next shares what is left.
    packs = folder.objects("packs/")
    folder.create(shared.nodes, "six")
    assert folder.objects("packs/") == packs
    for arguments in (["--keep", "0"], ["--keep", "-1"], []):
        assert folder.run("prune", *arguments).returncode == USAGE


def test_prune_while_a_backup_is_made(start_cluster, folder):
    """What is young is left alone: it may be that of a backup under way."""
    cluster = start_cluster(["rocksdb", "lmdb", "leveldb"], merged(QUICK, pace(400_000)))
    fill(cluster, "b", 800)
    folder.create(cluster.nodes, "old")
    folder.age(3 * DAY)
    fill(cluster, "b", 100)
    creating = folder.begin(cluster.nodes, "new")
    eventually(lambda: all(is_at(node, "new", 2) for node in cluster.nodes), "some partitions")
    while creating.poll() is None:
        assert folder.prune(1)["removed"] == [] or folder.listed("new")["complete"]
    assert creating.returncode == 0, creating.communicate()
    creating.communicate()
    folder.prune(1)
    assert [one["id"] for one in folder.list()] == ["new"]
    assert folder.verify("new")["nodes"] == 3


def test_prune_and_what_never_came_to_its_end(shared, folder):
    fill(shared, "ended", 50)
    folder.create(shared.nodes, "whole")
    folder.try_to_create(shared.nodes[:1], "partial")
    for name in folder.objects("backups/partial/"):
        if name.endswith("/manifest"):
            (folder.path / name).unlink()
    (folder.path / "packs/p-0000").mkdir(exist_ok=True)
    (folder.path / "packs/p-0000" / ("ab" * 16)).write_bytes(b"sent for nothing")
    assert folder.prune(1)["objects"] == 0, "all of it is young"
    folder.age(2 * DAY)
    pruned = folder.prune(1)
    assert pruned["removed"] == ["partial"] and not (folder.path / "packs/p-0000" / ("ab" * 16)).exists()
    assert [one["id"] for one in folder.list()] == ["whole"] and folder.verify()["nodes"] == 3
    assert not (folder.path / "backups/partial").exists()


def test_prune_keeps_the_newest_part_of_each_node(shared, folder):
    folder.create(shared.nodes, "whole")
    folder.try_to_create(shared.nodes[:1], "partial")
    folder.age(3 * DAY)
    assert folder.prune(1)["removed"] == []
    assert {one["id"] for one in folder.list()} == {"whole", "partial"}
