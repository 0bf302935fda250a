"""Redis's protocol: KV.GET and its kind for registers, with contexts; Redis's own commands for the rest."""

import redis
from redis.connection import Connection, SSLConnection

from ..history import Bucket, Shown
from ..security import Security
from . import CLIENT_SECONDS, Failed, NotSent, Reply, identity


class RESPClient:
    """A connection for each bucket, as it is the connection that has one."""

    name = "resp"

    def __init__(self, host: str, port: int, security: Security | None):
        self._security = security
        self._options = {
            "host": host, "port": port, "protocol": 2, "socket_timeout": CLIENT_SECONDS,
            "socket_connect_timeout": CLIENT_SECONDS}
        self._connections: dict[Bucket, Connection] = {}

    def close(self) -> None:
        for bucket in list(self._connections):
            self._drop(bucket)

    def get(self, bucket: Bucket, key: str) -> Reply:
        context, values = self._command(bucket, "KV.GET", key)
        return Reply(tuple(Shown(identity(value)) for value in values), context or b"")

    def put(self, bucket: Bucket, key: str, value: bytes, context: bytes) -> Reply:
        return Reply(None, self._command(bucket, "KV.PUT", key, context, value) or b"")

    def delete(self, bucket: Bucket, key: str, context: bytes) -> Reply:
        return Reply(None, self._command(bucket, "KV.DEL", key, context) or b"")

    def add(self, bucket: Bucket, key: str, amount: int) -> int:
        return self._command(bucket, "INCRBY", key, amount)

    def add_member(self, bucket: Bucket, key: str, member: str) -> int:
        return self._command(bucket, "SADD", key, member)

    def remove_member(self, bucket: Bucket, key: str, member: str) -> int:
        return self._command(bucket, "SREM", key, member)

    def number(self, bucket: Bucket, key: str) -> int:
        return int(self._command(bucket, "GET", key) or 0)

    def members(self, bucket: Bucket, key: str) -> frozenset[str]:
        return frozenset(member.decode() for member in self._command(bucket, "SMEMBERS", key))

    def _command(self, bucket: Bucket, *words):
        connection = self._connection(bucket)
        try:
            connection.send_command(*words)
            return connection.read_response()
        except redis.ResponseError as error:
            raise Failed(str(error)) from error
        except (redis.RedisError, OSError) as error:
            self._drop(bucket)
            raise Failed(_words(error)) from error

    def _connection(self, bucket: Bucket) -> Connection:
        if bucket not in self._connections:
            connection = self._new_connection()
            try:
                connection.connect()
                connection.send_command("KV.BUCKET", bucket.value)
                connection.read_response()
            except (redis.RedisError, OSError) as error:
                connection.disconnect()
                raise NotSent(_words(error)) from error
            self._connections[bucket] = connection
        return self._connections[bucket]

    def _new_connection(self) -> Connection:
        if self._security is None:
            return Connection(**self._options)
        return SSLConnection(
            **self._options, username=self._security.user, password=self._security.password,
            ssl_ca_certs=str(self._security.trust))

    def _drop(self, bucket: Bucket) -> None:
        connection = self._connections.pop(bucket, None)
        if connection is not None:
            connection.disconnect()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
