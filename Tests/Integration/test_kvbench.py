"""`kvbench compare` on real nodes: every workload is done, and what the report says adds up."""

import json
import pathlib
import subprocess

import pytest

from support.cluster import BINARY, REPOSITORY

KVBENCH = REPOSITORY / "Benchmarks/kvbench/.build/debug/kvbench"
# Not skipped where it is missing: a benchmark that nobody runs is no benchmark.
assert KVBENCH.exists(), "swift build --build-tests --package-path Benchmarks/kvbench"


def compare(folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [KVBENCH, "compare", "--kvnode", BINARY, "--directory", folder / "clusters", "--out", folder / "report", *words],
        capture_output=True, text=True, timeout=300)


def report(folder: pathlib.Path) -> dict:
    return json.loads((folder / "report/report.json").read_text())


@pytest.mark.parametrize("driver", ["resp", "http", "session", "unary"])
def test_each_protocol(tmp_path, driver):
    workloads = {
        "resp": "a,d,f,conflict,delete-heavy,large,load",
        "http": "a,e,conflict,delete-heavy",
        "session": "b,list,conflict,large",
        "unary": "c,write-heavy",
    }[driver]
    done = compare(
        tmp_path, "--driver", driver, "--engines", "lmdb", "--workloads", workloads, "--records", "300",
        "--threads", "8", "--rounds", "1", "--duration", "1s", "--warm-up", "0s")
    assert done.returncode == 0, done.stderr[-2000:]
    cells = report(tmp_path)["cells"]
    assert [cell["workload"] for cell in cells] == workloads.split(",")
    for cell in cells:
        (one,) = cell["rounds"]
        assert one["operations"] > 50, cell["workload"]
        assert one["errors"] == {}, cell["workload"]
        assert one["operations"] == one["latency"]["count"] == sum(kind["count"] for kind in one["kinds"].values())
        assert sum(second["operations"] for second in one["timeline"]) <= one["operations"]
        assert one["nodeCPUSeconds"] > 0 and one["memoryBytes"] > 3 << 20
        writes = set(one["kinds"]) & {"update", "insert", "modify"}
        assert (one["userBytesWritten"] > 0) == bool(writes)
        if writes:
            # Three replicas store what was written, with their log or their pages.
            assert one["diskBytesWritten"] > 3 * one["userBytesWritten"]
    assert not any((tmp_path / "clusters").iterdir())


def test_engines_with_a_fault_and_a_baseline(tmp_path):
    words = [
        "--engines", "rocksdb,leveldb", "--durability", "synced", "--workloads", "kill,wipe", "--records", "300",
        "--threads", "6", "--rounds", "1", "--duration", "3s", "--warm-up", "0s", "--rate", "200"]
    done = compare(tmp_path, *words)
    assert done.returncode == 0, done.stderr[-2000:]
    cells = report(tmp_path)["cells"]
    assert [(cell["workload"], cell["engine"]) for cell in cells] == [
        ("kill", "rocksdb"), ("kill", "leveldb"), ("wipe", "rocksdb"), ("wipe", "leveldb")]
    for cell in cells:
        (one,) = cell["rounds"]
        assert [event["name"] for event in one["events"]] == (
            ["a node is killed", "it is back"] if cell["workload"] == "kill" else ["a node has lost its disk"])
        # Two connections go to the node that dies; the rest goes on, at the rate that was asked for.
        assert sum(one["errors"].values()) <= 2 and set(one["errors"]) <= {"the connection broke"}
        assert 500 <= one["operations"] <= 600
        assert one["syncs"] > 0
    assert "<svg" in (tmp_path / "report/report.html").read_text()
    assert "# Storage engines compared" in done.stdout

    again = compare(tmp_path, *words, "--baseline", str(tmp_path / "report/report.json"))
    assert again.returncode == 0, again.stderr[-2000:]
    assert "baseline" in again.stdout.lower()


@pytest.mark.parametrize("words, reason", [
    (["--workloads", "z"], 'there is no workload "z"'),
    (["--durability", "eventual"], "buffered or synced"),
    (["--r", "4"], "at most n"),
    (["--duration", "soon"], "is no time"),
    (["--engines", "oracle", "--records", "10"], "oracle"),
])
def test_what_cannot_be_done_is_said(tmp_path, words, reason):
    done = compare(tmp_path, *words)
    assert done.returncode != 0
    assert reason in done.stderr


def test_a_baseline_that_is_none(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    done = compare(tmp_path, "--baseline", str(tmp_path / "other.json"))
    assert done.returncode != 0 and "other.json" in done.stderr
