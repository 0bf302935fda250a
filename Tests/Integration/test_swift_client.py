"""The Swift client, by its example: Examples/Carts against real nodes, all of them and two of three."""

import subprocess

from support.cluster import BINARY, clean_environment

CARTS = BINARY.parent / "carts"
PRINTED = "siblings: 2\ncart: bread, eggs, milk, rice, tea\nvisits: 3\norders: 100\n"


def carts(cluster) -> subprocess.CompletedProcess:
    endpoints = [f"127.0.0.1:{node.grpc_port}" for node in cluster.nodes]
    return subprocess.run(
        [CARTS, *endpoints], capture_output=True, text=True, timeout=120, env=clean_environment())


def test_the_example_does_what_its_page_says(cluster):
    done = carts(cluster)
    assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr


def test_a_node_that_is_gone_is_passed_over(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    cluster[1].kill()
    done = carts(cluster)
    assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr


def test_without_a_quorum_it_says_why(start_cluster):
    cluster = start_cluster(["memory", "memory", "memory"])
    cluster[1].kill()
    cluster[2].kill()
    failed = carts(cluster)
    assert failed.returncode == 1 and failed.stderr.startswith("carts: ")
