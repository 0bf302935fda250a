"""Three nodes are backed up while they serve, lose their disks, and are restored: how long that takes, what it costs, what clients
notice, and that every key is what it was.
"""

import contextlib
import pathlib
import shutil
import statistics
import time

import held
from clusters import BUCKET, ports, running, stubs
from harness.generator import Generator, Load, Traced, read_trace
from harness.machine import cpu_seconds
from harness.report import Figure, quantile
from support.backup import Folder, endpoints, start_empty
from support.cluster import Cluster, Node

KEYS, RATE = 1_000_000, 1_000.0
#: Of load: until what is measured begins, and before a backup. As long as a backup may take: what else disturbs the machine is to
#: have the same chance in both.
WARM_UP, BEFORE = 2.0, 45.0
#: For a command; what takes longer fails.
LONGEST = 900
#: Where the backup goes that is read from another engine, by another number of nodes.
OTHERS = {"rocksdb": "lmdb", "lmdb": "leveldb", "leveldb": "rocksdb", "memory": "lmdb"}
OTHER_NODES = 5


class Backup:
    """One, from its begin to its end, with what the nodes have spent and the archive has grown meanwhile."""

    def __init__(self, archive: Folder, cluster: Cluster, id: str):
        size, cpu = archive.total(), spent(cluster)
        self.begun = time.monotonic_ns() // 1000
        archive.create(cluster.nodes, id)
        self.ended = time.monotonic_ns() // 1000
        self.seconds = (self.ended - self.begun) / 1e6
        self.cpu = spent(cluster) - cpu
        self.mebibytes = (archive.total() - size) / (1 << 20)


class LoadedBackup:
    """A whole backup while clients put new keys and read old ones."""

    def __init__(self, given, archive: Folder, cluster: Cluster, folder: pathlib.Path, keys: int, written: int):
        trace = folder / "trace"
        generator = Generator(Load(
            ports(cluster.nodes, given.protocol), "mixed", first=written, below=keys, protocol=given.protocol,
            rate=given.rate or RATE, value_size=held.VALUE_SIZE, trace=trace))
        time.sleep(WARM_UP)
        cpu = spent(cluster)
        time.sleep(BEFORE)
        usual = (spent(cluster) - cpu) / BEFORE
        self.backup = Backup(archive, cluster, "full")
        self.report = generator.stop()
        self.written = written + self.report["operations"]
        traced = read_trace(trace)
        self.before = [one for one in traced if self.backup.begun - BEFORE * 1e6 <= one.begun and one.ended < self.backup.begun]
        self.during = [one for one in traced if one.ended >= self.backup.begun and one.begun < self.backup.ended]
        #: Of the load's keys, those whose puts were acknowledged before the backup began.
        self.acknowledged = range(written, written + ended_in_order(traced, self.backup.begun))
        #: Beyond what the load takes, in seconds of all nodes.
        self.cpu = self.backup.cpu - usual * self.backup.seconds
        #: A put of a key that nobody else writes has one value.
        self.wrong = self.report["failed"]


def ended_in_order(traced: list[Traced], moment: int) -> int:
    """So many operations of the run, from the first on, had ended at the moment. The generator numbers them as it begins them, so
    that none that was still open has a lower number than one that had ended before it was begun.
    """
    oldest = min((one.begun for one in traced if one.ended >= moment), default=moment)
    return sum(one.ended < oldest for one in traced)


def spent(cluster: Cluster) -> float:
    return sum(cpu_seconds(node.process.pid) for node in cluster.nodes)


def p99(traced: list[Traced]) -> float:
    return quantile([one.took for one in traced], 0.99) / 1000


class Restore:
    """Into the nodes of `cluster`, which have nothing yet; what they hold then."""

    def __init__(self, archive: Folder, cluster: Cluster, *words: str):
        start_empty(cluster)
        begun, cpu = time.monotonic(), spent(cluster)
        archive.restore(cluster[0], *words)
        self.seconds = time.monotonic() - begun
        self.cpu = spent(cluster) - cpu


def lose_disks(cluster: Cluster) -> None:
    for node in cluster.nodes:
        node.kill()
    for node in cluster.nodes:
        shutil.rmtree(node.directory / "data")


def measure(given, folder: pathlib.Path) -> list[Figure]:
    try:
        return measured(given, folder)
    finally:
        if given.archive:
            shutil.rmtree(given.archive / "archive", ignore_errors=True)


