"""All nodes of a run, and what is wrong between them."""

import pathlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.grpc_client import Stubs

from . import clocks, disks
from .checks import ClockJump
from .clocks import WallClock
from .disks import Disk
from .links import Links, merged
from .network import Network
from .nodes import ChaosNode
from .operators import Operator
from .security import Security
from .settling import Settling

#: Which one a node has, by its number.
ENGINES = ["rocksdb", "leveldb", "lmdb"]
START_SECONDS = 60.0


#: Places in the network for nodes that join, one after the other; each is used again by another node.
SPARE_SLOTS = 2


class Cluster:
    """Nodes of which `founders` begin the cluster, and others join and leave.

    Used by the thread of the faults alone, which lives as long as the nodes.
    """

    def __init__(
        self, binary: pathlib.Path, network: Network, folder: pathlib.Path, founders: int, stubs: Stubs,
        stop: threading.Event, clock_library: pathlib.Path | None, has_disks: bool, security: Security | None
    ):
        self.network, self.stop = network, stop
        self._binary, self._folder, self._stubs = binary, folder, stubs
        self._clock_library, self._has_disks, self._security = clock_library, has_disks, security
        self.operators: dict[str, Operator] = {}
        self.nodes: list[ChaosNode] = []
        self.founders = [self._make(number, slot=number) for number in range(founders)]
        for node in self.founders:
            node.configure(self.founders)
        self._added = 0
        self.settling = Settling(self.operators, stop, time.monotonic)
        #: What was done to clocks, by the monotonic clock of this machine.
        self.clock_jumps: list[ClockJump] = []
        self._layers: list[Links] = []

    def _make(self, number: int, slot: int) -> ChaosNode:
        name = f"node{number}"
        node = ChaosNode(
            name, slot, ENGINES[number % len(ENGINES)], self._binary, self.network, self._folder / name,
            Disk(self._folder / f"{name}-disk") if self._has_disks else None,
            WallClock(self._clock_library, self._folder / f"{name}-clock") if self._clock_library else None,
            self._security)
        self.nodes.append(node)
        self.operators[name] = Operator(self._stubs, node)
        return node

    def add_node(self) -> ChaosNode:
        """One that waits to join, under a name that no other has had: a name is a node's for good."""
        founders = len(self.founders)
        node = self._make(founders + self._added, slot=founders + self._added % SPARE_SLOTS)
        self._added += 1
        node.configure(self.founders, joins=True)
        return node

    def remove_node(self, node: ChaosNode) -> None:
        """One that has left and does not run."""
        self.nodes.remove(node)
        self.operators.pop(node.name).close()
        if node.disk:
            node.disk.unmount()

    @property
    def founder_names(self) -> list[str]:
        return [node.name for node in self.founders]

    def start(self) -> None:
        for node in self.founders:
            node.start()
        self.settling.until_calm(self.founder_names, START_SECONDS)
        self.operators[self.founders[0].name].make_buckets()

    @contextmanager
    def clock_set(self, node: ChaosNode, offset: int) -> Iterator[None]:
        """While it lasts the node's clock is `offset` seconds ahead."""
        begun = time.monotonic()
        node.clock.set_offset(offset)
        try:
            yield
        finally:
            node.clock.set_offset(0)
            self.clock_jumps.append(ClockJump(begun, time.monotonic(), offset * 1000))

    @contextmanager
    def links(self, links: Links) -> Iterator[None]:
        """While it lasts these ways are not sound, besides what else is wrong."""
        self.add_links(links)
        try:
            yield
        finally:
            self.remove_links(links)

    def add_links(self, links: Links) -> None:
        self._layers.append(links)
        self.network.apply(merged(self._layers))

    def remove_links(self, links: Links) -> None:
        self._layers.remove(links)
        self.network.apply(merged(self._layers))

    def heal(self) -> None:
        """All ways are sound, all founders run, disks have room, and clocks are right, whatever was wrong."""
        self._layers.clear()
        self.network.apply({})
        for node in self.nodes:
            if node.is_paused:
                node.resume()
            if node.disk:
                node.disk.free()
            if node.clock:
                node.clock.set_offset(0)
        for node in self.founders:
            if not node.is_running:
                node.start()

    def close(self) -> None:
        for operator in self.operators.values():
            operator.close()
        for node in self.nodes:
            node.kill()
        for node in self.nodes:
            if node.disk:
                node.disk.unmount()


def what_is_possible(folder: pathlib.Path) -> tuple[pathlib.Path | None, bool, dict[str, str]]:
    """The library for clocks if one can be made, whether small disks can be mounted, and which faults cannot be."""
    impossible = {}
    library = clocks.build(folder)
    if library is None:
        impossible["clock"] = "no C compiler is installed, with which a node's clock is set"
    has_disks = disks.can_mount(folder)
    if not has_disks:
        impossible["disk-full"] = "no file system can be mounted: without namespaces that takes root's rights"
    return library, has_disks, impossible
