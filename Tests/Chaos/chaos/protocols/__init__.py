"""kvnode's three protocols behind one set of methods, as the clients of a run use them."""

from dataclasses import dataclass
from typing import Protocol

from ..history import Bucket, Shown

#: Given to a node with each request, and how long a client waits for its answer: beyond it the outcome is unknown.
REQUEST_MS = 2_000
CLIENT_SECONDS = 4.0


class NotSent(Exception):
    """No connection could be made: the request cannot have been done."""


class Failed(Exception):
    """The request failed, or was not answered: whether it was done, or will be, is not known."""


@dataclass(frozen=True)
class Reply:
    #: None where the protocol does not tell the values.
    shown: tuple[Shown, ...] | None = None
    context: bytes = b""


class Client(Protocol):
    """Requests to one node, by one thread. Every method may raise `NotSent` and `Failed`."""

    name: str

    def get(self, bucket: Bucket, key: str) -> Reply: ...

    def put(self, bucket: Bucket, key: str, value: bytes, context: bytes) -> Reply: ...

    def delete(self, bucket: Bucket, key: str, context: bytes) -> Reply: ...

    def add(self, bucket: Bucket, key: str, amount: int) -> int: ...

    def add_member(self, bucket: Bucket, key: str, member: str) -> int: ...

    def remove_member(self, bucket: Bucket, key: str, member: str) -> int: ...

    def number(self, bucket: Bucket, key: str) -> int: ...

    def members(self, bucket: Bucket, key: str) -> frozenset[str]: ...

    def close(self) -> None: ...


def identity(value: bytes) -> str:
    """The name of the write that a value came from: what is before its first space. The rest is there for its size."""
    return value.partition(b" ")[0].decode(errors="replace")
