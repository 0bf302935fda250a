"""Wall clocks that are wrong, one for each node."""

import mmap
import pathlib
import shutil
import struct
import subprocess

_SOURCE = pathlib.Path(__file__).parents[1] / "clock/clock.c"
_OFFSET = struct.Struct("=q")


def build(folder: pathlib.Path) -> pathlib.Path | None:
    """The library that sets a node's clock, compiled anew; None where there is no compiler."""
    compiler = shutil.which("clang") or shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "libclock.so"
    subprocess.run([compiler, "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
    return library


class WallClock:
    """The clock of one node, which reads its offset from a file that both have mapped."""

    def __init__(self, library: pathlib.Path, path: pathlib.Path):
        path.write_bytes(_OFFSET.pack(0))
        self.environment = {"LD_PRELOAD": str(library), "CHAOS_CLOCK_OFFSET_FILE": str(path)}
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _OFFSET.size)

    def set_offset(self, seconds: int) -> None:
        # One aligned store of eight bytes: the node sees the one or the other.
        self._page[:] = _OFFSET.pack(seconds)
