"""The same commands to kvnode and to a real redis-server: the replies are the same bytes, errors included."""

import contextlib
import math
import socket
import subprocess
import time

import pytest

from support.cluster import Cluster
from support.ports import free_port
from support.users import User, write_users
from support.waiting import eventually

# What follows a command, to tell where its reply ends.
END = b"the end of a reply"
COMMANDS = {
    "strings": [
        b"GET k", b"SET k v", b"get k", b"Set k 'a b'", b"GET k", b"STRLEN k", b"STRLEN none", b"GETSET k 1",
        b"GETSET new 1", b"GETDEL k", b"GETDEL k", b"MSET a 1 b 2 a 3", b"MGET a none b a", b"EXISTS a a none",
        b"DEL a none a", b"UNLINK b none", b"SETNX k v", b"SETNX k w", b"GET k", b"SETEX k 100 x", b"GET k",
    ],
    "options": [
        b"SET k v XX", b"SET k v NX", b"SET k v NX", b"SET k w XX", b"SET k x GET", b"SET k y XX GET",
        b"SET k z NX GET", b"SET new z NX GET", b"SET k v EX 100", b"SET k v EX 100 NX", b"SET k v ex 1 ex 100", b"GET k",
    ],
    "more strings": [
        b"APPEND k ab", b"APPEND k ''", b"APPEND k cd", b"GET k", b"TYPE k", b"TYPE none", b"PSETEX k 100000 v", b"GETEX k",
        b"GETEX none", b"GETEX none EX 100", b"GETEX k EX 50", b"TTL k", b"GETEX k PERSIST", b"TTL k", b"GETEX k",
        b"GETEX k EXAT 1", b"GET k",
    ],
    "times to live": [
        b"TTL k", b"PTTL k", b"EXPIRETIME k", b"PEXPIRETIME k", b"EXPIRE k 100", b"PERSIST k", b"SET k v", b"TTL k", b"PTTL k",
        b"EXPIRETIME k", b"PEXPIRETIME k", b"PERSIST k", b"EXPIRE k 100", b"TTL k", b"SET k w KEEPTTL", b"TTL k",
        b"APPEND k x", b"TTL k", b"SETNX k x", b"TTL k", b"GETSET k v", b"TTL k", b"SET k v PX 100000", b"TTL k", b"PERSIST k",
        b"TTL k", b"EXPIREAT k 33000000000", b"EXPIRETIME k", b"PEXPIRETIME k", b"PEXPIREAT k 33000000000499", b"EXPIRETIME k",
        b"PEXPIREAT k 33000000000500", b"EXPIRETIME k", b"SET k v EXAT 33000000000", b"PEXPIRETIME k",
        b"SET k v PXAT 33000000000001", b"PEXPIRETIME k", b"PEXPIRE k 100000", b"TTL k", b"SET k v", b"TTL k",
    ],
    "conditions of times to live": [
        b"SET k v", b"EXPIRE k 100 XX", b"EXPIRE k 100 GT", b"TTL k", b"EXPIRE k 100 NX", b"TTL k", b"EXPIRE k 200 NX",
        b"EXPIRE k 50 GT", b"EXPIRE k 200 GT", b"TTL k", b"EXPIRE k 300 LT", b"EXPIRE k 100 lt", b"TTL k", b"PERSIST k",
        b"EXPIRE k 100 XX LT", b"EXPIRE k 100 LT", b"TTL k", b"EXPIRE k 200 XX GT", b"EXPIRE k 100 XX LT", b"EXPIRE k 300 XX",
        b"TTL k", b"EXPIRE none 100 NX", b"EXPIRE none 100 LT", b"EXPIREAT k 33000000000 GT", b"EXPIREAT k 32000000000 GT",
        b"EXPIREAT k 33000000000 GT", b"EXPIREAT k 33000000000 LT", b"EXPIRETIME k",
    ],
    "times that are past": [
        b"SET k v", b"EXPIRE k 0", b"GET k", b"SET k v", b"EXPIRE k -1", b"GET k", b"SET k v", b"EXPIREAT k 1", b"EXISTS k",
        b"SET k v", b"PEXPIREAT k -5", b"EXISTS k", b"SET k v EXAT 1", b"GET k", b"SET k v", b"SET k w PXAT 1 GET", b"EXISTS k",
        b"SET k v", b"EXPIRE k -1 NX", b"EXPIRE k 0 XX", b"EXISTS k", b"SET k v EX 100", b"EXPIRE k 0 GT", b"EXPIRE k 0 LT",
        b"EXISTS k", b"EXPIRE k -1",
    ],
    "wrong times": [
        b"SET k v PX", b"SET k v PX 0", b"SET k v EXAT 0", b"SET k v PXAT -1", b"SET k v EX 1 PX 1", b"SET k v EX 1 KEEPTTL",
        b"SET k v KEEPTTL EX 1", b"SET k v EXAT 99999999999999999", b"SET k v PERSIST", b"PSETEX k 0 v", b"PSETEX k x v",
        b"SETEX k -1 v", b"GETEX k EX", b"SET k v", b"GETEX k EX 0", b"GETEX k KEEPTTL", b"GETEX k EX 1 PERSIST", b"GETEX k PERSIST PX 1",
        b"GETEX k EX 1 EX 100", b"GETEX k FOO", b"EXPIRE k x", b"EXPIRE k 1.5", b"EXPIRE k 9223372036854775807",
        b"EXPIRE k -9223372036854775807", b"PEXPIRE k 9223372036854775807", b"EXPIREAT k 9223372036854775807", b"EXPIRE k 1 FOO",
        b"EXPIRE k 1 NX XX", b"EXPIRE k 1 NX GT", b"EXPIRE k 1 GT LT", b"EXPIRE k x GT LT", b"EXPIRE k", b"TTL", b"PTTL a b",
        b"PERSIST", b"EXPIRETIME", b"TYPE", b"APPEND k", b"GETEX", b"SET k v", b"EXPIRE k 9223372036854775807",
        b"PEXPIREAT k -9223372036854775808", b"EXISTS k",
    ],
    "counters": [
        b"INCR k", b"INCR k", b"DECR k", b"INCRBY k 10", b"DECRBY k 3", b"GET k", b"TYPE k", b"STRLEN k", b"EXISTS k", b"SET k 100",
        b"INCR k", b"GET k", b"APPEND k 0", b"INCR k", b"GETSET k 5", b"INCR k", b"MGET k none", b"GETDEL k", b"INCR k", b"DEL k",
        b"INCR k", b"INCRBY k -9", b"GET k", b"SETNX k 1", b"SET k 7 GET", b"INCR k", b"GETEX k", b"INCRBY k 0", b"INCRBY none 0",
        b"GET none",
    ],
    "counters that are no whole numbers": [
        b"INCRBYFLOAT k 10.5", b"INCRBYFLOAT k 0.1", b"INCRBYFLOAT k -5", b"GET k", b"INCR k", b"INCRBYFLOAT k 0.4", b"INCR k",
        b"SET k 5.0e3", b"INCRBYFLOAT k 2.0e2", b"INCRBYFLOAT k .5", b"INCRBYFLOAT k 1.", b"SET k 3", b"INCRBYFLOAT k 1.1",
        b"INCRBYFLOAT k 3.00", b"INCRBYFLOAT k -7.1", b"GET k", b"TYPE k", b"INCRBYFLOAT k +2", b"INCRBYFLOAT k 1e-3",
        b"SET k 3.5", b"INCRBYFLOAT k 0.5", b"INCR k", b"SET k 5.0", b"INCR k", b"INCRBYFLOAT k 1", b"INCR k",
    ],
    "wrong numbers": [
        b"INCRBY k x", b"INCRBY k 1.5", b"INCRBY k 9223372036854775808", b"DECRBY k -9223372036854775808", b"DECRBY k x",
        b"INCRBYFLOAT k x", b"INCRBYFLOAT k 1,5", b"INCRBYFLOAT k ''", b"INCRBYFLOAT k 1e", b"SET k x", b"INCR k", b"INCRBYFLOAT k 1",
        b"SET k ' 1'", b"INCR k", b"INCRBYFLOAT k 1", b"SET k 1.5", b"INCR k", b"SET k 01", b"INCR k", b"SET k ''", b"INCR k",
        b"SET k 9223372036854775807", b"INCR k", b"DECR k", b"INCR k", b"INCR k", b"SET k -9223372036854775808", b"DECR k",
        b"DECRBY k 1", b"INCR", b"INCR a b", b"INCRBY a", b"DECR", b"DECRBY a", b"INCRBYFLOAT a",
    ],
    "counters and times": [
        b"INCR k", b"EXPIRE k 100", b"TTL k", b"INCR k", b"TTL k", b"PERSIST k", b"TTL k", b"SET k 5 EX 100", b"INCR k", b"TTL k",
        b"EXPIRE k 0", b"EXISTS k", b"INCR k", b"TTL k", b"EXPIRE k 100", b"SET k 1", b"TTL k", b"INCRBYFLOAT k 1.5", b"EXPIRE k -1",
        b"GET k", b"SET k 1", b"INCR k", b"EXPIRE k 100 NX", b"EXPIRE k 200 NX", b"EXPIRE k 200 GT", b"TTL k", b"GETEX k PERSIST",
        b"TTL k", b"GETEX k EX 100", b"TTL k", b"GET k",
    ],
    "sets": [
        b"SADD k 1", b"SADD k 1", b"SADD k 2 3 2", b"SMEMBERS k", b"SCARD k", b"SISMEMBER k 2", b"SISMEMBER k x",
        b"SMISMEMBER k 1 x 3", b"SREM k 1 x", b"SREM k 1", b"SCARD k", b"TYPE k", b"EXISTS k", b"SREM k 2 3", b"EXISTS k", b"TYPE k",
        b"SMEMBERS k", b"SCARD none", b"SMEMBERS none", b"SISMEMBER none a", b"SMISMEMBER none a b", b"SREM none a", b"SADD k ''",
        b"SMEMBERS k", b"SISMEMBER k ''", b"DEL k", b"SCARD k", b"SADD k 1", b"SSCAN k 0", b"SSCAN k 0 COUNT 10", b"SADD k 2",
        b"SSCAN k 0 MATCH 2*", b"SSCAN k 0 match x* count 5", b"SSCAN none 0", b"EXPIRE k 100", b"TTL k", b"SADD k 3", b"TTL k",
        b"SREM k 1 2 3", b"SADD k a", b"TTL k",
    ],
    "maps": [
        b"HSET k a 1", b"HSET k a 2", b"HSET k b 1 c 1 b 2", b"HGETALL k", b"HGET k a", b"HGET k x", b"HMGET k a x c", b"HLEN k",
        b"HEXISTS k a", b"HEXISTS k x", b"HKEYS k", b"HVALS k", b"HSTRLEN k a", b"HSTRLEN k x", b"HSETNX k a 9", b"HSETNX k d 9",
        b"HGET k d", b"HDEL k a x", b"HDEL k a", b"HLEN k", b"TYPE k", b"HMSET k e 1 f 2", b"HGETALL k", b"HDEL k b c d e f",
        b"EXISTS k", b"HGETALL k", b"HGET none a", b"HMGET none a b", b"HLEN none", b"HKEYS none", b"HVALS none", b"HDEL none a",
        b"HGETALL none", b"HSET k '' ''", b"HGET k ''", b"HSCAN k 0", b"HSET k ab 1", b"HSCAN k 0 MATCH a*", b"HSCAN k 0 MATCH x COUNT 9",
        b"HSCAN none 0", b"EXPIRE k 100", b"TTL k", b"HSET k z 1", b"TTL k", b"DEL k", b"HLEN k",
    ],
    "fields that count": [
        b"HINCRBY k a 5", b"HINCRBY k a -7", b"HGET k a", b"HSET k a 10", b"HINCRBY k a 1", b"HGETALL k", b"HDEL k a", b"HINCRBY k a 1",
        b"HINCRBYFLOAT k a 0.5", b"HINCRBY k a 1", b"HINCRBYFLOAT k a 0.5", b"HINCRBY k a 1", b"HINCRBYFLOAT k f 1.5e2", b"HGET k f",
        b"HSET k t x", b"HINCRBY k t 1", b"HINCRBYFLOAT k t 1", b"HINCRBY k a x", b"HINCRBY k a 1.5", b"HINCRBYFLOAT k a x",
        b"HSET k m 9223372036854775807", b"HINCRBY k m 1", b"HINCRBY k m -1", b"HSTRLEN k m", b"HSETNX k a 1",
    ],
    "wrong kinds": [
        b"SET s 1", b"SADD t a", b"HSET m f 1", b"SADD s a", b"SREM s a", b"SMEMBERS s", b"SCARD m", b"SISMEMBER m a",
        b"SMISMEMBER s a", b"SSCAN s 0", b"HSET s f 1", b"HGET t f", b"HMGET s f", b"HDEL t f", b"HGETALL s", b"HLEN t", b"HEXISTS s f",
        b"HKEYS s", b"HVALS t", b"HSETNX t f 1", b"HINCRBY s f 1", b"HINCRBYFLOAT t f 1", b"HSCAN t 0", b"HSTRLEN t f", b"GET t",
        b"GET m", b"STRLEN t", b"APPEND t x", b"INCR t", b"INCRBYFLOAT m 1", b"GETSET t x", b"GETDEL t", b"GETEX t", b"GETEX t EX 100",
        b"SET t x GET", b"MGET s t m", b"EXISTS s t m", b"TYPE t", b"SETNX t x", b"SET t x NX", b"TTL t", b"EXPIRE t 100", b"TTL t",
        b"SET t x", b"GET t", b"TTL t", b"MSET m x", b"GET m", b"SADD t y", b"DEL t", b"SADD t y", b"SCARD t",
    ],
    "wrong commands on sets and maps": [
        b"SADD", b"SADD k", b"SREM k", b"SMEMBERS", b"SMEMBERS a b", b"SISMEMBER k", b"SMISMEMBER k", b"SCARD", b"SSCAN k", b"SSCAN k x",
        b"SSCAN k -1", b"SADD k a", b"SSCAN k 0 COUNT",
        b"SSCAN k 0 COUNT 0", b"SSCAN k 0 COUNT x", b"SSCAN k 0 FOO 1", b"SSCAN k 18446744073709551616", b"HSET k", b"HSET k a", b"HSET k a 1 b", b"HMSET k a",
        b"HMSET k a 1 b", b"HSETNX k a", b"HGET k", b"HMGET k", b"HDEL k", b"HGETALL", b"HLEN", b"HEXISTS k", b"HKEYS", b"HVALS", b"HSTRLEN k",
        b"HINCRBY k a", b"HINCRBYFLOAT k a", b"HSCAN k", b"HSCAN h x",
    ],
    "all keys": [
        b"DBSIZE", b"KEYS *", b"RANDOMKEY", b"SCAN 0 COUNT 1000000", b"SET k:1 a", b"DBSIZE", b"KEYS *", b"RANDOMKEY", b"SADD t x",
        b"DBSIZE", b"KEYS k*", b"KEYS K*", b"KEYS k:?", b"KEYS k:[0-3]", b"KEYS ''", b"DEL k:1", b"DBSIZE", b"KEYS *", b"RANDOMKEY",
        b"FLUSHDB", b"DBSIZE", b"EXISTS t", b"SET a b", b"FLUSHDB ASYNC", b"SET a b", b"FLUSHDB sync", b"GET a",
    ],
    "wrong commands on all keys": [
        b"KEYS", b"KEYS a b", b"SCAN", b"SCAN x", b"SCAN 0 COUNT", b"SCAN 0 COUNT 0", b"SCAN 0 COUNT x", b"SCAN 0 FOO x", b"DBSIZE a",
        b"RANDOMKEY a", b"FLUSHDB a", b"FLUSHDB async sync", b"WAIT", b"WAIT 1", b"WAIT x 1", b"WAIT 0 x", b"WAIT 0 -1",
    ],
    "wrong commands": [
        b"NOPE", b"nope a 'b c'", b"NOPE " + 200 * b"x" + b" y", b"NOPE a " + 200 * b"y" + b" z", b"GET", b"GET a b",
        b"SET k", b"SETNX k", b"SETEX k 1", b"GETSET k", b"GETDEL", b"MSET a", b"MSET a 1 b", b"MGET", b"EXISTS", b"DEL",
        b"UNLINK", b"STRLEN", b"ECHO", b"SELECT",
    ],
    "wrong arguments": [
        b"SET k v EX", b"SET k v EX 0", b"SET k v EX -1", b"SET k v EX x", b"SET k v NX XX", b"SET k v FOO",
        b"SET k v EX x FOO", b"SET k v EX 0 FOO", b"SETEX k 0 v", b"SETEX k x v", b"SETEX k 1.5 v", b"GET k",
    ],
    "the server": [
        b"CONFIG", b"CONFIG GET", b"CONFIG GET save", b"CONFIG GET appendonl?", b"CONFIG GET nothing",
        b"CONFIG GET max[a-m]emory-policy", b"COMMAND COUNT x", b"COMMAND INFO nope", b"INFO nothing", b"AUTH", b"AUTH x",
        b"AUTH a b c",
    ],
    "the connection": [
        b"PING", b"PING a", b"PING a b", b"ECHO a", b"SELECT 0", b"SELECT 16", b"SELECT x", b"CLIENT",
        b"CLIENT ID x", b"CLIENT SETNAME 'a b'", b"CLIENT GETNAME", b"CLIENT SETNAME x", b"CLIENT GETNAME", b"HELLO x",
        b"HELLO 4", b"HELLO 2 SETNAME", b"HELLO 2 FOO", b"HELLO 2 SETNAME 'a b'", b"RESET x", b"RESET",
        b"CLIENT GETNAME",
    ],
    "no commands": [b"", b"   ", b"*0", b"*-1", b"PING"],
    "the end": [b"QUIT"],
    "a wrong length": [b"*1\r\n$a"],
    "a wrong count": [b"*a"],
    "a negative length": [b"*1\r\n$-1"],
    "a length with zeros": [b"*1\r\n$04"],
    "a length beyond all": [b"*2\r\n$3\r\nGET\r\n$99999999999"],
    "no bulk string": [b"*1\r\nPING"],
    "an open quote": [b"get \"a"],
    "a quote within a word": [b"get \"a\"b"],
}


