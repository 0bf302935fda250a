"""Users and their rights on real ports: who comes in how, what each may do, what the log says, and the commands for it."""

import base64
import json
import os
import socket
import subprocess
import time

import grpc
import pytest
import redis

from support.cluster import BINARY, Cluster, clean_environment
from support.grpc_client import CLIENT_TIMEOUT, failure_of, status_of
from support.http import HTTPClient
from support.metrics import scrape
from support.operator import BAD_CONFIGURATION, DONE, USAGE
from support.users import TOKEN_PREFIX, User, users_file, write_users
from support.waiting import eventually

BUCKET = "b"
NOT_FOUND = 2
READER = User("reader", [f"read:{BUCKET}"], {"t": "reader"})
WRITER = User("writer", [f"write:{BUCKET}"], {"t": "writer"})
OWNER = User("owner", [f"admin:{BUCKET}*"], {"t": "owner"})
POWERLESS = User("powerless", [], {"t": "powerless"})
WATCHER = User("watcher", ["read:*"], {"t": "watcher"})
ADMINISTRATOR = User("administrator", ["admin:*"], {"t": "administrator"})
USERS = [READER, WRITER, OWNER, POWERLESS, WATCHER, ADMINISTRATOR]
STRANGER = User("stranger", [], {"t": "stranger"})


@pytest.fixture
def users_path(tmp_path):
    path = tmp_path / "users.yaml"
    write_users(path, USERS)
    return path


@pytest.fixture
def guarded(tmp_path, stubs, users_path):
    """A node that knows USERS, and looks often whether they have changed."""
    one = Cluster(tmp_path / "guarded", ["memory"], stubs, {
        "access": {"users_file": str(users_path), "reload_interval_ms": 100}, "resp": {"bucket": BUCKET}})
    one[0].authorization = ADMINISTRATOR.bearer
    try:
        yield one.start()[0]
    finally:
        one.stop()


def kvnode(*arguments, environment: dict | None = None, input: str = "") -> subprocess.CompletedProcess:
    return subprocess.run(
        [BINARY, *map(str, arguments)], input=input, capture_output=True, text=True, timeout=60,
        # Without a terminal of the test run's, at which a password could be asked for.
        start_new_session=True, env={**clean_environment(), **(environment or {})})


def output(*arguments, **options) -> str:
    ended = kvnode(*arguments, **options)
    assert ended.returncode == DONE, ended
    return ended.stdout


def audit_lines(node) -> list[str]:
    return [line for line in node.log.splitlines() if " audit: " in line]


# MARK: every method of every protocol, for every role

def expected(user: User | None, needs: str) -> str:
    if needs == "anybody":
        return "allowed"
    if user is None or user is STRANGER:
        return "unauthenticated"
    if needs == "read:*":
        return "allowed" if user in (WATCHER, ADMINISTRATOR) else "denied"
    held = {
        READER.name: 1, WATCHER.name: 1, WRITER.name: 2, OWNER.name: 3, POWERLESS.name: 0, ADMINISTRATOR.name: 4,
    }[user.name]
    return "allowed" if held >= {"user": 0, "read": 1, "write": 2, "admin": 3, "admin:*": 4}[needs] else "denied"


def rules(protocol: str) -> dict[str, str]:
    """What each method needs, as the binary says."""
    return {rule["method"]: rule["needs"] for rule in json.loads(output("user", "rules", "--json"))
            if rule["protocol"] == protocol}


ROLES = [None, STRANGER, *USERS]


def test_every_http_method(guarded):
    table = rules("http")
    assert len(table) > 15
    for user in ROLES:
        guarded.http.session.headers["Authorization"] = user.bearer if user else None
        for rule, needs in table.items():
            method, path = rule.split(" ")
            answer = guarded.http.request(
                method, path.replace("{bucket}", BUCKET).replace("{key}", "k").replace("{file}", "main.js"), body=b"{}")
            verdict = {401: "unauthenticated", 403: "denied"}.get(answer.status, "allowed")
            assert verdict == expected(user, needs), (user, rule, answer)


