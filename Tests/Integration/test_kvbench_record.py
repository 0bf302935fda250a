"""`kvbench record` of a running cluster, and `kvbench replay` of what it has found."""

import json
import pathlib
import random
import subprocess

import pytest

from support.cluster import BINARY, Cluster
from test_kvbench import KVBENCH

KEYS = 300
VALUE = b"v" * 200


def begin_recording(nodes, out: pathlib.Path, duration: str = "5s") -> subprocess.Popen:
    """Returns when each node has told what it was asked before."""
    endpoints = ",".join(f"127.0.0.1:{node.http_port}" for node in nodes)
    recording = subprocess.Popen(
        [KVBENCH, "record", "--endpoints", endpoints, "--duration", duration, "--out", out],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = recording.stderr.readline()
    if "recording" not in line:
        # The end of a recording that could not begin.
        recording.first_line = line
    return recording


def errors(recording: subprocess.Popen) -> str:
    _, said = recording.communicate(timeout=60)
    assert recording.returncode != 0
    return getattr(recording, "first_line", "") + said


def ask(nodes, turn: int, draw: random.Random) -> str | None:
    """One request: seven gets to two puts and a list, by Zipf's law with the exponent 1. Its key, if it is for one."""
    http = nodes[turn % len(nodes)].http
    (number,) = draw.choices(range(KEYS), weights=[1 / (rank + 1) for rank in range(KEYS)])
    key = f"key-{number:04}"
    kind = draw.random()
    if kind < 0.1:
        assert http.list("recorded", limit=20).status == 200
        return None
    if kind < 0.3:
        assert http.put("recorded", key, VALUE).is_stored
    else:
        assert http.get("recorded", key).status in (200, 404)
    return key


def test_a_recorded_workload_is_replayed(tmp_path, stubs):
    cluster = Cluster(
        tmp_path / "live", ["rocksdb", "leveldb", "lmdb"], stubs,
        {"requests": {"workload_sample_every": 1}, "buckets": {"conflict": "last-write-wins"}})
    out = tmp_path / "shape.json"
    try:
        cluster.start()
        recording = begin_recording(cluster.nodes, out)
        draw, asked, turn = random.Random(1), set(), 0
        while recording.poll() is None:
            asked.add(ask(cluster.nodes, turn, draw))
            turn += 1
        assert recording.returncode == 0, recording.stderr.read()
        assert "Zipf" in recording.stdout.read()
    finally:
        cluster.stop()

    shape = json.loads(out.read_text())
    operations = shape["operations"]
    total = sum(operations.values())
    assert shape["nodes"] == 3 and 4.5 <= shape["seconds"] <= 15
    # What came in the moments before the first sample or after the last is not in it.
    assert 0.8 * turn <= total <= turn
    assert operations["delete"] == operations["update"] == 0
    assert abs(operations["get"] / total - 0.7) < 0.06 and abs(operations["put"] / total - 0.2) < 0.06
    assert shape["valueBytes"] == [{"from": 128, "to": 255, "count": operations["put"], "mean": 200}]
    assert shape["listLimits"] == [{"from": 16, "to": 31, "count": operations["list"], "mean": 20}]
    assert [(sizes["from"], sizes["mean"]) for sizes in shape["keyBytes"]] == [(8, 8)]
    # And those of the time in which the cluster came up.
    assert 0.8 * len(asked) <= shape["keys"] <= 1.25 * (len(asked) + 12 * 3)
    assert abs(shape["popularity"]["exponent"] - 1) < 0.2
    assert 0 <= shape["notFound"] < 1

    replayed = subprocess.run(
        [KVBENCH, "replay", out, "--engines", "rocksdb,lmdb", "--records", "100", "--rate", "recorded",
         "--kvnode", BINARY, "--directory", tmp_path / "clusters", "--out", tmp_path / "report",
         "--threads", "6", "--rounds", "1", "--duration", "1s", "--warm-up", "0s"],
        capture_output=True, text=True, timeout=100)
    assert replayed.returncode == 0, replayed.stderr[-2000:]
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert report["shape"] == shape and "Recorded workload" in replayed.stdout
    assert report["options"]["records"] == 100 and report["options"]["valueSize"] == 200
    rate = total / shape["seconds"]
    assert abs(report["options"]["rate"] / rate - 1) < 0.01
    assert [(cell["engine"], cell["workload"]) for cell in report["cells"]] == [
        ("rocksdb", "recorded"), ("lmdb", "recorded")]
    for cell in report["cells"]:
        (one,) = cell["rounds"]
        assert one["errors"] == {} and set(one["kinds"]) == {"read", "update", "scan"}
        assert 0.7 * rate <= one["operations"] <= 1.1 * rate + 6
        # As large as those between 128 and 255 bytes can be about a mean of 200, with keys of 16.
        updates = one["kinds"]["update"]["count"]
        assert updates * (16 + 145) <= one["userBytesWritten"] <= updates * (16 + 255)


def test_what_cannot_be_recorded_is_said(tmp_path, stubs):
    cluster = Cluster(tmp_path / "live", ["memory"], stubs)
    (node,) = cluster.nodes
    out = tmp_path / "shape.json"
    try:
        cluster.start()
        assert "no client asked" in errors(begin_recording([node], out, "1s"))
        assert "is no time" in errors(begin_recording([node], out, "soon"))
        recording = begin_recording([node], out, "6s")
        node.kill()
        node.configure([node], {"requests": {"workload_sample_every": 0}})
        node.start()
        node.wait_ready()
        assert "does not watch requests" in errors(recording)
        node.kill()
        assert "Connection refused" in errors(begin_recording([node], out, "1s"))
    finally:
        cluster.stop()
    assert not out.exists()


@pytest.mark.parametrize("content, words, reason", [
    ("{}", [], "not written by kvbench record"),
    ('{"format": 7}', [], "has format 7"),
    (None, ["--workloads", "a"], "leave out --workloads"),
    (None, ["--value-size=7"], "leave out --value-size"),
    (None, ["--rate", "none"], "none"),
])
def test_what_cannot_be_replayed_is_said(tmp_path, content, words, reason):
    shape = {
        "format": 1, "begun": "2026-12-01T10:00:00Z", "nodes": 1, "seconds": 1, "notFound": 0, "keys": 1,
        "operations": {"get": 1, "put": 0, "delete": 0, "update": 0, "list": 0},
        "keyBytes": [], "valueBytes": [], "listLimits": [],
        "popularity": {"exponent": 0, "samples": 100, "coincidence": 1, "shares": [1]}}
    file = tmp_path / "shape.json"
    file.write_text(json.dumps(shape) if content is None else content)
    done = subprocess.run(
        [KVBENCH, "replay", file, "--kvnode", BINARY, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert reason in done.stderr