@contextlib.contextmanager
def redis_server(directory):
    """The port of a redis-server, which is one of the names of a program of Debian's redis-tools."""
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1"],
        executable="/usr/bin/redis-check-rdb", cwd=directory, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: Connection(port).reply(b"PING") == b"+PONG\r\n", "redis-server")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


class Connection:
    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)

    def reply(self, command: bytes) -> bytes:
        """The reply's bytes, and whether the connection ends with it."""
        received = b""
        try:
            self.socket.sendall(command + b"\r\nECHO '" + END + b"'\r\n")
            end = b"$%d\r\n%s\r\n" % (len(END), END)
            while not received.endswith(end):
                chunk = self.socket.recv(1 << 16)
                if not chunk:
                    return received + b"<closed>"
                received += chunk
            return received.removesuffix(end)
        except ConnectionError:
            return received + b"<closed>"


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("group", COMMANDS)
def test_replies(cluster, bucket, redis_port, group, version):
    theirs, ours = Connection(redis_port), Connection(cluster[0].resp_port)
    assert theirs.reply(b"FLUSHALL") == ours.reply(b"KV.BUCKET " + bucket.encode()) == b"+OK\r\n"
    for connection in (theirs, ours):
        connection.reply(b"HELLO %d" % version)
    begun = time.monotonic()
    for command in COMMANDS[group]:
        replies = ours.reply(command), theirs.reply(command)
        assert replies[0] == replies[1] or differ_by_time(command, *replies, time.monotonic() - begun), (command, replies)


