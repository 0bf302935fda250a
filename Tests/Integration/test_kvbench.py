"""`kvbench compare` on real nodes: every workload is done, and what the report says adds up."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from support.cluster import BINARY, REPOSITORY, Cluster
from support.ports import free_port
from support.traces import HTTPReceiver
from support.waiting import eventually

KVBENCH = REPOSITORY / "Benchmarks/kvbench/.build/debug/kvbench"
# Not skipped where it is missing: a benchmark that nobody runs is no benchmark.
assert KVBENCH.exists(), "swift build --build-tests --package-path Benchmarks/kvbench"


def command(folder: pathlib.Path, *words: str) -> list:
    return [KVBENCH, "compare", "--kvnode", BINARY, "--directory", folder / "clusters", "--out", folder / "report", *words]


def compare(folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(command(folder, *words), capture_output=True, text=True, timeout=300)


def running(folder: pathlib.Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(command(folder, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def nodes_below(folder: pathlib.Path) -> list[int]:
    """Processes of nodes whose files are there."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue  # it has ended
        if b"serve" in words and bytes(folder) in words:
            found.append(int(path.parent.name))
    return found


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
        assert one["operations"] > 10, cell["workload"]
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


def test_a_node_joins_and_is_taken_out_again(tmp_path):
    done = compare(
        tmp_path, "--engines", "lmdb", "--workloads", "join,steady", "--records", "300", "--threads", "6", "--rounds", "2",
        "--duration", "6s", "--warm-up", "0s", "--rate", "200")
    assert done.returncode == 0, done.stderr[-2000:]
    join, steady = report(tmp_path)["cells"]
    for one in join["rounds"]:
        (event,) = one["events"]
        assert event["name"] == "a node joins"
        assert 2 <= event["second"] < 3 and event["second"] < event["until"] < 60
        # Clients notice nothing but time, and four processes have used the CPU.
        assert one["errors"] == {}
        assert 1000 <= one["operations"] <= 1200
        assert one["nodeCPUSeconds"] > 0
    # A node more is more memory; it is gone afterwards.
    assert all(one["events"] == [] and one["errors"] == {} for one in steady["rounds"])
    assert steady["rounds"][-1]["memoryBytes"] < join["rounds"][0]["memoryBytes"]
    assert "Time until the change is complete, s" in done.stdout
    assert "lmdb, while a node joins: " in done.stdout
    assert "complete after" in (tmp_path / "report/report.html").read_text()
    assert not any((tmp_path / "clusters").iterdir())


def test_what_is_deleted_is_not_held(tmp_path):
    done = compare(
        tmp_path, "--engines", "lmdb", "--workloads", "delete-heavy", "--records", "500", "--threads", "4", "--rounds", "1",
        "--duration", "2s", "--warm-up", "0s", "--rate", "500")
    assert done.returncode == 0, done.stderr[-2000:]
    (one,) = report(tmp_path)["cells"][0]["rounds"]
    inserted, deleted = one["kinds"]["insert"]["count"], one["kinds"]["delete"]["count"]
    record = 16 + 128
    # Some deletes meet a record that is gone.
    assert (500 + inserted - deleted) * record <= one["userBytesHeld"] < (500 + inserted) * record


