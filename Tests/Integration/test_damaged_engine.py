"""Damaged files under a node: it says so, the others serve what it cannot read, and `kvnode engine repair` makes it whole."""

import json
import os
import pathlib
import random
import shutil

import pytest

from support.cluster import Cluster, Node, merged
from support.operator import (
    DONE, FAILED, IN_USE, NOTHING_TO_DO, cluster_command, is_settled, members, repair_command, repaired, status)
from support.waiting import eventually

QUICK = {
    "cluster": {"partitions": 64},
    "layout": {"news_interval_ms": 200},
    "peer": {"backoff_max_ms": 300, "keepalive_ms": 500},
    "handoff": {"interval_ms": 500},
    # So that most of the rows lie in tables, and in many of them.
    "engine": {"rocksdb": {"write_buffer_bytes": 1 << 16}, "leveldb": {"write_buffer_bytes": 1 << 16}},
}
ENGINES = ["rocksdb", "leveldb", "lmdb"]


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("KVNODE_SEED", random.randrange(1 << 32)))
    print(f"KVNODE_SEED={seed}")
    return random.Random(seed)


def fill(node: Node, count: int, chance: random.Random, prefix: str = "k", w: int = 3) -> dict[str, bytes]:
    """Values that do not compress, so that their bytes are found in the files."""
    values = {f"{prefix}{index}": chance.randbytes(1000) for index in range(count)}
    for key, value in values.items():
        assert node.http.put("b", key, value, w=w).is_stored
    return values


def files(node: Node) -> list[pathlib.Path]:
    """Those that hold rows."""
    folder = node.directory / "data" / "engine"
    return sorted(path for path in folder.iterdir() if path.suffix in (".sst", ".ldb") or path.name == "data.mdb")


def flip(path: pathlib.Path, offset: int, bit: int) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def places(node: Node, values: dict[str, bytes]) -> dict[str, list[tuple[pathlib.Path, int]]]:
    """By key, where its value lies: of what is in tables already, and not in a log alone."""
    found: dict[str, list[tuple[pathlib.Path, int]]] = {}
    for path in files(node):
        content = path.read_bytes()
        for key, value in values.items():
            # In LMDB's file an older state of the page may hold it, too.
            place = content.find(value[300:340])
            while place >= 0:
                found.setdefault(key, []).append((path, place))
                place = content.find(value[300:340], place + 1)
    return found


def damage(node: Node, values: dict[str, bytes], chance: random.Random) -> None:
    """Flips a bit in each of a few values, wherever they lie, and in one byte anywhere."""
    found = places(node, values)
    assert len(found) > 100, "most values lie in the files"
    for key in chance.sample(sorted(found), 4):
        for path, place in found[key]:
            flip(path, place, chance.randrange(8))
    path = chance.choice(files(node))
    flip(path, chance.randrange(path.stat().st_size), chance.randrange(8))


def is_served(nodes: list[Node], values: dict[str, bytes], r: int = 2) -> bool:
    for node in nodes:
        for key, value in values.items():
            # A put that was tried twice may be there twice, as siblings of one value.
            found = node.http.get("b", key, r=r)
            assert set(found.values) == {value}, f"{key} at {node.name}: {found}"
    return True


def put_somewhere(nodes: list[Node], key: str, value: bytes) -> bool:
    """With what was read before, at one node after the other, as a client does."""
    for node in nodes:
        seen = node.http.get("b", key, r=2)
        if seen.status in (200, 300) and node.http.put("b", key, value, seen.context, w=2).status in (200, 201, 204):
            return True
    return False


def starts(node: Node) -> bool:
    """Whether the node comes to serve; if not, it has ended."""
    node.start()
    return eventually(
        lambda: "no" if node.process.poll() is not None else "yes" if node.is_ready else None, "the start") == "yes"


def wait_filled(cluster: Cluster, node: Node) -> None:
    node.wait_ready()
    for other in cluster.nodes:
        eventually(
            lambda other=other: status(other).get("serves_reads") and is_settled(other, 2),
            f"{node.name} to have its data again, by {other.name}", seconds=60)
    cluster.wait_connected()
    eventually(lambda: cluster_command(node, "status").returncode == DONE, "nothing to tell", seconds=60)


