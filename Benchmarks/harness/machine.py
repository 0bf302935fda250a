"""What the machine is, how busy it is, and what a process has cost."""

import os
import pathlib
import platform

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, ended threads included."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def load_average() -> str:
    return " ".join(f"{one:.2f}" for one in os.getloadavg())


def processors() -> str:
    """Like `2 × AMD EPYC`."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{os.cpu_count()} × {line.partition(':')[2].strip()}"
    return f"{os.cpu_count()} × {platform.processor() or 'unknown processor'}"
