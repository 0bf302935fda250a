"""TLS on every port, by certificates that `kvnode cert` makes: who is let in, and what becomes of changes while clients talk."""

import json
import signal
import socket
import ssl
import subprocess

import pytest
import redis
import requests

from support.certificates import Authority, cert_command
from support.cluster import BINARY, Cluster, Node, clean_environment, merged
from support.load import Load
from support.operator import add_nodes, commit, done, members, status
from support.waiting import eventually

MIX = ["rocksdb", "leveldb", "lmdb"]
QUICK = {"cluster": {"partitions": 64}, "peer": {"backoff_max_ms": 300, "keepalive_ms": 500}}
NAMES = ("node0", "node1", "node2")
FOUND_SOMETHING, FAILED, UNAVAILABLE, USAGE = 2, 1, 4, 64


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path / "certificates").issue(*NAMES)


@pytest.fixture
def secure(start_cluster, authority) -> Cluster:
    return start_cluster(MIX, QUICK, authority)


def redis_client(node: Node, **options) -> redis.Redis:
    return redis.Redis(
        port=node.resp_port, ssl=True, ssl_ca_certs=str(node.authority.trust), socket_timeout=10, **options)


def client_context(authority: Authority, name: str | None = None, version=None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.trust)
    if name:
        context.load_cert_chain(authority.certificate(name), authority.key(name))
    if version:
        context.maximum_version = version
    return context


def shown_serial(node: Node, port: int) -> int:
    """The serial number of the certificate that a new connection to `port` is shown."""
    context = client_context(node.authority)
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            return int(connection.getpeercert()["serialNumber"], 16)


def serial(authority: Authority, name: str) -> int:
    shown = cert_command("show", authority.certificate(name), "--json")
    return int(json.loads(shown.stdout)[0]["serial"], 16)


def kvnode(*arguments, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60,
        env=clean_environment() | environment)


def is_ended(connection: socket.socket) -> bool:
    """Whether the other end closes the connection, whatever it says before."""
    try:
        while connection.recv(4096):
            pass
        return True
    except ConnectionResetError:
        return True


def hears_nothing(connection: ssl.SSLSocket, words: bytes) -> bool:
    """Whether the other end breaks off without a byte of its own."""
    try:
        connection.sendall(words)
        return connection.recv(4096) == b""
    except OSError:
        return True


def test_every_client_talks_by_tls(secure):
    first, second, third = secure.nodes
    client = redis_client(first)
    assert client.set("k", "by redis") and redis_client(second).get("k") == b"by redis"
    assert third.http.get("default", "k", r=3).values == [b"by redis"]
    first.http.put("b", "k", b"by http")
    assert second.grpc.values("b", b"k") == [b"by http"]
    second.grpc.put("b", b"large", bytes(5_000_000))
    assert third.http.get("b", "large").values == [bytes(5_000_000)]
    pipeline = client.pipeline(transaction=False)
    for index in range(1000):
        pipeline.set(f"p{index}", index)
        pipeline.get(f"p{index}")
    assert pipeline.execute()[1::2] == [b"%d" % index for index in range(1000)]
    assert {name: one["connected"] for name, one in members(first).items()} == dict.fromkeys(NAMES, True)


