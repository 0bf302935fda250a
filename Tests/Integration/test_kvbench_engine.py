"""`kvbench engine`: engines without a cluster, beside clusters of them, and what the report makes of both."""

import json
import pathlib
import statistics
import subprocess

import pytest

from support.cluster import BINARY, REPOSITORY

KVBENCH = REPOSITORY / "Benchmarks/kvbench/.build/debug/kvbench"
HOST = REPOSITORY / "Benchmarks/EngineHost/.build/debug/engine-host"
# Not skipped where they are missing: a benchmark that nobody runs is no benchmark.
assert KVBENCH.exists(), "swift build --build-tests --package-path Benchmarks/kvbench"
assert HOST.exists(), "swift build --build-tests --package-path Benchmarks/EngineHost"

SHORT = ["--records", "300", "--threads", "8", "--duration", "1s", "--warm-up", "0s"]


def kvbench(command: str, folder: pathlib.Path, *words: str, out: str = "report") -> subprocess.CompletedProcess:
    host = ["--engine-host", HOST] if command == "engine" else []
    return subprocess.run(
        [KVBENCH, command, "--kvnode", BINARY, *host, "--directory", folder / "runs", "--out", folder / out, *words],
        capture_output=True, text=True, timeout=300)


def report(folder: pathlib.Path, out: str = "report") -> dict:
    return json.loads((folder / out / "report.json").read_text())


def cpu(one: dict) -> float:
    """Of an operation, in microseconds."""
    return one["nodeCPUSeconds"] / one["operations"] * 1e6


def test_every_engine_alone(tmp_path):
    workloads = ["a", "d", "e", "f", "load", "delete-heavy", "large"]
    done = kvbench(
        "engine", tmp_path, "--alone", "--engines", "rocksdb,leveldb,lmdb,memory", "--workloads", ",".join(workloads),
        "--rounds", "1", *SHORT)
    assert done.returncode == 0, done.stderr[-2000:]
    told = report(tmp_path)
    assert told["cells"] == []
    assert told["alone"]["operationsInFlight"] == 8
    cells = told["alone"]["cells"]
    assert [(cell["workload"], cell["engine"]) for cell in cells] == [
        (workload, engine) for workload in workloads for engine in ["rocksdb", "leveldb", "lmdb", "memory"]]
    for cell in cells:
        (one,) = cell["rounds"]
        name = (cell["workload"], cell["engine"])
        assert one["operations"] > 50, name
        assert one["errors"] == {}, name
        assert one["operations"] == one["latency"]["count"] == sum(kind["count"] for kind in one["kinds"].values())
        assert one["nodeCPUSeconds"] > 0 and one["generatorCPUSeconds"] > 0 and one["memoryBytes"] > 3 << 20
        if set(one["kinds"]) & {"update", "insert", "modify"}:
            assert one["userBytesWritten"] > 0
            if cell["engine"] != "memory":
                # Its row has a key's bucket and a value's versions besides; it is in the log or in pages.
                assert one["diskBytesWritten"] > one["userBytesWritten"], name
    assert "## Workload a, buffered, without a cluster" in done.stdout
    assert "What replication costs" not in done.stdout
    assert not any((tmp_path / "runs").iterdir())


def test_an_engine_beside_the_cluster_of_it(tmp_path):
    done = kvbench(
        "engine", tmp_path, "--engines", "rocksdb,lmdb", "--durability", "synced", "--workloads", "a,c", "--rounds",
        "3", *SHORT)
    assert done.returncode == 0, done.stderr[-2000:]
    told = report(tmp_path)
    names = [(workload, engine) for workload in "ac" for engine in ["rocksdb", "lmdb"]]
    for cells in [told["cells"], told["alone"]["cells"]]:
        assert [(cell["workload"], cell["engine"]) for cell in cells] == names
        assert all(len(cell["rounds"]) == 3 for cell in cells)
        assert all(one["errors"] == {} for cell in cells for one in cell["rounds"])
    for alone, cluster in zip(told["alone"]["cells"], told["cells"]):
        for one, beside in zip(alone["rounds"], cluster["rounds"]):
            assert cpu(one) < cpu(beside)
            if alone["workload"] == "a":
                assert one["syncs"] > 0 and beside["syncs"] > 0
    # The report's line of the first cell, computed anew.
    shares = [cpu(beside) - 3 * cpu(one) for one, beside in zip(
        told["alone"]["cells"][0]["rounds"], told["cells"][0]["rounds"])]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("| a, synced, rocksdb |")]
    share = line.split("|")[5].strip().split(" ")[0].replace(",", "").replace("−", "-")
    assert float(share) == pytest.approx(statistics.median(shares), rel=0.01, abs=1)
    assert "<h2>What replication costs</h2>" in (tmp_path / "report/report.html").read_text()


def test_beside_an_earlier_report(tmp_path):
    words = ["--engines", "leveldb", "--workloads", "b", "--rounds", "1", *SHORT]
    earlier = kvbench("compare", tmp_path, *words, out="earlier")
    assert earlier.returncode == 0, earlier.stderr[-2000:]
    file = str(tmp_path / "earlier/report.json")
    done = kvbench("engine", tmp_path, "--beside", file, *words)
    assert done.returncode == 0, done.stderr[-2000:]
    told = report(tmp_path)
    assert told["cells"] == report(tmp_path, "earlier")["cells"]
    assert told["alone"]["clustersBegun"] == report(tmp_path, "earlier")["begun"]
    assert "| b, buffered, leveldb |" in done.stdout
    assert "there are no pairs to make intervals of" in done.stdout

    for other, reason in [
        (["--records", "301"], "with other records: 300, not 301"),
        (["--threads", "9"], "with other connections: 8, not 9"),
        (["--engines", "lmdb"], "has no figures of lmdb, buffered, under workload b"),
        (["--alone"], "--alone has nothing beside it"),
    ]:
        refused = kvbench("engine", tmp_path, "--beside", file, *words, *other)
        assert refused.returncode != 0
        assert reason in refused.stderr


@pytest.mark.parametrize("words, reason", [
    (["--workloads", "kill"], "kill does something to a cluster's nodes"),
    (["--workloads", "conflict"], "conflict keeps siblings"),
    (["--engine-host", "/nowhere/engine-host"], "there is no engine-host at /nowhere/engine-host"),
    (["--engines", "oracle", "--alone"], 'oracle alone, buffered: there is no engine "oracle"'),
])
def test_what_cannot_be_done_is_said(tmp_path, words, reason):
    done = kvbench("engine", tmp_path, *words)
    assert done.returncode != 0
    assert reason in done.stderr


def test_a_host_that_is_given_no_order(tmp_path):
    """It answers what it cannot do, goes on, and ends with its input."""
    host = subprocess.run(
        [HOST, "--engine", "lmdb", "--directory", tmp_path / "data"], input='{"workload": 1}\nnothing\n',
        capture_output=True, text=True, timeout=60)
    assert host.returncode == 0, host.stderr
    answers = [json.loads(line) for line in host.stdout.splitlines()]
    assert answers[0] == {"ready": {}}
    assert [list(answer) for answer in answers[1:]] == [["failed"], ["failed"]]
