"""Archives that are damaged, cut, or lack something: it is found, said in a line, and is in no other backup's way."""

import random
import re

import pytest

from support.backup import DAMAGED, NOT_FOUND, REFUSED, UNAVAILABLE, Folder, assert_has, refusal
from support.backup_fixtures import keys, plain, sealed, target  # noqa: F401

KINDS = {
    "archive": r"archive\.json", "manifest": r"backups/.*/manifest", "reference": r"backups/.*/p-[0-9a-f]{4}", "index": r"indexes/p-.*",
    "pack": r"packs/p-.*",
}


def names_of(folder: Folder, kind: str, backup: str = "one") -> list[str]:
    return sorted(
        name for name in folder.objects()
        if re.fullmatch(KINDS[kind], name) and (not name.startswith("backups/") or name.startswith(f"backups/{backup}/")))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "sealed"])
def test_a_flipped_bit_is_found(plain, sealed, target, kind, encrypted):
    cluster, values, folder = sealed if encrypted else plain
    names = names_of(folder, kind)
    chance = random.Random(kind)
    bucket = "secret-bucket" if encrypted else "b"
    for place in (0, 0.3, 0.99):
        name = chance.choice(names)
        before = folder.flip(name, place)
        try:
            ended = folder.run("verify", "one")
            # A letter of the archive's description may not matter, nor what a node is at by its manifest; then all is there.
            if kind in ("archive", "reference") and ended.returncode == 0:
                folder.restore(target, "one", "--merge")
                assert_has(target, bucket, values)
                continue
            said = refusal(ended, DAMAGED, "")
            assert name.split("/")[-1] in said or kind == "archive", said
            restored = folder.try_to_restore(target, "one", "--merge")
            if kind == "pack" and restored.returncode == 0:
                # Another replica has sent the same blocks, too.
                assert_has(target, bucket, values)
            else:
                refusal(restored, DAMAGED, "")
        finally:
            (folder.path / name).write_bytes(before)
    assert folder.verify("one")["nodes"] == 3
    assert_has(cluster[0], bucket, values)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_object_is_named(plain, target, kind):
    cluster, values, folder = plain
    name = names_of(folder, kind)[-1]
    away = folder.path / name
    before = away.read_bytes()
    away.unlink()
    try:
        if kind == "archive":
            for command in ("list", "verify"):
                folder.refused(NOT_FOUND, "holds no backups", command)
            folder.refuses_restore(NOT_FOUND, "holds no backups", target, "one")
        elif kind == "reference":
            # The manifest says it, too.
            folder.restore(target, "one")
            assert_has(target, "b", values)
        elif kind == "manifest":
            node = name.split("/")[2]
            assert not folder.listed("one")["complete"] and folder.listed("one")["begun"] == [node]
            folder.refused(REFUSED, f"lacks {node}", "verify", "one")
            folder.refuses_restore(REFUSED, f"lacks {node}", target, "one")
        else:
            # The backup is there, and is damaged: 2 is for one that is not.
            folder.refused(DAMAGED, name, "verify", "one")
            restored = folder.try_to_restore(target, "one", "--merge")
            if kind == "pack" and restored.returncode == 0:
                assert_has(target, "b", values)
            else:
                refusal(restored, DAMAGED, name)
    finally:
        away.write_bytes(before)


def test_a_cut_object_is_found(plain, target):
    _, _, folder = plain
    for kind in ("pack", "index", "manifest", "archive"):
        name = names_of(folder, kind)[0]
        before = (folder.path / name).read_bytes()
        for size in (0, 1, len(before) // 2, len(before) - 1):
            (folder.path / name).write_bytes(before[:size])
            try:
                ended = folder.run("verify", "one")
                if kind == "archive" and size == len(before) - 1:
                    assert ended.returncode == 0, "a new line is not missed"
                else:
                    refusal(ended, DAMAGED, "")
            finally:
                (folder.path / name).write_bytes(before)


@pytest.mark.parametrize("spoilt", ["manifest", "index"])
def test_an_old_backup_that_is_damaged_is_in_nobodys_way(plain, target, tmp_path, spoilt):
    """New ones can be made, and listed, verified and restored by name."""
    cluster, values, _ = plain
    folder = Folder(tmp_path / "archive")
    folder.create(cluster.nodes, "old")
    folder.flip(f"backups/old/node0/{spoilt}" if spoilt != "index" else names_of(folder, "index")[0])
    refusal(folder.run("verify", "old"), DAMAGED, "")
    folder.create(cluster.nodes, "new")
    assert folder.verify("new")["nodes"] == 3
    folder.restore(target, "new")
    assert_has(target, "b", values)
    listed = folder.run("list")
    assert "new" in listed.stdout and "old" in listed.stdout + listed.stderr, listed


def test_what_is_lost_of_an_old_backup_is_sent_again(plain, target, tmp_path):
    """A block that is no longer there is none that need not be sent."""
    cluster, values, _ = plain
    folder = Folder(tmp_path / "archive")
    folder.create(cluster.nodes, "old")
    for name in list(folder.objects("packs/"))[:3]:
        (folder.path / name).unlink()
    folder.create(cluster.nodes, "new")
    assert folder.verify("new")["nodes"] == 3
    folder.restore(target, "new")
    assert_has(target, "b", values)


def test_what_others_put_there_is_nobodys_business(plain, target, tmp_path):
    cluster, values, _ = plain
    folder = Folder(tmp_path / "archive")
    folder.create(cluster.nodes, "one")
    for name in ("README.txt", "backups/notes.txt", "backups/one/lost", "packs/p-0000/readme", "backups/.hidden/x/manifest"):
        (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / name).write_text("somebody's")
    folder.age(3 * 86_400)
    assert [one["id"] for one in folder.list()] == ["one"]
    folder.create(cluster.nodes, "two")
    assert folder.prune(1)["removed"] == ["one"]
    assert folder.verify()["nodes"] == 3
    assert (folder.path / "README.txt").exists() and (folder.path / "backups/notes.txt").exists()


def test_verify_with_each_engine(plain):
    cluster, _, folder = plain
    found = {engine: folder.verify("one", "--engine", engine) for engine in ("rocksdb", "leveldb", "lmdb", "memory")}
    assert all(one == found["memory"] and one["nodes"] == 3 and one["partitions"] == 48 for one in found.values())
    ended = folder.run("verify", "one", "--engine", "rocksbd")
    assert ended.returncode == 64 and "did you mean" in ended.stderr, ended


def test_verify_leaves_nothing_behind(plain, tmp_path):
    _, _, folder = plain
    scratch = tmp_path / "scratch"
    folder.done("verify", "one", "--scratch", scratch)
    name = sorted(folder.objects("packs/"))[0]
    before = folder.flip(name)
    refusal(folder.run("verify", "one", "--scratch", scratch), DAMAGED, name)
    (folder.path / name).write_bytes(before)
    assert list(scratch.iterdir()) == []
    (tmp_path / "file").touch()
    ended = folder.run("verify", "one", "--scratch", tmp_path / "file")
    assert ended.returncode in (1, UNAVAILABLE) and str(tmp_path / "file") in ended.stderr, ended
