"""What an operator asks of nodes: how they are, where keys lie, and changes of the members."""

import importlib

import grpc

from support.grpc_client import Stubs

from .history import Bucket
from .nodes import ChaosNode
from .network import GRPC
from .protocols.grpc_protocol import channel_to

ASK_SECONDS = 5.0


class Operator:
    """`kvnode.v1.Cluster` of one node, and the properties of its buckets. Any thread may use it."""

    def __init__(self, stubs: Stubs, node: ChaosNode):
        self.node = node
        self.m = importlib.import_module("kvnode.v1.cluster_pb2")
        self._kv = stubs.messages
        self.channel = channel_to(node.host, node.port(GRPC), node.security)
        self._cluster = importlib.import_module("kvnode.v1.cluster_pb2_grpc").ClusterStub(self.channel)
        self.store = stubs.services.KeyValueStub(self.channel)

    def close(self) -> None:
        self.channel.close()

    def status(self):
        return self._cluster.Status(self.m.StatusRequest(), timeout=ASK_SECONDS)

    def reachable_status(self):
        """The status, or None if the node does not answer."""
        try:
            return self.status()
        except grpc.RpcError:
            return None

    def replicas(self, bucket: str, key: str) -> list[str]:
        return list(self._cluster.Ring(self.m.RingRequest(
            key=self.m.RingRequest.BucketKey(bucket=bucket, key=key.encode())), timeout=ASK_SECONDS).replicas)

    def stage_join(self, node: ChaosNode) -> None:
        self._cluster.Stage(self.m.StageRequest(
            join=self.m.Member(name=node.name, address=node.advertised, weight=1)), timeout=ASK_SECONDS)

    def stage_leave(self, name: str) -> None:
        self._cluster.Stage(self.m.StageRequest(leave=name), timeout=ASK_SECONDS)

    def commit(self) -> None:
        self._cluster.Commit(self.m.CommitRequest(
            expected_version=self.status().layout_version), timeout=ASK_SECONDS)

    def make_buckets(self) -> None:
        """The buckets of a run; all nodes know them on return, or will."""
        properties = self._kv.BucketProperties
        for bucket, fields in {
                Bucket.SIBLINGS: {}, Bucket.SLOPPY: {"quorum": properties.QUORUM_SLOPPY},
                Bucket.LATEST: {"conflict": properties.CONFLICT_LAST_WRITE_WINS}}.items():
            self.store.SetBucketProperties(self._kv.SetBucketPropertiesRequest(
                bucket=bucket.value, properties=properties(n=3, r=2, w=2, **fields)), timeout=ASK_SECONDS)
