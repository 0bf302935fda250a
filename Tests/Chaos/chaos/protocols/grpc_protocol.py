"""gRPC, by unary calls. It tells the most: the dot and the timestamp of every value, also in the answers to writes."""

import grpc

from support.grpc_client import Stubs

from ..history import Bucket, Shown
from ..security import Security
from . import CLIENT_SECONDS, REQUEST_MS, Failed, NotSent, Reply, identity

_OPTIONS = [
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    # A node that is back is to be found soon.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.max_receive_message_length", -1),
]


def channel_to(host: str, port: int, security: Security | None) -> grpc.Channel:
    address = f"{host}:{port}"
    return security.channel(address, _OPTIONS) if security else grpc.insecure_channel(address, options=_OPTIONS)


def shown_by(siblings) -> tuple[Shown, ...]:
    return tuple(
        Shown(identity(one.value), f"{one.dot.actor:016x}:{one.dot.counter}", one.timestamp_ms) for one in siblings)


class GRPCClient:
    name = "grpc"

    def __init__(self, stubs: Stubs, host: str, port: int, security: Security | None):
        self._m = stubs.messages
        self._channel = channel_to(host, port, security)
        self._stub = stubs.services.KeyValueStub(self._channel)
        self._options = self._m.Options(timeout_ms=REQUEST_MS)

    def close(self) -> None:
        self._channel.close()

    def get(self, bucket: Bucket, key: str) -> Reply:
        reply = self._call(self._stub.Get, self._get_request(bucket, key))
        return Reply(shown_by(reply.siblings), reply.context)

    def put(self, bucket: Bucket, key: str, value: bytes, context: bytes) -> Reply:
        reply = self._call(self._stub.Put, self._m.PutRequest(
            bucket=bucket.value, key=key.encode(), value=value, context=context, return_siblings=True,
            options=self._options))
        return Reply(shown_by(reply.siblings), reply.context)

    def delete(self, bucket: Bucket, key: str, context: bytes) -> Reply:
        reply = self._call(self._stub.Delete, self._m.DeleteRequest(
            bucket=bucket.value, key=key.encode(), context=context, return_siblings=True, options=self._options))
        return Reply(shown_by(reply.siblings), reply.context)

    def add(self, bucket: Bucket, key: str, amount: int) -> int:
        return int(self._update(bucket, key, add=self._m.Number(integer=amount)).number)

    def add_member(self, bucket: Bucket, key: str, member: str) -> int:
        return self._update(bucket, key, add_members=self._m.Members(members=[member.encode()])).count

    def remove_member(self, bucket: Bucket, key: str, member: str) -> int:
        return self._update(bucket, key, remove_members=self._m.Members(members=[member.encode()])).count

    def number(self, bucket: Bucket, key: str) -> int:
        values = self._call(self._stub.GetData, self._get_request(bucket, key)).values.values
        return int(values[0]) if values else 0

    def members(self, bucket: Bucket, key: str) -> frozenset[str]:
        found = self._call(self._stub.GetData, self._get_request(bucket, key)).members.members
        return frozenset(member.decode() for member in found)

    def _get_request(self, bucket: Bucket, key: str):
        return self._m.GetRequest(bucket=bucket.value, key=key.encode(), options=self._options)

    def _update(self, bucket: Bucket, key: str, **change):
        return self._call(self._stub.UpdateData, self._m.UpdateDataRequest(
            bucket=bucket.value, key=key.encode(), options=self._options, **change))

    def _call(self, method, request):
        try:
            return method(request, timeout=CLIENT_SECONDS)
        except grpc.RpcError as error:
            words = f"{error.code().name}: {error.details()}"
            # Said by the library, not by a node: there is no connection.
            if "failed to connect to all addresses" in words:
                raise NotSent(words) from error
            raise Failed(words) from error
