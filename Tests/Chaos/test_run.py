"""Real runs, short ones: with networks of the nodes' own where they can be made, and without."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
BINARY = pathlib.Path(os.environ.get("KVNODE_BINARY", FOLDER.parents[1] / ".build/debug/kvnode"))
#: Of faults in each run; what comes before and after is about as long.
MINUTES = 0.6
#: No run comes near.
RUN_SECONDS = 240
RATE = 100

if not BINARY.exists():
    pytest.exit(f"no binary at {BINARY}: build it, or name it in KVNODE_BINARY", returncode=2)


def command(folder: pathlib.Path, *arguments: str) -> list[str]:
    return [
        sys.executable, "-m", "chaos", "--binary", str(BINARY), "--rate", str(RATE), "--report", str(folder / "report"),
        "--keep", str(folder / "logs"), *arguments]


def environment(folder: pathlib.Path) -> dict[str, str]:
    """In which a run puts all that it makes into a folder of the test."""
    (folder / "run").mkdir()
    return os.environ | {"PYTHONPATH": str(FOLDER), "TMPDIR": str(folder / "run")}


def assert_nothing_is_left(folder: pathlib.Path) -> None:
    own = str(folder / "run")
    assert not [line for line in _command_lines() if own in line], "processes are left"
    assert own not in pathlib.Path("/proc/mounts").read_text(), "file systems are left"
    assert not list((folder / "run").iterdir()), "files are left"


def _command_lines() -> list[str]:
    """Of all processes but those that end meanwhile, whosever they are."""
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines.append(path.read_bytes().decode(errors="replace"))
    return lines


@pytest.mark.parametrize("arguments, faults, seed", [
    ([], "kill,halves,loss,disk-full,clock,join-leave", "1"),
    (["--no-namespaces", "--plain"], "pause,one-way,flaky,delay,wipe", "2"),
], ids=["namespaces", "loopback"])
def test_nothing_is_lost(tmp_path, arguments, faults, seed):
    ended = subprocess.run(
        command(tmp_path, "--minutes", str(MINUTES), "--faults", faults, "--seed", seed, *arguments),
        env=environment(tmp_path), capture_output=True, text=True, timeout=RUN_SECONDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads((tmp_path / "report/chaos.json").read_text())
    assert told["lost_writes"] == 0 and not told["violations"]
    assert told["done"] > RATE * MINUTES * 60 / 4
    assert {one["protocol"] for one in told["calls"] if one["outcome"] == "done"} == {"grpc", "http", "resp"}
    assert len(told["faults"]) >= 3
    assert told["plain"] == ("--plain" in arguments)
    # Where namespaces cannot be made, the first run does without as well, and says so.
    assert told["network"] == ("loopback" if arguments or told["no_namespaces_because"] else "namespaces")
    assert ("NO NETWORK NAMESPACES" in ended.stdout) == (told["network"] == "loopback")
    assert "nothing violated" in (tmp_path / "report/chaos.html").read_text()
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["--no-namespaces"]], ids=["namespaces", "loopback"])
def test_an_interrupted_run_leaves_nothing_behind(tmp_path, arguments):
    with subprocess.Popen(
            command(tmp_path, "--faults", "kill", *arguments), env=environment(tmp_path), text=True,
            stdout=subprocess.PIPE) as run:
        try:
            first = next(line for line in run.stdout if "kill: " in line)
            run.send_signal(signal.SIGINT)
            assert run.wait(60) == 130, first
        finally:
            run.kill()
    assert_nothing_is_left(tmp_path)