def put_together(node: Node) -> dict | None:
    """The report of a repair of files that do not open; None if nothing comes of it, and the node is to begin with none."""
    ended = repair_command(node, "--json")
    if node.engine == "rocksdb" and ended.returncode == FAILED:
        # Its repair refuses tables that a compaction has split, since they tell of the same sequence numbers.
        assert "its peers fill it" in ended.stdout, ended
        shutil.move(node.directory / "data", node.directory / "damaged")
        return None
    assert ended.returncode == DONE, ended
    return json.loads(ended.stdout)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_node_says_so_and_is_made_whole(start_cluster, chance, engine):
    cluster = start_cluster(["lmdb", "rocksdb", engine], QUICK)
    first, second, hurt = cluster.nodes
    values = fill(first, 300, chance)
    values |= fill(hurt, 100, chance, "own", w=2)
    hurt.kill()
    damage(hurt, values, chance)
    # What is written meanwhile is kept for it, and comes to it in any case.
    values |= fill(first, 20, chance, "missed", w=2)

    is_open = serves = starts(hurt)
    if serves:
        # Through the damaged node as well: the other replicas know.
        eventually(lambda: is_served(cluster.nodes, values), "every value at every node", seconds=90)
        eventually(lambda: status(hurt)["engine"]["state"] != "STATE_OK", "the node to have read everything")
        said = cluster_command(hurt, "status")
        assert said.returncode != DONE and ("cannot read" in said.stdout or "cannot write" in said.stdout), said.stdout
        assert "the engine cannot read what it has stored" in hurt.log
        for number, key in enumerate(sorted(values)):
            if number % 9 == 0:
                values[key] = values[key][::-1]
                turn = number % 3
                assert put_somewhere(cluster.nodes[turn:] + cluster.nodes[:turn], key, values[key]), key
        eventually(lambda: is_served(cluster.nodes, values), "every value at every node", seconds=90)
        # With code 1, if the engine cannot write down that this was a clean stop.
        assert hurt.terminate() in (0, 1)
    else:
        # LMDB's file is checked before the library may follow what stands there; the other engines notice some damage.
        # RocksDB's may open, and refuse all writes as soon as a compaction has met the damage.
        assert hurt.process.returncode == 1
        is_open = "cannot begin on its engine's files" in hurt.log
        assert is_open or "does not open its files" in hurt.log
        assert "kvnode engine repair" in hurt.log
        assert is_served([first, second], values)

    if is_open:
        found = repaired(hurt, "--dry-run")
        assert not found["repaired"] and "damaged" not in found
        assert {path.name for path in (hurt.directory / "data").iterdir()} == {"ENGINE", "engine"}
        report = repaired(hurt)
    else:
        report = put_together(hurt)
    if report is not None:
        assert report["repaired"] and pathlib.Path(report["damaged"]).is_dir(), report
    if is_open:
        # A block of RocksDB's that cannot be read hides its range of keys in every table.
        assert report["contents"]["data"]["rows"] > 100, report
        assert report["contents"]["data"]["unreadable_places"] > 0, report
    elif report is not None:
        assert report["refusal"], report
    hurt.start()
    wait_filled(cluster, hurt)

    first.kill()
    second.kill()
    assert is_served([hurt], values, r=1)


@pytest.mark.parametrize("engine", ["rocksdb", "leveldb"])
def test_files_that_do_not_open_are_put_together(start_cluster, chance, engine):
    cluster = start_cluster([engine] * 3, QUICK)
    first, second, hurt = cluster.nodes
    values = fill(first, 200, chance)
    assert hurt.terminate() == 0
    (hurt.directory / "data" / "engine" / "CURRENT").unlink()
    hurt.start()
    assert hurt.process.wait(30) == 1
    assert "CURRENT is gone" in hurt.log and "kvnode engine repair" in hurt.log
    report = put_together(hurt)
    if report is not None:
        assert "CURRENT is gone" in report["refusal"] and report["contents"]["data"]["rows"] > 0, report
    hurt.start()
    wait_filled(cluster, hurt)
    first.kill()
    second.kill()
    assert is_served([hurt], values, r=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_where_nothing_is_left_the_peers_fill_the_node(start_cluster, chance, engine):
    cluster = start_cluster(["lmdb", "rocksdb", engine], QUICK)
    first, second, hurt = cluster.nodes
    values = fill(first, 100, chance)
    hurt.kill()
    for path in (hurt.directory / "data" / "engine").iterdir():
        path.write_bytes(chance.randbytes(path.stat().st_size) if path.name != "LOCK" else b"")
    hurt.start()
    assert hurt.process.wait(30) == 1
    assert "the node's peers fill it anew" in hurt.log
    ended = repair_command(hurt)
    if ended.returncode == FAILED:
        assert "Move what is in" in ended.stderr, ended
        shutil.move(hurt.directory / "data", hurt.directory / "damaged")
    else:
        # LevelDB and RocksDB make an empty database of files that hold nothing.
        assert ended.returncode == DONE, ended
    hurt.start()
    wait_filled(cluster, hurt)
    first.kill()
    second.kill()
    assert is_served([hurt], values, r=1)


def test_what_need_not_or_cannot_be_repaired(start_cluster, chance):
    cluster = start_cluster(["rocksdb"], QUICK)
    node = cluster[0]
    fill(node, 50, chance, w=1)
    refused = repair_command(node)
    assert refused.returncode == IN_USE and "stop the node first" in refused.stderr, refused
    assert node.terminate() == 0
    sound = repair_command(node)
    assert sound.returncode == NOTHING_TO_DO and "nothing is damaged" in sound.stderr, sound
    node.configure(cluster.nodes, merged(QUICK, {"cluster": {"name": "another"}}))
    other = repair_command(node, "--json")
    assert other.returncode == FAILED and 'belongs to cluster' in other.stdout, other
    assert {path.name for path in (node.directory / "data").iterdir()} == {"ENGINE", "engine"}
    node.configure(cluster.nodes, QUICK)
    node.start()
    node.wait_ready()
    assert members(node)[node.name]["role"] == "ROLE_UP"
