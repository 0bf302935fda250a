"""The processes under test."""

import os
import pathlib
import shutil
import signal
import subprocess

from support.cluster import clean_environment, merged, to_yaml

from .clocks import WallClock
from .disks import Disk
from .network import GRPC, HTTP, PEER, RESP, Network
from .security import Security

CLUSTER_NAME = "chaos"
STOP_SECONDS = 60
#: What is in minutes by default is in seconds here, so that a run of minutes meets all of it many times. Small buffers
#: are flushed and compacted all the time; and the logs of large ones have their place on the disk beforehand, so that a
#: full one would not be noticed.
HURRY = {
    "cluster": {"partitions": 64},
    "engine": {"rocksdb": {"write_buffer_bytes": 262_144}, "leveldb": {"write_buffer_bytes": 262_144}},
    "requests": {"timeout_ms": 2000},
    "handoff": {"interval_ms": 1000},
    "layout": {"fill_percent": 100},
    "anti_entropy": {"interval_ms": 2000, "return_pause_ms": 500, "retry_pause_ms": 500, "confirm_pause_ms": 500},
    "reaping": {"interval_ms": 2000, "grace_ms": 0},
    "gossip": {"reconnect_ms": 2000},
    "peer": {"backoff_max_ms": 500},
}


class ChaosNode:
    """One process, with the directory that it keeps over restarts. Used by the thread of the faults alone.

    `slot` is its place in the network, which another node, of another name, may have had before.
    """

    def __init__(
        self, name: str, slot: int, engine: str, binary: pathlib.Path, network: Network, folder: pathlib.Path,
        disk: Disk | None, clock: WallClock | None, security: Security | None
    ):
        self.name, self.slot, self.engine, self.disk, self.clock = name, slot, engine, disk, clock
        self.security = security
        self.folder = folder
        self._binary, self._network = binary, network
        self._data = (disk.folder if disk else folder) / "data"
        self._process: subprocess.Popen | None = None
        self.is_paused = False

    @property
    def member(self) -> str:
        return f"{self.name}@{self.advertised}"

    @property
    def advertised(self) -> str:
        return self._network.advertised(self.slot)

    @property
    def host(self) -> str:
        return self._network.host(self.slot)

    def port(self, interface: str) -> int:
        return self._network.port(self.slot, interface)

    @property
    def log_path(self) -> pathlib.Path:
        return self.folder / "node.log"

    def log_end(self, characters: int = 4000) -> str:
        return self.log_path.read_text(errors="replace")[-characters:] if self.log_path.exists() else ""

    def configure(self, members: list["ChaosNode"], joins: bool = False) -> None:
        """`members` are those that begin the cluster; one that joins is not among them."""
        def listen(interface: str) -> dict:
            return {"listen": f"{self.host}:{self.port(interface)}"}

        # Without TLS those in namespaces listen where the others reach them, in a network that nobody else is in.
        security = self.security.settings(self.name, self.host) if self.security else {"insecure": True}
        configuration = merged(merged(HURRY, security), {
            "node": {"name": self.name, "data_directory": str(self._data)},
            "cluster": {"name": CLUSTER_NAME, "members": [node.member for node in members], "join": joins},
            "engine": {"type": self.engine},
            "peer": listen(PEER) | {"advertise": self.advertised},
            "grpc": listen(GRPC), "http": listen(HTTP), "resp": listen(RESP),
            "log": {"format": "text"},
        })
        self.folder.mkdir(parents=True, exist_ok=True)
        self._configuration_path.write_text(to_yaml(configuration))

    @property
    def _configuration_path(self) -> pathlib.Path:
        return self.folder / "node.yaml"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        assert not self.is_running, f"{self.name} runs already"
        preload = [f"{name}={value}" for name, value in (self.clock.environment if self.clock else {}).items()]
        with open(self.log_path, "ab") as log:
            # No node outlives the run, however that ends. Only the node itself gets the other clock.
            self._process = subprocess.Popen(
                [*self._network.prefix(self.slot), "setpriv", "--pdeathsig", "KILL", "--", "env", *preload,
                 self._binary, "serve", "--config", self._configuration_path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment(), start_new_session=True)
        self._network.started(self.slot, self._process.pid)

    def kill(self) -> None:
        """kill -9, also of one that is stopped."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.is_paused = False

    def terminate(self) -> None:
        """SIGTERM; one that does not end in time is killed, and that is an error."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"{self.name} did not stop within {STOP_SECONDS} s of SIGTERM") from None
        if code != 0:
            raise RuntimeError(f"{self.name} ended with {code} after SIGTERM")

    def pause(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)
        self.is_paused = True

    def resume(self) -> None:
        if self.is_running:
            os.kill(self._process.pid, signal.SIGCONT)
        self.is_paused = False

    def unexpected_end(self) -> str | None:
        """What it ended with, if it did so by itself: `kill` and `terminate` are not used while this is asked."""
        if self._process is None or self._process.poll() is None:
            return None
        return f"{self.name} ended by itself with {self._process.returncode}:\n{self.log_end()}"

    def wipe(self) -> None:
        """Its disk is replaced by an empty one; it must not run."""
        assert not self.is_running
        shutil.rmtree(self._data)