def measured(given, folder: pathlib.Path) -> list[Figure]:
    keys = given.keys or KEYS
    place = folder / "backup"
    archive = Folder((given.archive or place) / "archive", seconds=LONGEST)
    # As on machines of their own: the kernel weighs sessions against each other, whatever the priorities within them.
    Node.has_own_session = False
    with running(place / "nodes", [given.engine] * 3) as cluster:
        held.fill(cluster, keys)
        first = held.Held(cluster, keys)
        loaded, written = [], keys
        for _ in range(given.rounds):
            # The last one is gone on with.
            shutil.rmtree(archive.path, ignore_errors=True)
            loaded.append(LoadedBackup(given, archive, cluster, place, keys, written))
            written = loaded[-1].written
        # What came since that one began is not what is changed next.
        Backup(archive, cluster, "settled")
        held.change(cluster, keys)
        second = held.Held(cluster, written)
        changed = Backup(archive, cluster, "changed")
        same = Backup(archive, cluster, "same")
        begun = time.monotonic()
        archive.verify("same")
        verified = time.monotonic() - begun
        lose_disks(cluster)
        restore = Restore(archive, cluster, "same")
        lost = second.differences(held.Held(cluster, written))
        begun = time.monotonic()
        archive.restore(cluster[0], "same", "--bucket", BUCKET, "--as", "beside")
        beside = time.monotonic() - begun
        lost_beside = second.differences(held.Held(cluster, written, "beside"), contexts=False)
        repeated = held.repeated_dots(cluster, second, keys)
    with other_nodes(given, place) as others:
        other = Restore(archive, others, "full")
        acknowledged = loaded[-1].acknowledged
        point = held.Held(others, acknowledged.stop)
        lost_other = first.differences(point) + second.missing(point, acknowledged)
        repeated += held.repeated_dots(others, second, keys)
    full = [one.backup for one in loaded]
    size = statistics.median(one.mebibytes for one in full)
    return [
        Figure(f"{keys:,} keys of {held.VALUE_SIZE} bytes, 3 replicas: a whole backup under load", "s",
               [one.seconds for one in full], None, 1),
        Figure("… sent", "MiB", [one.mebibytes for one in full]),
        Figure("… CPU of all nodes beyond the load's", "s", [one.cpu for one in loaded], None, 1),
        Figure("p99 during the backup ÷ p99 before", "", [p99(one.during) / p99(one.before) for one in loaded], 1.5, 2),
        Figure("p99 before", "ms", [p99(one.before) for one in loaded], None, 1),
        Figure("p99 during", "ms", [p99(one.during) for one in loaded], None, 1),
        Figure("longest wait during", "ms", [max(one.took for one in one.during) / 1000 for one in loaded]),
        Figure("operations/s during", "", [len(one.during) / one.backup.seconds for one in loaded]),
        Figure("errors", "", [one.wrong for one in loaded], 0),
        Figure("one key of a hundred overwritten: the next backup", "s", [changed.seconds], None, 1),
        Figure("… sent", "MiB", [changed.mebibytes], None, 1),
        Figure("… of the whole", "%", [changed.mebibytes / size * 100], 5, 1),
        Figure("… CPU of all nodes", "s", [changed.cpu], None, 1),
        Figure("nothing changed: the next backup", "s", [same.seconds], None, 1),
        Figure("… sent", "MiB", [same.mebibytes], None, 1),
        Figure("`verify`", "s", [verified], None, 1),
        Figure(f"restored to 3 empty nodes, {given.engine}", "s", [restore.seconds], None, 1),
        Figure("… CPU of all nodes", "s", [restore.cpu], None, 1),
        Figure("… keys lost or not the same", "", [lost], 0),
        Figure("its bucket restored beside it", "s", [beside], None, 1),
        Figure("… keys lost or not the same", "", [lost_beside], 0),
        Figure(f"the first backup restored to {OTHER_NODES} nodes, {OTHERS[given.engine]}", "s", [other.seconds], None, 1),
        Figure("… keys lost or not the same", "", [lost_other], 0),
        Figure("keys with siblings, and deleted ones, among them", "", [first.siblings + first.absent]),
        Figure("dots issued twice, of 1,000 keys written through each node", "", [repeated], 0),
    ]


@contextlib.contextmanager
def other_nodes(given, place: pathlib.Path):
    cluster = Cluster(place / "others", [OTHERS[given.engine]] * OTHER_NODES, stubs())
    try:
        yield cluster
    finally:
        cluster.stop()