def grpc_methods(stubs) -> dict:
    """From the .proto files themselves."""
    files = [stubs.messages.DESCRIPTOR, stubs.cluster.DESCRIPTOR, stubs.backup.DESCRIPTOR, stubs.health.DESCRIPTOR]
    return {
        f"{service.full_name}/{method.name}": method
        for file in files for service in file.services_by_name.values() for method in service.methods}


def grpc_call(channel, name: str, method, message: bytes, authorization: str | None):
    """Calls a method with bytes as they are."""
    metadata = [("authorization", authorization)] if authorization else []
    options = {"metadata": metadata, "timeout": CLIENT_TIMEOUT}
    if method.client_streaming:
        return list(channel.stream_stream("/" + name)(iter([message]), **options))
    if method.server_streaming:
        call = channel.unary_stream("/" + name)(message, **options)
        first = next(call)
        call.cancel()
        return first
    return channel.unary_unary("/" + name)(message, **options)


def test_every_grpc_method(guarded, stubs):
    methods = grpc_methods(stubs)
    table = rules("grpc")
    assert set(methods) == set(table), "each method of the .proto files has a rule, and no other"
    # A change without a change would be no request; the other methods pass over the field.
    in_bucket = stubs.messages.UpdateDataRequest(bucket=BUCKET, persist=True).SerializeToString()
    for user in ROLES:
        for name, method in methods.items():
            is_batch = "/Batch" in name
            about_bucket = table[name] in ("read", "write", "admin") and not is_batch
            status = status_of(lambda: grpc_call(
                guarded.grpc.channel, name, method, in_bucket if about_bucket else b"", user and user.bearer))
            verdict = {
                grpc.StatusCode.UNAUTHENTICATED: "unauthenticated", grpc.StatusCode.PERMISSION_DENIED: "denied",
            }.get(status, "allowed")
            # Entries are denied each by itself.
            assert verdict == expected(user, "user" if is_batch else table[name]), (user, name, status)


def first_lines(port: int, sent: str, count: int) -> list[str]:
    """What lines of Redis's protocol are answered with, up to the first line of the last reply."""
    with socket.create_connection(("127.0.0.1", port), CLIENT_TIMEOUT) as connection:
        connection.sendall(sent.encode())
        received = b""
        while received.count(b"\r\n") < count:
            chunk = connection.recv(65536)
            assert chunk, received
            received += chunk
        return received.decode(errors="replace").split("\r\n")[:count]


def test_every_redis_command(guarded):
    table = rules("resp")
    admin = redis.Redis(port=guarded.resp_port, password=ADMINISTRATOR.token)
    names = [name.decode() for name in admin.execute_command("COMMAND LIST")]
    assert set(names) == set(table), "each command has a rule, and no other"
    arities = {name: abs(info["arity"]) for name, info in admin.command().items()}
    for user in ROLES:
        for name, needs in table.items():
            line = " ".join([name] + ["1"] * (arities[name] - 1)) + "\r\n"
            login = f"AUTH {user.token}\r\n" if user else ""
            last = first_lines(guarded.resp_port, login + line, 2 if user else 1)[-1]
            verdict = {"-NOAUTH": "unauthenticated", "-NOPERM": "denied"}.get(last.split(" ")[0], "allowed")
            # As in Redis: HELLO by itself is for those who have said who they are.
            assert verdict == expected(user, "user" if name == "hello" else needs), (user, name, last)
    admin.close()


# MARK: ways in

