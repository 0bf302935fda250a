"""A network and mounts of a run's own, so that all that it makes of either is gone when it ends, however it ends."""

import os
import pathlib
import shutil
import subprocess
import sys

#: Where the process is told that it is inside.
_MARK = "KVCHAOS_ISOLATED"
_TOOLS = ["unshare", "nsenter", "ip", "iptables-restore", "setpriv", "mount"]
#: Network namespaces are named by files there.
_NAMES = "/run/netns"
#: As `ip netns` does it, and what a run needs besides: a filter that drops by chance.
_TRIAL = f"""
set -e
mkdir -p {_NAMES}
mount -t tmpfs tmpfs {_NAMES}
ip link set lo up
ip link add trial type bridge
ip netns add trial
ip link add side type veth peer name eth0 netns trial
printf '%s\\n' '*filter' '-A INPUT -m statistic --mode random --probability 0.5 -j DROP' COMMIT \\
    | nsenter --net={_NAMES}/trial iptables-restore
"""


def _unshare() -> list[str]:
    # Who is not root may be root of a user namespace, where the kernel lets them.
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--net", "--mount", "--propagation", "private", "--"]


def is_inside() -> bool:
    return os.environ.get(_MARK) == "yes"


def reason_against() -> str | None:
    """Why network namespaces cannot be made here; None if they can. Tries it, and leaves nothing behind."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    trial = subprocess.run([*_unshare(), "sh", "-c", _TRIAL], capture_output=True, text=True, timeout=30)
    if trial.returncode != 0:
        return f"the kernel, or this user's rights, do not allow it: {trial.stderr.strip()[-300:]}"
    return None


def enter(arguments: list[str]) -> None:
    """Begins this program anew, inside. Does not return."""
    command = [*_unshare(), sys.executable, "-m", "chaos", *arguments]
    os.execvpe(command[0], command, os.environ | {_MARK: "yes"})


def prepare() -> None:
    """What is needed inside before the first namespace is made: names that nobody else sees, and a loopback device."""
    pathlib.Path(_NAMES).mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", _NAMES)
    run("ip", "link", "set", "lo", "up")


def run(*command: str, input: str | None = None) -> str:
    """The output of a command that succeeds."""
    ended = subprocess.run(command, capture_output=True, text=True, input=input, timeout=30)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout
