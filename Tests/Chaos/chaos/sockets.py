"""Which process has made a connection on the loopback address."""

import os
import pathlib


def owner_of_connection(port: int, to_port: int, processes: dict[int, int]) -> int:
    """What `processes` has for the one that connected from `port` to `to_port`; -1 if it is none of them."""
    inode = _inode(port, to_port)
    if inode is None:
        return -1
    wanted = f"socket:[{inode}]"
    for process, number in processes.items():
        if wanted in _open_files(process):
            return number
    return -1


def _inode(port: int, to_port: int) -> str | None:
    """Of the connecting side's socket, by the kernel's table: local and remote address in hexadecimal, and more."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[2].endswith(f":{to_port:04X}"):
            return fields[9]
    return None


def _open_files(process: int) -> set[str]:
    folder = f"/proc/{process}/fd"
    found = set()
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return found  # it has ended
    for name in names:
        try:
            found.add(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError:
            continue  # it was closed meanwhile
    return found