def test_clients_of_each_protocol_come_in(guarded, stubs):
    http = guarded.http
    for authorization in (WRITER.basic, WRITER.bearer):
        http.session.headers["Authorization"] = authorization
        assert http.put(BUCKET, "k", b"v").is_stored
        assert http.get("other", "k").status == 403
    for authorization in ("Basic " + base64.b64encode(b"writer:wrong").decode(), "Bearer wrong", "Basic ?"):
        http.session.headers["Authorization"] = authorization
        answer = http.get(BUCKET, "k")
        assert answer.status == 401 and 'Basic realm="kvnode"' in answer.headers["WWW-Authenticate"], answer

    request = stubs.messages.GetRequest(bucket=BUCKET, key=b"k")
    for authorization in (WRITER.basic, WRITER.bearer):
        reply = guarded.grpc.stub.Get(request, timeout=CLIENT_TIMEOUT, metadata=[("authorization", authorization)])
        assert reply.siblings[0].value == b"v"
    failure = failure_of(lambda: guarded.grpc.stub.Get(request, timeout=CLIENT_TIMEOUT))
    assert failure.code() == grpc.StatusCode.UNAUTHENTICATED

    for protocol in (2, 3):
        for options in (
            {"username": WRITER.name, "password": WRITER.password}, {"password": WRITER.token},
        ):
            client = redis.Redis(port=guarded.resp_port, protocol=protocol, **options)
            assert client.get("k") == b"v"
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.config_get("save")
            client.close()
        for options in ({"username": WRITER.name, "password": "wrong"}, {"password": "wrong"}, {}):
            client = redis.Redis(port=guarded.resp_port, protocol=protocol, **options)
            with pytest.raises(redis.exceptions.AuthenticationError):
                client.get("k")
            client.close()


def test_probes_need_no_user(guarded):
    del guarded.http.session.headers["Authorization"]
    assert guarded.http.request("GET", "/healthz").status == 200
    assert guarded.http.request("GET", "/readyz").status == 200
    assert guarded.grpc.health_status() == 1


def test_whoever_has_not_logged_in_can_send_nothing_long(guarded):
    with socket.create_connection(("127.0.0.1", guarded.resp_port), 10) as stranger:
        stranger.sendall(b"*2\r\n$4\r\nAUTH\r\n$20000\r\n")
        assert b"invalid bulk length" in stranger.recv(4096)
    with socket.create_connection(("127.0.0.1", guarded.resp_port), 10) as client:
        long = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + bytes(100_000) + b"\r\n"
        client.sendall(f"AUTH {WRITER.token}\r\n".encode() + long)
        assert client.makefile("rb").read(10) == b"+OK\r\n+OK\r\n"


# MARK: changes of the users

def test_removed_user_loses_its_open_connections(guarded, users_path, stubs):
    connection = redis.Redis(port=guarded.resp_port, password=WRITER.token, single_connection_client=True)
    assert connection.set("k", "v")
    http = guarded.http
    http.session.headers["Authorization"] = WRITER.basic
    assert http.get(BUCKET, "k").status == 200
    write_users(users_path, [user for user in USERS if user is not WRITER])
    eventually(lambda: http.get(BUCKET, "k").status == 401, "the loss of rights")
    with pytest.raises(redis.exceptions.AuthenticationError):
        connection.get("k")
    connection.close()

    # What cannot be read changes nothing, and is told.
    users_path.write_text("users: [{name: reader, grant: []}]\n")
    eventually(lambda: "the users stay as they were" in guarded.log, "the line that tells of the wrong file")
    http.session.headers["Authorization"] = READER.bearer
    assert http.get(BUCKET, "k").status == 200

    write_users(users_path, USERS)
    http.session.headers["Authorization"] = WRITER.basic
    eventually(lambda: http.get(BUCKET, "k").status == 200, "the return of the user")


def test_rate_of_a_user(guarded, users_path):
    limited = User("limited", ["admin:*"], {"t": "limited"}, {"operations_per_second": 1, "burst": 3})
    write_users(users_path, [*USERS, limited])
    http = guarded.http
    http.session.headers["Authorization"] = limited.bearer
    eventually(lambda: http.request("GET", "/v1/workload").status != 401, "the new user")
    begun = time.monotonic()
    statuses = [http.get(BUCKET, "k").status for _ in range(20)]
    # What it may do at once, and what it has come to since.
    allowed = limited.limit["burst"] + (time.monotonic() - begun) * limited.limit["operations_per_second"]
    refused = [status for status in statuses if status == 429]
    assert refused and len(statuses) - len(refused) <= allowed, statuses
    lines = first_lines(guarded.resp_port, f"AUTH {limited.token}\r\n" + "GET k\r\n" * 5, 6)
    assert any(line.startswith("-OVERLOADED overloaded") for line in lines), lines