def differ_by_time(command: bytes, ours: bytes, theirs: bytes, seconds: float) -> bool:
    """Whether the replies tell of one time to live, and differ since the servers were not asked at the same moment.

    What is left is told in whole seconds, to the nearest: until half a second has passed, both tell the same.
    """
    if command.split()[0] != b"TTL" or seconds < 0.45:
        return False
    left = [int(reply[1:]) for reply in (ours, theirs)]
    return min(left) > 0 and abs(left[0] - left[1]) <= math.ceil(seconds)


# By a user `bob` who may read and no more.
BEFORE_AND_AFTER_AUTH = [
    "GET k", "PING", "ECHO x", "SELECT 0", "CLIENT ID", "FLUSHDB", "FOO x", "GET", "HELLO", "HELLO 3", "HELLO 2", "HELLO 9",
    "AUTH a b c d", "AUTH a b c", "AUTH bob nope", "AUTH nobody nope", "AUTH nope", "AUTH", "HELLO 3 AUTH bob nope",
    "HELLO 3 AUTH bob", "GET k", "AUTH bob '{password}'", "GET k", "GET k", "PING", "SET k v", "MSET a 1 b 2", "FLUSHDB",
    "CONFIG GET save", "DEL k", "INCR k", "AUTH bob nope", "GET k", "RESET", "GET k", "AUTH bob '{password}'", "GET k",
]


