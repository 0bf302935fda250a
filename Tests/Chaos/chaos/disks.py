"""Small disks of the nodes' own, so that one can be full."""

import os
import pathlib

from . import isolation

#: Room for the data of a run, of which the engines keep old versions for a while, and for LevelDB's and RocksDB's logs.
DISK_BYTES = 1 << 30
_BALLAST = "ballast"
_CHUNK = 1 << 20


class Disk:
    """A file system in memory, which `node` does not share with anybody."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        folder.mkdir(parents=True)
        isolation.run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder))

    def fill(self) -> None:
        """Leaves no byte free."""
        chunk = bytes(_CHUNK)
        with open(self.folder / _BALLAST, "ab", buffering=0) as ballast:
            size = _CHUNK
            while size:
                try:
                    written = os.write(ballast.fileno(), chunk[:size])
                    # At the edge, ever smaller pieces.
                    size = size if written == size else size // 2
                except OSError:
                    size //= 2

    def free(self) -> None:
        (self.folder / _BALLAST).unlink(missing_ok=True)

    def unmount(self) -> None:
        isolation.run("umount", "--lazy", str(self.folder))


def can_mount(folder: pathlib.Path) -> bool:
    try:
        trial = Disk(folder / "trial")
    except RuntimeError:
        return False
    trial.unmount()
    return True