# MARK: the log

def test_audit_log(guarded):
    http = guarded.http
    assert http.set_properties("audited", {"n": 1}).status == 200
    assert http.set_properties("audited", {"n": 99}).status == 400
    http.session.headers["Authorization"] = READER.bearer
    assert http.put(BUCKET, "k", b"v").status == 403
    wrong = base64.b64encode(b"reader:hunter2").decode()
    http.session.headers["Authorization"] = f"Basic {wrong}"
    assert http.get(BUCKET, "k").status == 401
    client = redis.Redis(port=guarded.resp_port, password=OWNER.token)
    client.flushdb()
    client.close()
    failure_of(lambda: guarded.grpc.channel.unary_unary("/kvnode.v1.Cluster/Commit")(
        b"", timeout=CLIENT_TIMEOUT, metadata=[("authorization", ADMINISTRATOR.bearer)]))

    for words in (
        ("user=administrator", "operation=set_properties", "bucket=audited", "outcome=success", "from=127.0.0.1:"),
        ("user=administrator", "operation=set_properties", "bucket=audited", "outcome=failure", "reason="),
        ("refused", "user=reader", "operation=write_key", f"bucket={BUCKET}", "reason=permissionDenied"),
        ("refused", "user=reader", "operation=authenticate", "reason=unauthenticated"),
        ("user=owner", "operation=flush_bucket", f"bucket={BUCKET}", "outcome=success"),
        ("user=administrator", "operation=commit_layout", "outcome=failure"),
    ):
        eventually(
            lambda: any(all(word in line for word in words) for line in audit_lines(guarded)), f"a line with {words}")
    secrets = ["hunter2", wrong, *(user.password for user in USERS), *(user.token for user in USERS)]
    for secret in secrets:
        assert secret not in guarded.log


def test_refusals_that_are_not_logged_are_counted(guarded):
    del guarded.http.session.headers["Authorization"]
    count = 200
    for _ in range(count):
        assert guarded.http.get(BUCKET, "k").status == 401

    def told() -> int:
        lines = [line for line in audit_lines(guarded) if "user=-" in line or "left_out" in line]
        left_out = [word for line in lines for word in line.split() if word.startswith("left_out=")]
        own = sum("operation=" in line for line in lines)
        return own + sum(int(word.split("=")[1]) for word in left_out)

    eventually(lambda: told() == count, "a line or a count for each refusal")
    assert len(audit_lines(guarded)) < count


# MARK: the count of refusals

def refuse_http(node) -> None:
    stranger = HTTPClient(node.http_port)
    for authorization in (STRANGER.bearer, STRANGER.basic, "Digest nonsense", None):
        stranger.session.headers["Authorization"] = authorization
        assert stranger.get(BUCKET, "k").status == 401
    stranger.session.headers["Authorization"] = READER.bearer
    assert stranger.put(BUCKET, "k", b"v").status == 403
    stranger.close()


def refuse_grpc(node) -> None:
    m, stub = node.grpc.m, node.grpc.stub
    put = m.PutRequest(bucket=BUCKET, key=b"k", value=b"v")
    for authorization in (STRANGER.bearer, STRANGER.basic, "Digest nonsense", None):
        metadata = [("authorization", authorization)] if authorization else []
        failure = failure_of(lambda metadata=metadata: stub.Put(put, timeout=CLIENT_TIMEOUT, metadata=metadata))
        assert failure.code() == grpc.StatusCode.UNAUTHENTICATED
    metadata = [("authorization", READER.bearer)]
    assert failure_of(
        lambda: stub.Put(put, timeout=CLIENT_TIMEOUT, metadata=metadata)).code() == grpc.StatusCode.PERMISSION_DENIED
    # Each entry by itself.
    batch = stub.BatchPut(m.BatchPutRequest(entries=[put, put]), timeout=CLIENT_TIMEOUT, metadata=metadata)
    assert len(batch.results) == 2 and all(one.HasField("error") for one in batch.results)


