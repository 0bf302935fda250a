"""Clusters of real nodes for one figure: started, filled with keys, asked how they are, and ended."""

import contextlib
import functools
import pathlib
import shutil
import sys
import tempfile

import grpc

from harness.generator import Load, run
from support.cluster import Cluster, Node
from support.grpc_client import Stubs

#: That the load generator writes to.
BUCKET = "bench"


@functools.cache
def stubs() -> Stubs:
    """The generated Python code of the protocols, once a run."""
    return Stubs(pathlib.Path(tempfile.mkdtemp(prefix="kvnode-stubs-")))


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


def fill(nodes: list[Node], protocol: str, count: int, first: int = 0) -> dict:
    """Puts `count` keys from number `first` on, each of which must succeed."""
    # Many at a time, since then they cost least.
    done = run(Load(ports(nodes, protocol), "put", first=first, protocol=protocol, connections=400, count=count))
    assert done["operations"] == count and done["failed"] == 0, done
    return done
