"""Backups and the wrong key, the wrong place, no room: each is said in a line, and harms nothing."""

import contextlib
import os
import pathlib
import subprocess

import pytest

from support.backup import (
    DAMAGED, NOT_FOUND, QUICK, REFUSED, UNAVAILABLE, Archive, Folder, assert_has, fill, start_empty, status)
from support.backup_fixtures import SECRET, keys, plain, sealed, target  # noqa: F401
from support.cluster import Cluster, merged

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")


def failed(archive: Archive, nodes, words: str, id: str = "failing") -> None:
    """A `create` that fails, and says why."""
    ended = archive.try_to_create(nodes, id)
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0 and words in said and "failed" in said, ended
    assert sum(words in line for line in said.splitlines()) <= len(nodes), ended


# MARK: keys

def test_nothing_of_the_data_is_readable(sealed, keys):
    cluster, values, folder = sealed
    contents = folder.contents()
    samples = [SECRET, b"secret-bucket", b"secret-key-", *(value[:24] for key, value in list(values.items())[:50])]
    for name, content in contents.items():
        assert not any(sample in content for sample in samples), name
        assert not any(sample in name.encode() for sample in samples)
    key = bytes.fromhex(keys["good"].read_text().strip())
    assert not any(key in content or key.hex().encode() in content.lower() for content in contents.values())
    assert all(key.hex() not in node.log for node in cluster.nodes)


def test_only_the_right_key_opens(sealed, plain, target, keys):
    cluster, values, folder = sealed
    for name, words in {
        "other": "not that of the backups", "short": "32 bytes", "text": "hexadecimal", "empty": "hexadecimal",
        "missing": "can't be read",
    }.items():
        wrong = Archive(folder.location, {"KVNODE_BACKUP_KEY_FILE": str(keys[name])})
        for command in (["list"], ["verify", "one"], ["prune", "--keep", "1"]):
            wrong.refused(DAMAGED, words, *command)
        wrong.refuses_restore(DAMAGED, words, target, "one")
    without = Archive(folder.location)
    without.refused(DAMAGED, "encrypted", "list")
    without.refuses_restore(DAMAGED, "encrypted", target, "one")
    Archive(plain[2].location, folder.environment).refused(DAMAGED, "not encrypted", "verify")
    assert not target.http.list("secret-bucket").json()["keys"]

    # Nodes, as well.
    before = folder.contents()
    failed(without, plain[0].nodes, "encrypted")
    assert folder.contents() == before

    folder.restore(target, "one", "--key-file", keys["good"])
    assert_has(target, "secret-bucket", values)


def test_nodes_with_different_keys_make_no_backup_that_nobody_can_read(tmp_path, stubs, keys):
    """Whichever comes first to a new place: the others are refused, or it can be read by one key."""
    cluster = Cluster(tmp_path / "cluster", ["memory"] * 3, stubs, QUICK)
    for node, name in zip(cluster.nodes, ("good", "good", "other")):
        node.configure(cluster.nodes, merged(QUICK, {"backup": {"key_file": str(keys[name])}}))
    try:
        fill(start_empty(cluster), "b", 50)
        for turn in range(6):
            folder = Folder(tmp_path / f"archive{turn}", {"KVNODE_BACKUP_KEY_FILE": str(keys["good"])})
            ended = folder.try_to_create(cluster.nodes, "one")
            assert ended.returncode == DAMAGED or folder.run("verify", "one").returncode == 0, (turn, ended)
    finally:
        cluster.stop()


def test_encrypted_backups_share_blocks_too(sealed):
    cluster, values, folder = sealed
    packs = folder.objects("packs/")
    folder.create(cluster.nodes, "two")
    assert folder.objects("packs/") == packs
    assert folder.verify("two")["nodes"] == 3