def test_replies_to_those_who_may_not(tmp_path, stubs):
    """All bytes up to the end of the connection, as nobody can be asked where a reply ends."""
    bob = User("bob", ["read:default"], {})
    write_users(tmp_path / "users.yaml", [bob, User("root", ["admin:*"], {"t": "root"})])
    ours = Cluster(tmp_path / "kvnode", ["memory"], stubs, {"access": {"users_file": str(tmp_path / "users.yaml")}})
    ours[0].authorization = "Bearer kvnode_root"
    (tmp_path / "redis").mkdir()
    with redis_server(tmp_path / "redis") as port:
        theirs = Connection(port)
        rule = f"ACL SETUSER bob on '>{bob.password}' ~* +get +ping"
        assert theirs.reply(rule.encode()) == theirs.reply(b"CONFIG SET requirepass secret") == b"+OK\r\n"
        sent = "".join(line.format(password=bob.password) + "\r\n" for line in [*BEFORE_AND_AFTER_AUTH, "QUIT"]).encode()
        try:
            ours.start()
            replies = [everything(one, sent) for one in (ours[0].resp_port, port)]
        finally:
            ours.stop()
    assert replies[0].split(b"\r\n") == replies[1].split(b"\r\n")


def everything(port: int, sent: bytes) -> bytes:
    """What a server says until it ends the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        while chunk := connection.recv(1 << 16):
            received += chunk
    return received
