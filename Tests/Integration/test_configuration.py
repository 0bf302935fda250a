"""What `kvnode serve` and `kvnode config` say of a configuration; starts that must be refused."""

import json
import subprocess

import pytest

from support.cluster import BINARY, clean_environment
from support.waiting import eventually

NOT_VALID, FAILED = 78, 1


def run(*arguments, environment: dict | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BINARY, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        env=clean_environment() | (environment or {}))


# What is wrong, and what the message must hold: the key, and what would be right.
BAD = {
    "a misspelt key": ("engien:\n  type: lmdb\n", ["engien", "engine.type"]),
    "a misspelt key in a group": ("engine:\n  typ: lmdb\n", ["engine.typ", "engine.type"]),
    "an unknown engine": ("engine:\n  type: rocksbd\n", ["engine.type", "rocksbd", "rocksdb", "leveldb", "lmdb"]),
    "a number out of range": ("requests:\n  timeout_ms: 0\n", ["requests.timeout_ms", "1 to 3600000"]),
    "a number that is none": ("cluster:\n  replication: many\n", ["cluster.replication", "many"]),
    "partitions that are no power of two": ("cluster:\n  partitions: 100\n", ["cluster.partitions", "power of two"]),
    "an address without a port": ("http:\n  listen: localhost\n", ["http.listen", "host:port"]),
    "a member without an address": ("cluster:\n  members: [\"node0\"]\n", ["cluster.members", "name@host:port"]),
    "an engine option out of range": ("engine:\n  lmdb:\n    map_size_bytes: 1\n", ["engine.lmdb.map_size_bytes"]),
    "no YAML": ("engine: [\n", ["node.yaml"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_name_and_range(tmp_path, name):
    text, expected = BAD[name]
    path = tmp_path / "node.yaml"
    path.write_text(text)
    for command in ("serve", "config"):
        ended = run(command, "--config", path)
        assert ended.returncode == NOT_VALID, ended
        missing = [word for word in expected if word not in ended.stderr]
        assert not missing, f"{missing} not in:\n{ended.stderr}"


def test_all_problems_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "node.yaml"
    path.write_text("cluster:\n  replication: 0\nrequests:\n  hedge_ms: -1\n")
    ended = run("serve", "--config", path)
    assert ended.returncode == NOT_VALID
    assert "cluster.replication" in ended.stderr and "requests.hedge_ms" in ended.stderr


def test_a_missing_file_is_named(tmp_path):
    ended = run("serve", "--config", tmp_path / "nowhere.yaml")
    assert ended.returncode == NOT_VALID and "nowhere.yaml" in ended.stderr


def test_config_prints_values_with_their_source(tmp_path):
    path = tmp_path / "node.yaml"
    path.write_text("node:\n  name: \"fritz\"\nengine:\n  type: leveldb\n")
    variables = {"KVNODE_ENGINE_TYPE": "lmdb"}
    ended = run("config", "--config", path, "--json", environment=variables)
    assert ended.returncode == 0, ended.stderr
    values = json.loads(ended.stdout)
    assert (values["engine.type"]["value"], values["engine.type"]["source"]) == ("lmdb", "env")
    assert "KVNODE_ENGINE_TYPE" in values["engine.type"]["from"]
    assert (values["node.name"]["value"], values["node.name"]["source"]) == ("fritz", "file")
    assert "node.yaml" in values["node.name"]["from"]
    assert (values["cluster.partitions"]["value"], values["cluster.partitions"]["source"]) == (256, "default")

    # What it prints without --json is a configuration file that gives the same values.
    printed = tmp_path / "printed.yaml"
    printed.write_text(run("config", "--config", path, environment=variables).stdout)
    again = json.loads(run("config", "--config", printed, "--json").stdout)
    assert {key: one["value"] for key, one in again.items()} == {key: one["value"] for key, one in values.items()}


def test_an_unknown_variable_is_an_error():
    ended = run("config", environment={"KVNODE_ENGINE_TIPE": "lmdb"})
    assert ended.returncode == NOT_VALID
    assert "KVNODE_ENGINE_TIPE" in ended.stderr and "KVNODE_ENGINE_TYPE" in ended.stderr


def refused_start(node, changes: dict, cluster, *expected: str) -> None:
    """The node, with `changes` to its configuration, ends by itself and says why."""
    node.configure(cluster.nodes, changes)
    ended = run("serve", "--config", node.configuration_path)
    assert ended.returncode in (FAILED, NOT_VALID), ended
    for word in expected:
        assert word in ended.stdout + ended.stderr, ended


def test_data_of_another_engine_cluster_or_layout_is_refused(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    cluster[0].http.put("b", "k", b"v", w=3)
    assert [node.terminate() for node in cluster.nodes] == [0, 0, 0]
    rocks, level, lmdb = cluster.nodes
    for node, others in ((rocks, ("leveldb", "lmdb")), (level, ("rocksdb", "lmdb")), (lmdb, ("rocksdb", "leveldb"))):
        for engine in others:
            refused_start(node, {"engine": {"type": engine}}, cluster, engine, node.engine)
    refused_start(rocks, {"cluster": {"name": "other"}}, cluster, "other", "integration")
    refused_start(level, {"cluster": {"partitions": 128}}, cluster, "cluster.partitions")
    refused_start(lmdb, {"node": {"name": "stranger"}}, cluster, "stranger")
    # None of these attempts harmed the data.
    for node in cluster.nodes:
        node.configure(cluster.nodes, {})
    cluster.start()
    assert [node.http.get("b", "k", r=1).values for node in cluster.nodes] == [[b"v"]] * 3


def test_data_of_a_newer_release_is_refused(start_cluster):
    cluster = start_cluster(["rocksdb"])
    node = cluster[0]
    assert node.terminate() == 0
    marker = node.directory / "data" / "ENGINE"
    text = marker.read_text()
    marker.write_text(text.replace("kvnode data 1", "kvnode data 9"))
    refused_start(node, {}, cluster, "format that this release does not know", "kvnode data 9")
    # In place: another file would be another directory's.
    marker.write_text(text)
    node.start()
    node.wait_ready()


def test_a_second_process_on_the_same_directory_is_refused(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    for node in cluster.nodes:
        ended = run("serve", "--config", node.configuration_path, environment={
            "KVNODE_GRPC_LISTEN": "127.0.0.1:0", "KVNODE_HTTP_LISTEN": "127.0.0.1:0"})
        assert ended.returncode == FAILED, ended
        assert "locked" in ended.stdout + ended.stderr, ended
    assert cluster[0].http.put("b", "k", b"v", w=3).is_stored


def test_a_port_in_use_is_told(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    cluster[2].terminate()
    changes = {"http": {"listen": f"127.0.0.1:{cluster[0].http_port}"}}
    refused_start(cluster[2], changes, cluster, str(cluster[0].http_port))


def test_a_peer_of_another_cluster_is_refused_and_said(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    stranger = cluster[2]
    stranger.terminate()
    stranger.configure(cluster.nodes, {
        "cluster": {"name": "other"}, "node": {"data_directory": str(stranger.directory / "other-data")}})
    stranger.start()
    eventually(
        lambda: any("other" in line and "integration" in line for line in cluster[0].log.splitlines()),
        "a line of node0's log that names both clusters")
    assert cluster[0].http.put("b", "k", b"v", w=2).is_stored
    assert cluster[0].http.put("b", "k", b"v", w=3, timeout="1s").status in (503, 504)