def test_a_create_that_fails_ends_with_the_code_of_its_reason(plain, sealed, start_cluster, tmp_path):
    """As the help tells: 3 for the wrong key, 4 for a storage that refuses, 5 for what is in the way."""
    cluster, _, folder = plain
    (tmp_path / "file").touch()
    codes = {
        "wrong key": Archive(sealed[2].location).try_to_create(cluster.nodes, "x").returncode,
        "storage": Folder(tmp_path / "file").try_to_create(cluster.nodes, "x").returncode,
        "there already": folder.try_to_create(cluster.nodes, "one").returncode,
        "another cluster's": folder.try_to_create(
            start_cluster(["memory"], merged(QUICK, {"cluster": {"name": "another"}})).nodes, "x").returncode,
    }
    assert codes == {"wrong key": DAMAGED, "storage": UNAVAILABLE, "there already": REFUSED, "another cluster's": REFUSED}


def test_a_key_file_that_goes_is_said(start_cluster, tmp_path, keys):
    key = tmp_path / "key"
    key.write_text(keys["good"].read_text())
    cluster = start_cluster(["memory"], merged(QUICK, {"backup": {"key_file": str(key)}}))
    folder = Folder(tmp_path / "archive", {"KVNODE_BACKUP_KEY_FILE": str(key)})
    folder.create(cluster.nodes, "one")
    text = key.read_text()
    key.unlink()
    failed(folder, cluster.nodes, str(key), "two")
    key.write_text(keys["other"].read_text())
    failed(folder, cluster.nodes, "not that of the backups", "two")
    assert not (folder.path / "backups/two").exists()
    key.write_text(text)
    folder.create(cluster.nodes, "two")


# MARK: places

def test_a_folder_of_another_cluster(plain, start_cluster):
    _, values, folder = plain
    before = folder.contents()
    other = start_cluster(["memory"], merged(QUICK, {"cluster": {"name": "another"}}))
    failed(folder, other.nodes, 'cluster "integration"')
    fewer = start_cluster(["memory"], merged(QUICK, {"cluster": {"partitions": 32}}))
    failed(folder, fewer.nodes, "16 partitions")
    assert folder.contents() == before
    # To restore it there is fine: its partitions are nobody's business.
    fewer.stop()
    target = start_empty(fewer)[0]
    folder.restore(target, "one")
    assert_has(target, "b", values)


def test_a_file_where_the_folder_should_be(plain, tmp_path):
    cluster, values, _ = plain
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path / "file", tmp_path / "file/below"):
        folder = Folder(path)
        failed(folder, cluster.nodes, str(path))
        assert folder.run("list").returncode in (NOT_FOUND, UNAVAILABLE)
    assert (tmp_path / "file").read_text() == "not a folder"
    failed(Folder(pathlib.Path("/proc/backups")), cluster.nodes, "/proc/backups")
    for node in cluster.nodes:
        assert status(node)["state"] == "STATE_FAILED" and status(node)["reason"] == "storage"
    assert_has(cluster[0], "b", values)


@contextlib.contextmanager
def mounted(path: pathlib.Path, options: str):
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@as_root
def test_a_full_disk(plain, tmp_path, target):
    cluster, values, _ = plain
    with mounted(tmp_path / "disk", "size=120k") as disk:
        folder = Folder(disk / "archive")
        failed(folder, cluster.nodes, "No space left", "full")
        if folder.objects():
            listed = folder.run("list", "--json")
            assert '"complete" : true' not in listed.stdout, listed
            assert folder.try_to_restore(target, "full").returncode in (NOT_FOUND, REFUSED)
        assert_has(cluster[1], "b", values)
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        folder.create(cluster.nodes, "full")
        assert folder.verify("full")["nodes"] == 3
        folder.restore(target, "full")
        assert_has(target, "b", values)


@as_root
def test_a_disk_that_may_only_be_read(plain, tmp_path, target):
    cluster, values, _ = plain
    with mounted(tmp_path / "disk", "size=50m") as disk:
        folder = Folder(disk / "archive")
        folder.create(cluster.nodes, "one")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        failed(folder, cluster.nodes, "Read-only", "two")
        assert folder.listed("one")["complete"]
        assert folder.verify("one")["nodes"] == 3
        folder.restore(target, "one")
        assert_has(target, "b", values)