def refuse_resp(node) -> None:
    sent = [
        f"AUTH {STRANGER.token}", "AUTH stranger nonsense", "HELLO 3 AUTH stranger nonsense", "GET k", "HELLO 3",
        f"AUTH {READER.token}", "SET k v"]
    lines = first_lines(node.resp_port, "\r\n".join(sent) + "\r\n", len(sent))
    assert [line.split()[0] for line in lines] == [
        "-WRONGPASS", "-WRONGPASS", "-WRONGPASS", "-NOAUTH", "-NOAUTH", "+OK", "-NOPERM"]


def refusals(node) -> dict[tuple[str, str], float]:
    return {
        (labels["protocol"], labels["reason"]): value
        for (name, pairs), value in scrape(node).samples.items() if name == "kvnode_access_refusals_total"
        for labels in [dict(pairs)]}


def test_each_refusal_is_counted(guarded):
    protocols = ("grpc", "http", "resp")
    reasons = ("wrong_credential", "too_many_logins", "no_user", "no_role", "rate_limit")
    expected = {(protocol, reason): 0 for protocol in protocols for reason in reasons}
    assert refusals(guarded) == expected
    refuse_http(guarded)
    expected |= {("http", "wrong_credential"): 3, ("http", "no_user"): 1, ("http", "no_role"): 1}
    assert refusals(guarded) == expected
    refuse_grpc(guarded)
    expected |= {("grpc", "wrong_credential"): 3, ("grpc", "no_user"): 1, ("grpc", "no_role"): 3}
    assert refusals(guarded) == expected
    refuse_resp(guarded)
    expected |= {("resp", "wrong_credential"): 3, ("resp", "no_user"): 2, ("resp", "no_role"): 1}
    assert refusals(guarded) == expected


# MARK: where a node listens

@pytest.mark.parametrize("section", ["grpc", "http", "resp", "peer"])
def test_open_ports_are_refused_unless_insecure(tmp_path, section):
    variables = {
        f"KVNODE_{section.upper()}_LISTEN": "0.0.0.0:0", "KVNODE_NODE_DATA_DIRECTORY": str(tmp_path / "data"),
        "KVNODE_PEER_ADVERTISE": "127.0.0.1:1"}
    ended = kvnode("serve", environment=variables)
    assert ended.returncode == BAD_CONFIGURATION, ended
    assert f"{section}.listen" in ended.stderr and "insecure: true" in ended.stderr, ended
    assert kvnode("config", environment={**variables, "KVNODE_INSECURE": "true"}).returncode == DONE


def test_insecure_node_serves_and_warns(tmp_path, stubs):
    one = Cluster(tmp_path / "open", ["memory"], stubs)
    node = one[0]
    node.configure(one.nodes, {"insecure": True, "http": {"listen": f"0.0.0.0:{node.http_port}"}})
    try:
        one.start()
        eventually(
            lambda: any("warning" in line and "http.listen" in line for line in node.log.splitlines()), "a warning in the log")
    finally:
        one.stop()


def test_users_file_that_is_wrong_or_missing_stops_the_start(tmp_path):
    path = tmp_path / "users.yaml"
    variables = {
        "KVNODE_ACCESS_USERS_FILE": str(path), "KVNODE_NODE_DATA_DIRECTORY": str(tmp_path / "data"),
        "KVNODE_ENGINE_TYPE": "memory"}
    for section in ("GRPC", "HTTP", "RESP", "PEER"):
        variables[f"KVNODE_{section}_LISTEN"] = "127.0.0.1:0"
    ended = kvnode("serve", environment=variables)
    assert ended.returncode == 1 and str(path) in ended.stderr, ended
    path.write_text("users: [{name: a, password: hunter2}]")
    ended = kvnode("serve", environment=variables)
    assert ended.returncode == 1 and "password" in ended.stderr and "hunter2" not in ended.stderr, ended


# MARK: the commands

