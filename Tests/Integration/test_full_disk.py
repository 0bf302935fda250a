"""A disk that fills up refuses writes, serves reads, and serves writes again when it has space; nothing is lost."""

import os
import pathlib
import subprocess

import pytest

from support.cluster import Cluster

VALUE_SIZE = 300_000
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def grow(disk: pathlib.Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)


@pytest.mark.parametrize("engine", ["rocksdb", "leveldb", "lmdb"])
def test_full_disk(small_disk, tmp_path, stubs, engine):
    # The log of the process, which `support` keeps beside the data, is on another disk.
    cluster = Cluster(tmp_path / "nodes", [engine], stubs, {"node": {"data_directory": str(small_disk / "data")}})
    try:
        cluster.start()
        node, values, refusal = cluster[0], {}, None
        for index in range(400):
            value = os.urandom(VALUE_SIZE)
            stored = node.http.put("b", f"k{index}", value)
            if stored.status != 204:
                refusal = stored
                break
            values[f"k{index}"] = value
        assert values and refusal is not None and refusal.status == 507
        assert all(node.http.get("b", key).values == [value] for key, value in values.items())

        grow(small_disk)
        assert node.http.put("b", "after", b"space").is_stored
        node.kill()
        node.start()
        node.wait_ready()
        assert all(node.http.get("b", key).values == [value] for key, value in values.items())
        assert node.http.get("b", "after").values == [b"space"]
    finally:
        cluster.stop()