def test_the_command_line_talks_by_tls(secure, authority):
    endpoint = f"localhost:{secure[0].grpc_port}"
    trust = authority.trust
    assert kvnode("put", "k", "v", "--endpoint", endpoint, "--ca", trust).returncode == 0
    assert kvnode("get", "k", "--endpoint", f"127.0.0.1:{secure[1].grpc_port}", "--ca", trust).stdout == "v"
    got = kvnode("get", "k", KVNODE_ENDPOINT=endpoint, KVNODE_CA=str(trust))
    assert (got.returncode, got.stdout) == (0, "v")
    assert "node2" in done(secure[0], "members")
    transfers = kvnode("cluster", "transfers", "--endpoint", endpoint, "--ca", trust)
    assert transfers.returncode == 0 and "node0" in transfers.stdout

    plain = kvnode("get", "k", "--endpoint", endpoint)
    assert plain.returncode == UNAVAILABLE and not plain.stdout
    stranger = Authority(authority.folder / "stranger")
    other = kvnode("get", "k", "--endpoint", endpoint, "--ca", stranger.trust)
    assert other.returncode == UNAVAILABLE
    assert "is not trusted: no authority that is trusted here vouches for its certificate" in other.stderr
    missing = kvnode("get", "k", "--endpoint", endpoint, "--ca", "/nowhere")
    assert missing.returncode == FAILED and "/nowhere can't be read: No such file" in missing.stderr
    half = kvnode("get", "k", "--ca", trust, "--cert", authority.certificate("node0"))
    assert half.returncode == USAGE and "--cert and --key belong together" in half.stderr


def test_whether_a_node_is_alive_is_no_matter_of_certificates(secure):
    node, silence = secure[0], len(secure[0].log)
    for trust in ({}, {"KVNODE_CA": "/dev/null"}):
        alive = kvnode("health", "--live", KVNODE_ENDPOINT=f"127.0.0.1:{node.grpc_port}", **trust)
        assert alive.returncode == 0, alive.stderr
    assert "refused" not in node.log[silence:]


def test_a_host_that_the_certificate_does_not_name(start_cluster, tmp_path):
    authority = Authority(tmp_path / "certificates")
    authority.issue("node0", options=("--host", "127.0.0.1"))
    node = start_cluster(["lmdb"], QUICK, authority)[0]
    refused = kvnode("get", "k", "--endpoint", f"localhost:{node.grpc_port}", "--ca", authority.trust)
    assert refused.returncode == UNAVAILABLE and "is not for 'localhost', but for 127.0.0.1" in refused.stderr
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://localhost:{node.http_port}/healthz", verify=str(authority.trust), timeout=10)


def test_certificates_are_rotated_while_clients_write(secure, authority):
    for node in secure.nodes:
        assert shown_serial(node, node.grpc_port) == serial(authority, node.name)
    with Load(secure.nodes, "b") as load:
        for _ in range(2):
            authority.rotate(*NAMES)
            for node in secure.nodes:
                for port in (node.grpc_port, node.http_port, node.resp_port):
                    eventually(
                        lambda: shown_serial(node, port) == serial(authority, node.name),
                        f"the new certificate of {node.name} at {port}")
    load.check(secure[0])
    assert not load.retries, "no connection was lost"


def test_sighup_has_the_files_looked_at(start_cluster, authority):
    node = start_cluster(["lmdb"], merged(QUICK, {"tls": {"reload_ms": 3_600_000}}), authority)[0]
    before = serial(authority, "node0")
    authority.rotate("node0")
    assert shown_serial(node, node.http_port) == before
    node.process.send_signal(signal.SIGHUP)
    eventually(lambda: shown_serial(node, node.http_port) == serial(authority, "node0"), "the new certificate")
    assert node.terminate() == 0


def changes_of_files(node: Node, port: str = "peer") -> int:
    """How often `node` has taken up changed files for a port."""
    return sum("changed certificate files are in use" in line and f"port={port}" in line for line in node.log.splitlines())


