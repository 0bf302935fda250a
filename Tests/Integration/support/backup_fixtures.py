"""Clusters, places and keys that tests of backups share; imported by the files that use them."""

import contextlib
import os
import pathlib

import pytest

from .backup import QUICK, Archive, Folder, fill, put_all, start_empty
from .cluster import Cluster, Node, merged

SECRET = b"nobody reads this without the key"


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, pathlib.Path]:
    """Files with keys: two that are good, and others that are none."""
    folder = tmp_path_factory.mktemp("keys")
    texts = {"good": os.urandom(32).hex() + "\n", "other": os.urandom(32).hex(), "short": "abcd\n", "text": "not a key\n", "empty": ""}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in [*texts, "missing"]}


@pytest.fixture(scope="module")
def plain(tmp_path_factory, stubs):
    """A cluster that encrypts nothing, what is in it, and a backup of it."""
    with one_cluster(tmp_path_factory.mktemp("plain"), stubs, QUICK) as cluster:
        values = fill(cluster, "b", 200)
        folder = Folder(tmp_path_factory.mktemp("plain-kept") / "archive")
        folder.create(cluster.nodes, "one")
        yield cluster, values, folder


@pytest.fixture(scope="module")
def sealed(tmp_path_factory, stubs, keys):
    """One that encrypts."""
    with one_cluster(
        tmp_path_factory.mktemp("sealed"), stubs, merged(QUICK, {"backup": {"key_file": str(keys["good"])}})
    ) as cluster:
        values = fill(cluster, "secret-bucket", 200)
        values |= {f"secret-key-{index}": SECRET * 50 for index in range(20)}
        put_all(cluster, "secret-bucket", {key: value for key, value in values.items() if key.startswith("secret")})
        folder = Folder(
            tmp_path_factory.mktemp("sealed-kept") / "archive", {"KVNODE_BACKUP_KEY_FILE": str(keys["good"])})
        folder.create(cluster.nodes, "one")
        yield cluster, values, folder


@contextlib.contextmanager
def one_cluster(directory: pathlib.Path, stubs, changes: dict):
    cluster = Cluster(directory, ["rocksdb", "lmdb", "memory"], stubs, changes)
    try:
        yield start_empty(cluster)
    finally:
        cluster.stop()


@pytest.fixture
def target(tmp_path, stubs):
    cluster = Cluster(tmp_path / "target", ["memory"], stubs, QUICK)
    try:
        yield start_empty(cluster)[0]
    finally:
        cluster.stop()


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "archive")


@pytest.fixture
def start_single(tmp_path, stubs):
    """Starts empty clusters of one node."""
    started = []

    def start() -> Node:
        started.append(Cluster(tmp_path / f"single{len(started)}", ["memory"], stubs, QUICK))
        return start_empty(started[-1])[0]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def restored(start_single):
    """Gives a node that a backup has been restored to."""
    def restore(archive: Archive, *arguments) -> Node:
        node = start_single()
        archive.restore(node, *arguments)
        return node

    return restore
