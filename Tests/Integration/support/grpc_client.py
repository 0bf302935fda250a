"""The Python client that grpcio-tools generates from proto/, and names for what the tests ask of it."""

import importlib
import pathlib
import sys

import grpc
from grpc_tools import protoc

from .binary import REPOSITORY
from .certificates import Authority

# As `support.http.CLIENT_TIMEOUT`.
CLIENT_TIMEOUT = 30
# No retries behind the tests' back, and messages as large as the node takes.
_CHANNEL_OPTIONS = [
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]


class Stubs:
    """The generated modules: `messages`, `cluster`, `backup` and services of kvnode.v1, `health` and `health_services`."""

    def __init__(self, folder: pathlib.Path):
        protos = REPOSITORY / "proto"
        code = protoc.main([
            "protoc", f"-I{protos}", f"--python_out={folder}", f"--grpc_python_out={folder}",
            # Not OpenTelemetry's: the tests have the official ones, and a process can't have both.
            *(str(path.relative_to(protos)) for package in ("grpc", "kvnode") for path in sorted((protos / package).rglob("*.proto")))])
        assert code == 0, f"protoc ended with {code}"
        _extend_grpc_package(folder)
        sys.path.insert(0, str(folder))
        self.messages = importlib.import_module("kvnode.v1.kvnode_pb2")
        self.cluster = importlib.import_module("kvnode.v1.cluster_pb2")
        self.backup = importlib.import_module("kvnode.v1.backup_pb2")
        self.backup_services = importlib.import_module("kvnode.v1.backup_pb2_grpc")
        self.services = importlib.import_module("kvnode.v1.kvnode_pb2_grpc")
        self.health = importlib.import_module("grpc.health.v1.health_pb2")
        self.health_services = importlib.import_module("grpc.health.v1.health_pb2_grpc")


def _extend_grpc_package(folder: pathlib.Path) -> None:
    """Generated code for the package grpc.health.v1 is imported from within grpcio's own package `grpc`."""
    grpc.__path__.append(str(folder / "grpc"))


class GRPCClient:
    """A channel to one node. `m` is the module of the messages."""

    def __init__(self, stubs: Stubs, port: int, authority: Authority | None = None):
        self.m = stubs.messages
        address = f"127.0.0.1:{port}"
        if authority is None:
            self.channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
        else:
            credentials = grpc.ssl_channel_credentials(authority.trust.read_bytes())
            self.channel = grpc.secure_channel(address, credentials, options=_CHANNEL_OPTIONS)
        self.stub = stubs.services.KeyValueStub(self.channel)
        self.health = stubs.health_services.HealthStub(self.channel)
        self._health_messages = stubs.health

    def close(self) -> None:
        self.channel.close()

    def options(self, **fields):
        return self.m.Options(**fields)

    def get(self, bucket: str, key: bytes, **options):
        request = self.m.GetRequest(bucket=bucket, key=key, options=self.m.Options(**options))
        return self.stub.Get(request, timeout=CLIENT_TIMEOUT)

    def put(self, bucket: str, key: bytes, value: bytes, *, options: dict | None = None, **fields):
        request = self.m.PutRequest(
            bucket=bucket, key=key, value=value, options=self.m.Options(**(options or {})), **fields)
        return self.stub.Put(request, timeout=CLIENT_TIMEOUT)

    def delete(self, bucket: str, key: bytes, *, options: dict | None = None, **fields):
        request = self.m.DeleteRequest(
            bucket=bucket, key=key, options=self.m.Options(**(options or {})), **fields)
        return self.stub.Delete(request, timeout=CLIENT_TIMEOUT)

    def values(self, bucket: str, key: bytes, **options) -> list[bytes]:
        return sorted(sibling.value for sibling in self.get(bucket, key, **options).siblings)

    def session(self, requests):
        """Sends every message of `requests` and gives back all results by id."""
        results = {}
        for response in self.stub.Session(iter(requests), timeout=CLIENT_TIMEOUT):
            for result in response.results:
                assert result.id not in results, f"two replies to operation {result.id}"
                results[result.id] = result
        return results

    def read_all(self, bucket: str, keys: list[str], **options) -> dict[str, list[bytes]]:
        """The values of each key, by one pipelined session."""
        m = self.m
        results = self.session(
            m.SessionRequest(operations=[
                m.SessionOperation(
                    id=index,
                    get=m.GetRequest(bucket=bucket, key=keys[index].encode(), options=m.Options(**options)))
                for index in range(first, min(first + 50, len(keys)))])
            for first in range(0, len(keys), 50))
        failed = {keys[index]: str(one.error) for index, one in results.items() if one.HasField("error")}
        assert not failed, f"{len(failed)} of {len(keys)} keys can't be read: {list(failed.items())[:3]}"
        return {key: [sibling.value for sibling in results[index].get.siblings] for index, key in enumerate(keys)}

    def health_status(self, service: str = "") -> int:
        request = self._health_messages.HealthCheckRequest(service=service)
        return self.health.Check(request, timeout=CLIENT_TIMEOUT).status


def status_of(call) -> grpc.StatusCode:
    """The status with which `call()` ends."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def failure_of(call) -> grpc.RpcError:
    """The error with which `call()` fails."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"the call succeeded: {answer}")