def test_the_authority_is_replaced_while_clients_write(secure, authority):
    # All nodes end what the old authority has vouched for at about the same time: for a moment, none reaches another.
    with Load(secure.nodes, "b", patience=15) as load:
        for change in (
            lambda: authority.run("rotate", "--authority"),
            lambda: authority.rotate(*NAMES),
            lambda: authority.run("rotate", "--forget"),
        ):
            before = [changes_of_files(node) for node in secure.nodes]
            change()
            for node, count in zip(secure.nodes, before):
                eventually(lambda: changes_of_files(node) > count, f"{node.name} takes up the change")
        for node in secure.nodes:
            assert shown_serial(node, node.http_port) == serial(authority, node.name)
        # Of the two ends of a connection, whoever looks first ends it.
        eventually(
            lambda: any("no authority that is trusted here" in node.log for node in secure.nodes),
            "old connections are ended")
        for node in secure.nodes:
            eventually(lambda: all(one.get("connected") for one in members(node).values()), "all are connected again")
        eventually(lambda: len(load.written) > Load.ENOUGH, "the load has done something")
    load.check(secure[0])


def test_a_broken_file_changes_nothing(secure, authority):
    node = secure[0]
    before = shown_serial(node, node.http_port)
    authority.certificate("node0").write_text("nonsense")
    eventually(lambda: "changed certificate files can't be used" in node.log, "a line in the log")
    assert shown_serial(node, node.http_port) == before
    assert redis_client(node).set("k", "v")


def test_a_revoked_node_is_cut_off_and_comes_back_with_another_certificate(secure, authority):
    first, second, third = secure.nodes
    authority.revoke("node2")
    for node in (first, second):
        eventually(lambda: not members(node)["node2"].get("connected"), f"{node.name} without node2")
        # The other end may have looked first, and has to come again.
        eventually(lambda: "is revoked" in node.log, f"{node.name} says why")
    eventually(lambda: "does not accept this end's certificate" in third.log, "node2 says why")
    # The others are two of three.
    first.http.put("b", "k", b"v", w=2)
    assert second.http.get("b", "k", r=2).values == [b"v"]
    assert first.http.put("b", "k2", b"v", w=3, timeout="4s").status == 503
    # The node itself reads of nobody and speaks to nobody.
    assert third.http.get("b", "k", r=2, timeout="4s").status == 503

    authority.rotate("node2")
    for node in secure.nodes:
        eventually(lambda: all(one.get("connected") for one in members(node).values()), "all are connected")
    eventually(lambda: third.http.get("b", "k", r=3).values == [b"v"], "node2 has what it missed")


