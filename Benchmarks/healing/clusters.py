"""Clusters of real nodes for one figure: started, filled with keys, asked how they are, and ended."""

import concurrent.futures
import contextlib
import functools
import pathlib
import shutil
import sys
import tempfile
import time

import grpc

from support.cluster import Cluster, Node
from support.grpc_client import Stubs

#: That the load generator writes to.
BUCKET = "bench"
VALUE = bytes(128)
#: Keys in one call; what a node takes by default.
BATCH = 1_000
#: Removed when the run ends.
_STUBS = tempfile.TemporaryDirectory(prefix="kvnode-stubs-")


@functools.cache
def stubs() -> Stubs:
    """The generated Python code of the protocols, once a run."""
    return Stubs(pathlib.Path(_STUBS.name))


@functools.cache
def cluster_protocol():
    """The messages and the client of `kvnode.v1.Cluster`."""
    stubs()
    from kvnode.v1 import cluster_pb2, cluster_pb2_grpc
    return cluster_pb2, cluster_pb2_grpc


class Operator:
    """Calls of the service `kvnode.v1.Cluster` to one node, over one kept connection."""

    def __init__(self, node: Node):
        self.messages, services = cluster_protocol()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{node.grpc_port}", options=[("grpc.enable_http_proxy", 0)])
        self.service = services.ClusterStub(self._channel)

    def status(self):
        return self.service.Status(self.messages.StatusRequest(), timeout=10)

    def __enter__(self) -> "Operator":
        return self

    def __exit__(self, *_) -> None:
        self._channel.close()


@contextlib.contextmanager
def running(folder: pathlib.Path, engines: list[str], changes: dict | None = None, quorum: str = "strict"):
    """A cluster that serves; its logs are shown if what is done with it fails, its data are removed."""
    cluster = Cluster(folder, engines, stubs(), changes)
    try:
        cluster.start()
        if quorum != "strict":
            assert cluster[0].http.set_properties(BUCKET, {"quorum": quorum}).status == 200
        yield cluster
    except BaseException:
        print(cluster.logs(), file=sys.stderr)
        raise
    finally:
        cluster.stop()
        shutil.rmtree(folder)


def ports(nodes: list[Node], protocol: str) -> list[int]:
    return [node.grpc_port if protocol == "session" else node.http_port for node in nodes]


def fill(nodes: list[Node], count: int, first: int = 0) -> float:
    """Puts `count` keys from number `first` on, as the load generator names them, each of which must succeed.

    By calls of BatchPut, one at a time to each node, since that costs least. Gives the seconds that it took.
    """
    starts = iter(range(first, first + count, BATCH))
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
        # Each takes the next batch when it is done with one; a range's iterator may be shared by threads.
        for work in [pool.submit(_put_batches, node, starts, first + count) for node in nodes]:
            work.result()
    return time.monotonic() - begun


def _put_batches(node: Node, starts, end: int) -> None:
    m = node.grpc.m
    for start in starts:
        reply = node.grpc.stub.BatchPut(m.BatchPutRequest(entries=[
            m.PutRequest(bucket=BUCKET, key=b"k%015d" % number, value=VALUE)
            for number in range(start, min(start + BATCH, end))]), timeout=60)
        failed = [result.error.message for result in reply.results if result.HasField("error")]
        assert not failed, f"{len(failed)} puts at {node.name} failed: {failed[0]}"
