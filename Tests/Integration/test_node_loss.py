"""kill -9 of one node: quorums go on, what needs the dead one says so, and a read brings it up to date."""

import threading
import time

import pytest

from support.http import HTTPClient

KEYS = 24


def test_two_of_three_serve_and_the_third_is_repaired_by_reads(own_cluster):
    survivor, other, victim = own_cluster.nodes
    old = {f"old-{index}": survivor.http.put("b", f"old-{index}", b"old").context for index in range(KEYS)}
    victim.kill()

    for node in (survivor, other):
        for key, context in list(old.items())[:KEYS // 2]:
            assert node.http.put("b", key, b"new", context, w=2).is_stored
            assert node.http.get("b", key, r=2).values == [b"new"]
            old[key] = node.http.get("b", key).context
    for index in range(KEYS):
        assert other.http.put("b", f"fresh-{index}", b"fresh", w=2).is_stored
    assert survivor.http.delete("b", f"old-{KEYS - 1}", old[f"old-{KEYS - 1}"], w=2).is_stored

    victim.start()
    own_cluster.wait_connected()
    expected = {f"old-{index}": [b"new"] if index < KEYS // 2 else [b"old"] for index in range(KEYS - 1)}
    expected |= {f"fresh-{index}": [b"fresh"] for index in range(KEYS)} | {f"old-{KEYS - 1}": []}
    for key, values in expected.items():
        assert survivor.http.get("b", key, r=3).values == values
    # A read answers first and repairs then. A stop by SIGTERM drains both, so the repairs are with the third node
    # before the others are gone, and what it gives from then on is its own.
    survivor.terminate()
    other.terminate()
    assert {key: victim.http.get("b", key, r=1).values for key in expected} == expected


def test_a_write_to_all_replicas_fails_in_time_and_says_how_many_answered(own_cluster):
    own_cluster[2].kill()
    for node in own_cluster.nodes[:2]:
        for number in range(6):
            begun = time.monotonic()
            refused = node.http.put("b", f"k{number}", b"v", w=3, timeout="1500ms")
            assert time.monotonic() - begun < 2.5
            assert refused.status in (503, 504), refused
            assert refused.problem["replicas_needed"] == 3
            assert 0 < refused.problem["replicas_answered"] < 3
            assert node.http.get("b", f"k{number}", r=3, timeout="1500ms").status in (503, 504)


def test_one_of_three_refuses_quorums_and_is_not_ready(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    cluster[0].http.put("b", "k", b"v", w=3)
    cluster[1].kill()
    cluster[2].kill()
    alone = cluster[0]
    assert alone.http.get("b", "k", timeout="1s").status in (503, 504)
    assert alone.http.get("b", "k", r=1).values == [b"v"]
    assert alone.http.request("GET", "/healthz").status == 200
    refused = alone.http.request("GET", "/readyz")
    assert refused.status == 503, refused


@pytest.mark.parametrize("engines", [["rocksdb", "leveldb", "lmdb"]], ids=["mix"])
def test_no_acknowledged_write_is_lost_when_a_node_dies_under_load(start_cluster, engines):
    cluster = start_cluster(engines)
    writers, writes_each = 6, 150
    acknowledged: list[dict[str, bytes]] = [{} for _ in range(writers)]
    failures: list[BaseException] = []
    half_done = threading.Barrier(writers + 1, timeout=60)

    def write(number: int) -> None:
        clients = [HTTPClient(node.http_port) for node in cluster.nodes]
        try:
            for index in range(writes_each):
                if index == writes_each // 3:
                    half_done.wait()
                key, value = f"{number}-{index}", f"value {number} {index}".encode()
                for attempt in range(3):
                    try:
                        answer = clients[(number + index + attempt) % 3].put("b", key, value, timeout="5s")
                    except OSError:
                        continue  # the node is gone; requests' errors are OSErrors
                    if answer.status in (200, 201, 204):
                        acknowledged[number][key] = value
                        break
        except BaseException as error:
            failures.append(error)
        finally:
            for client in clients:
                client.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    half_done.wait()
    cluster[1].kill()
    for thread in threads:
        thread.join(60)
    assert not failures, failures

    written = {key: value for one in acknowledged for key, value in one.items()}
    assert len(written) > writers * writes_each * 9 // 10, "nearly every write has a living node to take it"
    cluster[1].start()
    cluster.wait_connected()
    for node in cluster.nodes:
        # A write that was tried twice may be there twice, as siblings of the same value.
        found = node.grpc.read_all("b", list(written))
        lost = {key for key, value in written.items() if set(found[key]) != {value}}
        assert not lost, f"{node.name} lost {len(lost)} of {len(written)}: {sorted(lost)[:5]}"