def test_no_peer_without_a_certificate(secure, authority):
    node = secure[0]
    # By TLS, with nothing to prove: this end's part of the handshake is over before the node refuses it.
    authority.issue("somebody", options=("--client",))
    for name in (None, "somebody"):
        context = client_context(authority, name)
        context.set_alpn_protocols(["h2"])
        with socket.create_connection(("127.0.0.1", node.peer_port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                assert hears_nothing(connection, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    eventually(lambda: "it presents no certificate" in node.log, "the one without is logged")
    eventually(lambda: "it is that of a client, not of a node" in node.log, "the client is logged")
    with socket.create_connection(("127.0.0.1", node.peer_port), 5) as plain:
        plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert is_ended(plain)
    eventually(lambda: "it speaks plain text, but this port speaks TLS" in node.log, "plain text is logged")
    assert redis_client(node).set("k", "v"), "and nobody else minds"


def test_a_node_without_tls_and_one_with_it(start_cluster, tmp_path, authority, stubs):
    cluster = Cluster(tmp_path / "mixed", MIX, stubs, QUICK, authority)
    try:
        plain = cluster[2]
        plain.configure(cluster.nodes, merged(QUICK, {"peer": {"tls": False}}))
        for node in cluster.nodes:
            node.start()
        for node in cluster.nodes[:2]:
            node.wait_ready()
            eventually(lambda: "it speaks plain text, but this port speaks TLS" in node.log, "the others say so")
        eventually(lambda: "it speaks TLS, which is off at this port" in plain.log, "so does the node")
        eventually(lambda: "it speaks TLS, which is off at this node" in plain.log, "as a caller, too")
        assert not any(one.get("connected") for name, one in members(cluster[0]).items() if name == "node2")
    finally:
        cluster.stop()


@pytest.mark.parametrize("port", ["grpc", "http", "resp"])
def test_plain_text_at_a_port_of_clients(secure, port):
    node = secure[0]
    words = {"grpc": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http": b"GET /healthz HTTP/1.1\r\n\r\n", "resp": b"PING\r\n"}
    with socket.create_connection(("127.0.0.1", getattr(node, f"{port}_port")), 5) as plain:
        plain.sendall(words[port])
        assert is_ended(plain)
    eventually(
        lambda: any(
            "it speaks plain text, but this port speaks TLS" in line and f"port={port}" in line
            for line in node.log.splitlines()), "a line in the log")


def test_a_client_that_is_slow_with_the_handshake(start_cluster, authority):
    node = start_cluster(["lmdb"], merged(QUICK, {"tls": {"handshake_timeout_ms": 300}}), authority)[0]
    for port in (node.grpc_port, node.http_port, node.resp_port, node.peer_port):
        with socket.create_connection(("127.0.0.1", port), 5) as silent:
            silent.settimeout(5)
            assert is_ended(silent)


def test_clients_may_have_to_present_certificates(start_cluster, authority):
    changes = merged(QUICK, {"resp": {"tls_clients": "certificate"}, "grpc": {"tls_clients": "certificate"}})
    cluster = start_cluster(MIX, changes, authority)
    node = cluster[0]
    authority.issue("alice", "bob", options=("--client",))

    def client(name: str) -> redis.Redis:
        return redis_client(node, ssl_certfile=str(authority.certificate(name)), ssl_keyfile=str(authority.key(name)))

    alice = client("alice")
    assert alice.set("k", "v")
    with pytest.raises((redis.ConnectionError, ssl.SSLError)):
        redis_client(node).ping()
    endpoint, trust = f"localhost:{node.grpc_port}", authority.trust
    refused = kvnode("get", "k", "--endpoint", endpoint, "--ca", trust)
    assert refused.returncode == UNAVAILABLE
    holder = ("--cert", authority.certificate("alice"), "--key", authority.key("alice"))
    assert kvnode("get", "k", "--endpoint", endpoint, "--ca", trust, *holder).stdout == "v"

    authority.revoke("alice")
    # Her connection ends, and no new one is taken; his does not care.
    eventually(lambda: "is revoked" in node.log, "the list is read")
    with pytest.raises((redis.ConnectionError, ssl.SSLError)):
        for _ in range(3):
            client("alice").ping()
    assert client("bob").get("k") == b"v"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_session_counts_as_its_certificate_does(start_cluster, authority, version):
    node = start_cluster(["lmdb"], merged(QUICK, {"resp": {"tls_clients": "certificate"}}), authority)[0]
    authority.issue("alice", options=("--client",))
    context = client_context(authority, "alice", version)

    def ping(session=None) -> tuple[ssl.SSLSession, bool]:
        with socket.create_connection(("127.0.0.1", node.resp_port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
                connection.sendall(b"PING\r\n")
                assert connection.recv(100) == b"+PONG\r\n"
                return connection.session, connection.session_reused

    session, _ = ping()
    ping(session)
    authority.revoke("alice")
    eventually(lambda: changes_of_files(node, "resp"), "the list is read")
    with pytest.raises((OSError, AssertionError)):
        ping(session)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_only_modern_versions(secure):
    node = secure[0]
    context = client_context(node.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    for port in (node.grpc_port, node.http_port, node.resp_port):
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            with pytest.raises(OSError):
                context.wrap_socket(plain, server_hostname="localhost")


def test_protocols_are_agreed_on(secure):
    node = secure[0]
    for port, offered, agreed in [
        (node.grpc_port, ["h2", "http/1.1"], "h2"), (node.http_port, ["h2", "http/1.1"], "http/1.1"),
        (node.resp_port, ["h2"], None),
    ]:
        context = client_context(node.authority)
        context.set_alpn_protocols(offered)
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                assert connection.selected_alpn_protocol() == agreed


def test_a_node_joins_by_seeds_and_tls(secure, authority, tmp_path, stubs):
    authority.issue("node3")
    seeds = {"cluster": {"seeds": [f"127.0.0.1:{secure[1].peer_port}"]}}
    name = "node3"
    node = Node(name, "lmdb", tmp_path / name, stubs, authority)
    node.configure([], merged(QUICK, merged(seeds, {"cluster": {"join": True}})))
    secure.nodes.append(node)
    node.start()
    eventually(lambda: node.http.request("GET", "/healthz").status == 200, "/healthz of node3")
    done(secure[0], "join", node.member)
    commit(secure[0])
    eventually(lambda: members(node)["node3"]["role"] == "ROLE_UP", "node3 as a member that is up, as it sees itself")


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda a: a.key("node0").unlink(), "the private key {folder}/node0.key can't be read: No such file or directory"),
    (lambda a: a.key("node0").write_bytes(a.key("node1").read_bytes()), "does not belong to the certificate"),
    (lambda a: a.certificate("node0").write_text(""), "it holds no certificate in PEM"),
    (lambda a: a.revoke("node0"), "is revoked"),
    (lambda a: (a.directory / "revoked.txt").write_text("node0\n"), "line 1 is no serial number in hexadecimal"),
    (lambda a: (a.certificate("node0").write_bytes(a.certificate("node1").read_bytes()),
                a.key("node0").write_bytes(a.key("node1").read_bytes())),
     "the other nodes would refuse this node: its certificate is not the right one: it is that of the node 'node1'"),
])
def test_what_is_wrong_is_said_at_the_start(tmp_path, authority, stubs, spoil, said):
    spoil(authority)
    node = Node("node0", "lmdb", tmp_path / "node0", stubs, authority)
    node.configure([node], QUICK)
    node.start()
    assert node.process.wait(30) == 1
    assert said.format(folder=authority.folder) in node.log, node.log
    assert "peer.tls is on, but" in node.log


def test_a_key_that_others_can_read_is_warned_of(start_cluster, authority):
    authority.key("node0").chmod(0o644)
    node = start_cluster(["lmdb"], QUICK, authority)[0]
    said = f"the private key {authority.key('node0')} can be read by others than its owner"
    eventually(lambda: said in node.log, "a line in the log")


def test_openssl_agrees(authority):
    """Another implementation finds the certificates good, in the strictest way it has."""
    verified = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", authority.trust,
         "-verify_hostname", "localhost", authority.certificate("node0")], capture_output=True, text=True, timeout=30)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_show_says_what_is_wrong(authority, tmp_path):
    shown = cert_command(
        "show", authority.certificate("node0"), "--key", authority.key("node0"), "--trust", authority.trust,
        "--revoked", authority.directory / "revoked.txt", "--json")
    assert shown.returncode == 0, shown.stderr
    report = json.loads(shown.stdout)[0]
    assert report["identity"] == "kvnode://integration/node/node0"
    assert report["hosts"] == ["localhost", "127.0.0.1", "::1"]
    assert report["problems"] == []

    authority.revoke("node0")
    stranger = Authority(tmp_path / "stranger")
    shown = cert_command(
        "show", authority.certificate("node0"), "--key", authority.key("node1"), "--trust", stranger.trust,
        "--revoked", authority.directory / "revoked.txt")
    assert shown.returncode == FOUND_SOMETHING
    assert [line for line in shown.stdout.splitlines() if line.startswith("!")] == [
        f"! the key {authority.key('node1')} belongs to another certificate", "! it is revoked",
        "! no authority that is trusted vouches for it"]
    assert cert_command("show", "/nowhere").returncode == FAILED
    assert cert_command("issue", "node0", "--out", authority.folder, "--directory", authority.directory).returncode == 1
    assert cert_command("issue", "a/b").returncode == USAGE