def test_a_node_that_ends_while_the_cluster_starts(tmp_path):
    broken = tmp_path / "kvnode"
    broken.write_text(
        f'#!/bin/sh\ncase "$*" in serve*/node2/*) echo it is broken; exit 3;; esac\nexec "{BINARY}" "$@"\n')
    broken.chmod(0o755)
    begun = time.monotonic()
    done = compare(tmp_path, "--kvnode", str(broken), "--engines", "lmdb", "--workloads", "a", "--records", "10")
    assert done.returncode == 1
    assert "node2 ended:\nit is broken" in done.stderr
    assert time.monotonic() - begun < 30
    assert not any((tmp_path / "clusters").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_measured_and_leaves_no_node(tmp_path, number):
    process = running(
        tmp_path, "--engines", "lmdb", "--workloads", "a", "--records", "100", "--threads", "4", "--rounds", "100",
        "--duration", "1s", "--warm-up", "0s")
    eventually((tmp_path / "report/report.json").exists, "the first round", 60)
    assert report(tmp_path)["partial"] == "something was still to come"
    assert len(nodes_below(tmp_path)) == 3
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors[-2000:]
    said = "interrupted by ^C" if number == signal.SIGINT else "interrupted by signal 15"
    assert report(tmp_path)["partial"] == said
    assert 1 <= len(report(tmp_path)["cells"][0]["rounds"]) < 100
    assert f"**Partial: it ended before all was measured, {said}.**" in output.replace("\\", "")
    assert "Partial: " in (tmp_path / "report/report.html").read_text()
    assert nodes_below(tmp_path) == []
    # The user's directory stays.
    assert (tmp_path / "clusters").is_dir() and not any((tmp_path / "clusters").iterdir())


def test_a_second_signal_ends_at_once(tmp_path):
    process = running(
        tmp_path, "--engines", "lmdb", "--workloads", "a", "--records", "100", "--threads", "6", "--rounds", "100",
        "--duration", "1s", "--warm-up", "0s")
    eventually((tmp_path / "report/report.json").exists, "the first round", 60)
    # Their replies would be waited for.
    stopped = nodes_below(tmp_path)
    for node in stopped:
        os.kill(node, signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    said = ""
    while "once more ends it at once" not in said:
        said = process.stderr.readline()
        assert said, "it has ended"
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert time.monotonic() - begun < 10
    eventually(lambda: nodes_below(tmp_path) == [], "the end of the nodes")


def test_a_node_that_dies_costs_nothing_that_was_measured(tmp_path):
    process = running(
        tmp_path, "--engines", "lmdb", "--workloads", "a", "--records", "100", "--threads", "6", "--rounds", "100",
        "--duration", "1s", "--warm-up", "0s")
    eventually((tmp_path / "report/report.json").exists, "the first round", 60)
    os.kill(nodes_below(tmp_path / "clusters")[0], signal.SIGKILL)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"lmdb, buffered: node\d has ended:\n", errors)
    assert re.fullmatch(r"lmdb, buffered: node\d has ended", report(tmp_path)["partial"])
    assert "Partial: it ended before all was measured" in output
    assert nodes_below(tmp_path) == []


def test_its_own_directory_goes_with_it(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [KVBENCH, "compare", "--kvnode", BINARY, "--out", tmp_path / "report", "--engines", "memory", "--workloads", "c",
         "--records", "10", "--threads", "2", "--rounds", "1", "--duration", "1s", "--warm-up", "0s"],
        capture_output=True, text=True, timeout=100, env={**os.environ, "TMPDIR": str(temporary)})
    assert done.returncode == 0, done.stderr[-2000:]
    assert "partial" not in report(tmp_path)
    assert not any(temporary.iterdir())


def endpoints(name: str, cluster: Cluster, driver: str) -> list[str]:
    ports = [{"resp": node.resp_port, "http": node.http_port}.get(driver, node.grpc_port) for node in cluster.nodes]
    words = ["--endpoints", f"{name}=" + ",".join(f"127.0.0.1:{port}" for port in ports)]
    if driver != "http":
        words += ["--http", f"{name}=127.0.0.1:{cluster[0].http_port}"]
    return words


@pytest.mark.parametrize("driver", ["resp", "http", "session"])
def test_clusters_that_are_running(tmp_path, start_cluster, driver):
    clusters = [start_cluster([engine] * 3) for engine in ("rocksdb", "lmdb")]
    words = [word for name, cluster in zip(("rocks", "lmdb"), clusters) for word in endpoints(name, cluster, driver)]
    done = compare(
        tmp_path, "--kvnode", "/nowhere", *words, "--driver", driver, "--durability", "synced",
        "--workloads", "a,delete-heavy,load", "--records", "300", "--threads", "6", "--rounds", "2", "--duration", "1s",
        "--warm-up", "0s")
    assert done.returncode == 0, done.stderr[-2000:]
    made = report(tmp_path)
    assert [(cell["workload"], cell["engine"], cell["durability"]) for cell in made["cells"]] == [
        (workload, name, "synced") for workload in ("a", "delete-heavy", "load") for name in ("rocks", "lmdb")]
    for cell in made["cells"]:
        for one in cell["rounds"]:
            assert one["operations"] > 50 and one["errors"] == {}, cell["workload"]
            # Nobody knows from here what the nodes use.
            assert not {"nodeCPUSeconds", "memoryBytes", "diskBytesUsed", "diskBytesWritten", "syncs"} & set(one)
    assert made["options"]["nodes"] == 0 and made["versions"] == {}
    assert "CPU per operation" not in done.stdout
    assert not (tmp_path / "clusters").exists()
    assert all(node.is_running for cluster in clusters for node in cluster.nodes)


def test_the_job_for_kubernetes_has_words_that_are_understood(tmp_path):
    manifest = (REPOSITORY / "Benchmarks/kvbench/kubernetes/job.yaml").read_text()
    arguments = manifest.partition("args:")[2].partition("resources:")[0]
    words = re.findall(r'^ +- "?([^"\n]+)"?$', arguments, re.MULTILINE)
    assert words[:2] == ["compare", "--endpoints"] and "--out" in words
    nowhere = free_port()
    # As they are, but for where the clusters are.
    words = [re.sub(r"(kvnode[\w.-]*):7403", lambda _: f"127.0.0.1:{free_port()}", word) for word in words[1:]]
    done = compare(
        tmp_path, *words, "--http", f"rocksdb=127.0.0.1:{nowhere}", "--out", str(tmp_path / "report"))
    assert done.returncode == 1
    assert f"127.0.0.1:{nowhere}: Connection refused" in done.stderr


def test_builds_side_by_side(tmp_path):
    done = compare(
        tmp_path, "--builds", f"before={BINARY},after={BINARY}", "--engines", "memory", "--workloads", "c", "--records", "50",
        "--threads", "4", "--rounds", "1", "--duration", "1s", "--warm-up", "0s")
    assert done.returncode == 0, done.stderr[-2000:]
    made = report(tmp_path)
    assert [cell["engine"] for cell in made["cells"]] == ["memory before", "memory after"]
    assert all(cell["rounds"][0]["operations"] > 10 and cell["rounds"][0]["errors"] == {} for cell in made["cells"])
    assert set(made["versions"]) == {"kvnode before", "kvnode after"}


def test_settings_side_by_side(tmp_path):
    """Nodes have theirs: the receiver of traces that they name gets some."""
    receiver = HTTPReceiver()
    try:
        settings = f"tracing.endpoint={receiver.settings['endpoint']},tracing.sample_ratio=1,tracing.flush_ms=100"
        done = compare(
            tmp_path, "--settings", "plain", "--settings", f"traced:{settings}", "--engines", "memory", "--workloads", "c",
            "--records", "50", "--threads", "4", "--rounds", "1", "--duration", "1s", "--warm-up", "0s")
        assert done.returncode == 0, done.stderr[-2000:]
        assert receiver.spans()
    finally:
        receiver.stop()
    made = report(tmp_path)
    assert [cell["engine"] for cell in made["cells"]] == ["memory plain", "memory traced"]
    assert all(cell["rounds"][0]["operations"] > 10 and cell["rounds"][0]["errors"] == {} for cell in made["cells"])


def test_settings_that_nodes_refuse(tmp_path):
    done = compare(
        tmp_path, "--settings", "plain", "--settings", "wrong:engine.cache=1", "--engines", "memory", "--workloads", "c", "--records",
        "50")
    assert done.returncode != 0
    assert "engine.cache" in done.stderr or "KVNODE_ENGINE_CACHE" in done.stderr


def test_numbers_of_nodes_and_records_side_by_side(tmp_path):
    done = compare(
        tmp_path, "--nodes", "3,4", "--records", "50,60", "--engines", "memory", "--workloads", "c,a", "--threads", "4", "--rounds",
        "1", "--duration", "1s", "--warm-up", "0s")
    assert done.returncode == 0, done.stderr[-2000:]
    made = report(tmp_path)
    names = [f"memory {nodes} nodes {records} records" for nodes in (3, 4) for records in (50, 60)]
    assert [cell["engine"] for cell in made["cells"]] == names * 2
    assert (made["options"]["nodes"], made["options"]["records"]) == ([3, 4], [50, 60])
    held = [cell["rounds"][0]["userBytesHeld"] for cell in made["cells"][:4]]
    assert held == [50 * 144, 60 * 144] * 2
    charts = {path.name for path in (tmp_path / "report" / "charts").iterdir()}
    assert {"overview-buffered-throughput.svg", "c-buffered-latency.svg"} <= charts


@pytest.mark.parametrize("words, reason", [
    (["--nodes", "3,2"], "at most the number of nodes"),
    (["--endpoints", "127.0.0.1:1", "--records", "5,6"], "one number of records"),
    (["--builds", "before"], '"before" is no NAME=PATH'),
    (["--builds", f"before={BINARY}"], "nothing to be compared with"),
    (["--builds", f"before={BINARY},before={BINARY}"], "names a build twice"),
    (["--builds", f"before={BINARY},after=/nowhere"], "no kvnode at /nowhere"),
    (["--builds", f"before={BINARY},after={BINARY}", "--endpoints", "127.0.0.1:1"], "nodes that are started"),
    (["--settings", "plain"], "nothing to be compared with"),
    (["--settings", "a:b=1", "--settings", "a:b=2"], "need a name each"),
    (["--settings", "a=1"], "no NAME:KEY=VALUE"),
    (["--settings", "a", "--settings", "b", "--endpoints", "127.0.0.1:1"], "nodes that are started"),
    (["--workloads", "z"], 'there is no workload "z"'),
    (["--durability", "eventual"], "buffered or synced"),
    (["--r", "4"], "at most n"),
    (["--n", "4"], "at most the number of nodes"),
    (["--http", "127.0.0.1:1"], "of which there is none"),
    (["--endpoints", "127.0.0.1"], '"127.0.0.1" is no HOST:PORT'),
    (["--endpoints", "127.0.0.1:1", "--workloads", "a,kill"], '"kill" does something to nodes'),
    (["--endpoints", "127.0.0.1:1", "--workloads", "join"], '"join" does something to nodes'),
    (["--endpoints", "127.0.0.1:1", "--engines", "lmdb"], "nodes that are started"),
    (["--endpoints", "127.0.0.1:1", "--endpoints", "127.0.0.1:2"], "need a name each"),
    (["--endpoints", "127.0.0.1:1", "--durability", "buffered,synced"], "one durability"),
    (["--endpoints", "x=127.0.0.1:1", "--http", "y=127.0.0.1:1"], "--http names y"),
    (["--endpoints", "127.0.0.1:1", "--http", "127.0.0.1:1"], "Connection refused"),
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