def test_commands_make_users(tmp_path, guarded, users_path):
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    there = ["--users-file", users_path]
    assert "added" in output("user", "add", "carol", "--grant", "write:carol*", "--password-file", password, *there)
    assert os.stat(users_path).st_mode & 0o777 == 0o600
    assert kvnode("user", "add", "carol", "--no-password", *there).returncode == USAGE
    token = output("user", "token", "carol", "laptop", *there).strip()
    assert token.startswith(TOKEN_PREFIX)
    shown = json.loads(output("user", "show", "carol", "--json", *there))
    assert shown == {"name": "carol", "grants": ["write:carol*"], "has_password": True, "tokens": ["laptop"]}
    assert "carol" in output("user", "list", *there)
    text = users_path.read_text()
    assert "correct horse" not in text and token not in text

    endpoint = ["--endpoint", f"127.0.0.1:{guarded.grpc_port}"]
    put = ["put", "k", "v", "--bucket", "carol", *endpoint]
    as_carol = ["--user", "carol", "--password-file", str(password)]
    eventually(lambda: kvnode(*put, *as_carol).returncode == DONE, "the new user's right")
    token_file = tmp_path / "token"
    token_file.write_text(token + "\n")
    assert output("get", "k", "--bucket", "carol", "--token-file", token_file, *endpoint) == "v"
    assert kvnode("get", "k", "--bucket", "carol", *endpoint, environment={"KVNODE_TOKEN": token}).returncode == DONE
    environment = {"KVNODE_USER": "carol", "KVNODE_PASSWORD": "correct horse"}
    assert kvnode("get", "k", "--bucket", "carol", *endpoint, environment=environment).returncode == DONE
    assert kvnode("get", "k", "--bucket", "carol", *endpoint).returncode == 1
    denied = kvnode("cluster", "status", *endpoint, "--token-file", token_file)
    assert denied.returncode == 1 and "permission_denied" in denied.stderr, denied

    output("user", "set", "carol", "--grant", "admin:*", "--operations-per-second", "500", *there)
    status = ["cluster", "status", *endpoint, "--token-file", token_file]
    eventually(lambda: kvnode(*status).returncode in (DONE, 2), "the new right")
    output("user", "token", "carol", "laptop", "--revoke", *there)
    eventually(lambda: kvnode(*status).returncode == 1, "the end of the token")
    output("user", "passwd", "carol", *there, environment={"KVNODE_NEW_PASSWORD": "battery staple"})
    eventually(lambda: kvnode(*put, *as_carol).returncode == 1, "the end of the password")
    assert kvnode(*put, environment={"KVNODE_USER": "carol", "KVNODE_PASSWORD": "battery staple"}).returncode == DONE
    output("user", "remove", "carol", *there)
    assert kvnode("user", "show", "carol", *there).returncode == NOT_FOUND


def test_commands_refuse_what_is_wrong(tmp_path):
    path = tmp_path / "users.yaml"
    there = ["--users-file", path]
    for arguments in (
        ["add", "a b", "--no-password"], ["add", "a", "--no-password", "--grant", "own:*"],
        ["add", "a", "--no-password", "--burst", "5"], ["set", "a"],
        ["add", "a", "--no-password", "--operations-per-second", "0"], ["token", "a", "a b"],
    ):
        assert kvnode("user", *arguments, *there).returncode == USAGE, arguments
    for arguments in (["set", "a", "--no-grants"], ["token", "a", "t"], ["remove", "a"], ["passwd", "a"]):
        assert kvnode("user", *arguments, *there).returncode == NOT_FOUND, arguments
    assert not path.exists()
    path.write_text("users: 7")
    ended = kvnode("user", "list", *there)
    assert ended.returncode == 1 and str(path) in ended.stderr, ended
    # Without a terminal nobody can be asked.
    path.unlink()
    assert kvnode("user", "add", "a", *there).returncode == USAGE
    assert kvnode("user", "add", "a", "--password-file", "-", *there, input="").returncode == USAGE
    output("user", "add", "a", "--password-file", "-", *there, input="secret\n")
    assert users_file([]) != path.read_text() and "secret" not in path.read_text()
