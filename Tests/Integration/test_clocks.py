"""A node's wall clock is wrong by an hour or by years, and right again: nothing acknowledged is lost, and it is told."""

import pathlib
import sys
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Chaos"))

from chaos.clocks import WallClock, build  # noqa: E402
from support.cluster import Cluster  # noqa: E402
from support.operator import status  # noqa: E402
from support.waiting import eventually  # noqa: E402

QUICK = {
    "cluster": {"partitions": 64},
    "peer": {"backoff_max_ms": 300, "keepalive_ms": 500},
    "handoff": {"interval_ms": 300},
}
HOUR, YEARS = 3600, 10 * 365 * 86400


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> pathlib.Path:
    built = build(tmp_path_factory.mktemp("clock"))
    if built is None:
        pytest.skip("no C compiler is installed, with which a node's clock is set")
    return built


@pytest.fixture
def clocks(tmp_path, stubs, library):
    """Three nodes, and the clock of each."""
    cluster = Cluster(tmp_path / "cluster", ["rocksdb", "leveldb", "lmdb"], stubs, QUICK)
    wall = []
    for node in cluster.nodes:
        wall.append(WallClock(library, tmp_path / f"{node.name}-clock"))
        node.environment = wall[-1].environment
    try:
        cluster.start()
        yield cluster, wall
    finally:
        cluster.stop()


def put_everywhere(cluster: Cluster, bucket: str, key: str, value: bytes, through: int) -> None:
    """Writes with what was read before, and reads it at every node."""
    node = cluster.nodes[through]
    assert node.http.put(bucket, key, value, node.http.get(bucket, key, r=2).context, w=3).is_stored
    for other in cluster.nodes:
        assert other.http.get(bucket, key, r=2).values == [value], f"{bucket}/{key} at {other.name}"


@pytest.mark.parametrize("offset", [HOUR, -HOUR, YEARS, -YEARS])
def test_a_wrong_clock_loses_nothing_and_is_told(clocks, offset):
    cluster, wall = clocks
    first, _, wrong = cluster.nodes
    assert first.http.set_properties("latest", {"conflict": "last-write-wins"}).status == 200
    for node in cluster.nodes:
        eventually(
            lambda node=node: node.http.properties("latest")["conflict"] == "last-write-wins", "the bucket's properties")
    for bucket in ("siblings", "latest"):
        put_everywhere(cluster, bucket, "k", b"before", through=0)

    wall[2].set_offset(offset)
    for bucket in ("siblings", "latest"):
        put_everywhere(cluster, bucket, "k", b"by the wrong clock", through=2)
        # Who has seen it comes after it, whatever the clocks say.
        for through in (0, 1, 2):
            put_everywhere(cluster, bucket, "k", b"later, through %d" % through, through)
    teller = first if offset > 0 else wrong
    eventually(lambda: "is stamped further ahead of this node's clock" in teller.log, f"{teller.name} to say so")
    assert int(status(teller)["furthest_ahead_ms"]) > 0.9 * abs(offset) * 1000

    wall[2].set_offset(0)
    for number, through in enumerate((2, 0, 2, 1)):
        # A new key each time: nothing of the jump is left in what the node stamps.
        key = f"fresh {number}"
        put_everywhere(cluster, "latest", key, b"one", through)
        put_everywhere(cluster, "latest", key, b"two", (through + 1) % 3)
        stamped = wrong.grpc.get("latest", key.encode()).siblings[0].timestamp_ms
        assert abs(stamped - time.time() * 1000) < 60_000


@pytest.mark.parametrize("restart", [False, True])
def test_no_hint_grows_old_by_a_jump(clocks, restart):
    cluster, wall = clocks
    first, away, keeper = cluster.nodes
    away.kill()
    values = {f"k{index}": b"value %d" % index for index in range(30)}
    for key, value in values.items():
        assert keeper.http.put("b", key, value, w=2).is_stored
    eventually(lambda: int(status(keeper)["hints"]["count"]) >= 30, "the hints to be kept")
    wall[2].set_offset(YEARS)
    if restart:
        assert keeper.terminate() == 0
        keeper.start()
        keeper.wait_ready()
    # A pass over the hints at each interval drops those that are too old.
    before = status(keeper)["hints"]
    assert int(before["count"]) >= 30 and int(before.get("expired", 0)) == 0, before
    away.start()
    cluster.wait_connected()
    eventually(lambda: int(status(keeper)["hints"].get("count", 0)) == 0, "the hints to be handed back")
    assert int(status(keeper)["hints"].get("expired", 0)) == 0
    first.kill()
    keeper.kill()
    for key, value in values.items():
        assert away.http.get("b", key, r=1).values == [value]
