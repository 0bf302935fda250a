"""deploy/kubernetes/upgrade, scale and users, on real nodes: the pods of a deployment, as processes."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest
from pods import Pods, wait_until
from support import BINARY, KUBERNETES, kustomize

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason="no kvnode: build it, or name it in KVNODE_BINARY"),
    pytest.mark.skipif(os.geteuid() != 0, reason="each pod has a file of hosts of its own, which takes root to mount"),
]
DOUBLE = pathlib.Path(__file__).parent / "kubectl_double.py"


def made(folder: pathlib.Path, build: str) -> Pods:
    """The pods of a build, of which none is started yet."""
    objects = kustomize(build)
    # For the double, which is another process at each call.
    (folder / "objects.json").write_text(json.dumps(objects))
    return Pods(folder, objects)


@pytest.fixture
def pods(tmp_path):
    started = made(tmp_path, "base").prepare()
    try:
        wait_until(lambda: status(started, "kvnode-a-0") == 0, started)
        yield started
    finally:
        started.end()


def status(pods: Pods, pod: str) -> int:
    return pods.run(pod, "cluster", "status", capture_output=True).returncode


def call(pods: Pods, script: str, *arguments: str, seconds: int = 240) -> subprocess.CompletedProcess:
    """One of deploy/kubernetes, with the double on the PATH."""
    folder = pods.folder / "bin"
    folder.mkdir(exist_ok=True)
    kubectl = folder / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{DOUBLE}" "$@"\n')
    kubectl.chmod(kubectl.stat().st_mode | stat.S_IXUSR)
    kvnode = folder / "kvnode"
    if not kvnode.exists():
        kvnode.symlink_to(BINARY)
    return subprocess.run(
        [KUBERNETES / script, *arguments], capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "PODS": str(pods.folder), "KVNODE_PAUSE": "0.5"})


def put(pods: Pods, pod: str, *numbers: int) -> None:
    for number in numbers:
        ended = pods.run(pod, "put", f"key-{number}", str(number), "--bucket", "carts", capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr


def get(pods: Pods, pod: str, number: int) -> str:
    ended = pods.run(pod, "get", f"key-{number}", "--bucket", "carts", capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_nodes_of_the_manifests_form_a_cluster(pods):
    """By certificates alone: the zones are those of the list, and a key that is put at one node is read at another."""
    put(pods, "kvnode-a-0", 1)
    assert get(pods, "kvnode-c-0", 1) == "1"
    shown = pods.run("kvnode-b-0", "cluster", "members", capture_output=True, text=True).stdout
    zones = {line.split()[0]: line.split()[6] for line in shown.splitlines()[1:]}
    assert zones == {"kvnode-a-0": "a", "kvnode-b-0": "b", "kvnode-c-0": "c"}


def test_upgrade_takes_one_node_at_a_time(pods):
    put(pods, "kvnode-a-0", *range(5))
    assert call(pods, "upgrade").stdout.endswith("0 restarted; all nodes are as they should be\n")
    pods.revise()
    ended = call(pods, "upgrade")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (pods.folder / "evictions").read_text().split() == ["kvnode-a-0", "kvnode-b-0", "kvnode-c-0"]
    assert {one["revision"] for one in pods.state()["pods"].values()} == {"2"}
    lines = ended.stdout.splitlines()
    told = [line for line in lines if "restarts" in line or "is back" in line]
    assert told == [
        f"upgrade: {name} {what}" for name in ("kvnode-a-0", "kvnode-b-0", "kvnode-c-0")
        for what in ("restarts", "is back, and has what it missed")]
    for number in range(5):
        assert get(pods, "kvnode-b-0", number) == str(number)


def test_upgrade_waits_while_a_node_is_away(pods):
    pods.revise()
    pods.stop("kvnode-c-0")
    with pytest.raises(subprocess.TimeoutExpired) as waiting:
        call(pods, "upgrade", seconds=10)
    assert b"kvnode-c-0" in waiting.value.stdout
    assert not (pods.folder / "evictions").exists()


def test_nodes_join_and_leave(pods):
    put(pods, "kvnode-a-0", *range(20))
    ended = call(pods, "scale", "2")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    names = {f"kvnode-{letter}-{index}" for letter in "abc" for index in range(2)}
    assert pods.state()["pods"].keys() == names
    assert ended.stdout.endswith(f"scale: 2 in each zone: {' '.join(sorted(names))}\n")
    assert all(status(pods, name) == 0 for name in names)
    # Again: there is nothing to do.
    assert call(pods, "scale", "2").stdout.endswith(ended.stdout.splitlines()[-1] + "\n")

    ended = call(pods, "scale", "1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert pods.state()["pods"].keys() == {"kvnode-a-0", "kvnode-b-0", "kvnode-c-0"}
    assert status(pods, "kvnode-a-0") == 0
    for number in range(20):
        assert get(pods, "kvnode-c-0", number) == str(number)


def test_what_an_ended_call_has_staged_is_taken_back(pods):
    """Nobody becomes a member, and is stopped as one, for a call that was ended between `join` and `commit`."""
    joined = pods.run("kvnode-a-0", "cluster", "join", "kvnode-a-1@kvnode-a-1.kvnode-peers:7401;zone=a", capture_output=True, text=True)
    assert joined.returncode == 0, joined.stderr
    pods.scale("kvnode-a", 2)
    ended = call(pods, "scale", "1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("scale: 1 in each zone: kvnode-a-0 kvnode-b-0 kvnode-c-0\n")
    assert "layout version 1" in pods.run("kvnode-a-0", "cluster", "status", capture_output=True, text=True).stdout


def test_there_are_no_more_nodes_than_certificates(pods):
    ended = call(pods, "scale", "4")
    assert ended.returncode == 1
    assert "up to 3 nodes in a zone" in ended.stderr
    assert len(pods.state()["pods"]) == 3
