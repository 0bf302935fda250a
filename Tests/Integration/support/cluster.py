"""Real kvnode processes: their configuration, start, death, and what they said."""

import pathlib
import signal
import socket
import subprocess

import requests

from .binary import BINARY, REPOSITORY, clean_environment  # noqa: F401
from .certificates import CLUSTER_NAME, Authority
from .grpc_client import GRPCClient, Stubs
from .http import HTTPClient
from .ports import free_port
from .waiting import GivesUp, eventually


def to_yaml(value, indent: int = 0) -> str:
    """Block-style YAML of nested dictionaries, lists of scalars, and scalars."""
    pad = "  " * indent
    lines = []
    for name, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{pad}{name}:\n{to_yaml(item, indent + 1)}")
        elif isinstance(item, list) and item:
            lines.append(f"{pad}{name}:\n" + "".join(f'{pad}  - "{one}"\n' for one in item))
        elif isinstance(item, list):
            lines.append(f"{pad}{name}: []\n")
        elif isinstance(item, str):
            lines.append(f'{pad}{name}: "{item}"\n')
        else:
            lines.append(f"{pad}{name}: {str(item).lower()}\n")
    return "".join(lines)


def merged(base: dict, changes: dict) -> dict:
    """`base` with `changes` laid over it, section by section."""
    result = dict(base)
    for name, item in changes.items():
        result[name] = merged(result.get(name, {}), item) if isinstance(item, dict) else item
    return result


class Node:
    """One process, with the ports and the directory that it keeps over restarts.

    With an authority, all of its ports speak TLS.
    """

    #: Whether the process is in a session of its own, so that what ends the test does not end it first.
    has_own_session = True

    def __init__(
        self, name: str, engine: str, directory: pathlib.Path, stubs: Stubs, authority: Authority | None = None
    ):
        self.name = name
        self.authority = authority
        self.engine = engine
        self.directory = directory
        self.grpc_port, self.peer_port = free_port(), free_port()
        self.http_port, self.resp_port = free_port(), free_port()
        # What the tests' own HTTP client sends, where the node knows users.
        self.authorization: str | None = None
        # Variables that the process alone is given, such as a preloaded library.
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen | None = None
        self._stubs = stubs
        self._http: HTTPClient | None = None
        self._grpc: GRPCClient | None = None
        directory.mkdir(parents=True)

    @property
    def member(self) -> str:
        return f"{self.name}@127.0.0.1:{self.peer_port}"

    @property
    def log(self) -> str:
        path = self.directory / "node.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def configuration_path(self) -> pathlib.Path:
        return self.directory / "node.yaml"

    def configure(self, members: list["Node"], changes: dict) -> None:
        if self.authority is not None:
            changes = merged(self.authority.settings(self.name), changes)
        configuration = merged({
            "node": {"name": self.name, "data_directory": str(self.directory / "data")},
            "cluster": {"name": CLUSTER_NAME, "members": [node.member for node in members]},
            "engine": {"type": self.engine},
            "peer": {"listen": f"127.0.0.1:{self.peer_port}"},
            "grpc": {"listen": f"127.0.0.1:{self.grpc_port}"},
            "http": {"listen": f"127.0.0.1:{self.http_port}"},
            "resp": {"listen": f"127.0.0.1:{self.resp_port}"},
            # What tests look for in it, and what they show when they fail.
            "log": {"format": "text"},
        }, changes)
        self.configuration_path.write_text(to_yaml(configuration))

    @property
    def http(self) -> HTTPClient:
        if self._http is None:
            self._http = HTTPClient(self.http_port, self.authorization, self.authority)
        return self._http

    @property
    def grpc(self) -> GRPCClient:
        if self._grpc is None:
            self._grpc = GRPCClient(self._stubs, self.grpc_port, self.authority)
        return self._grpc

    def start(self) -> None:
        """Begins the process; `wait_ready` waits until it serves."""
        assert not self.is_running, f"{self.name} runs already"
        with open(self.directory / "node.log", "ab") as log:
            # No node outlives the test run, however that ends.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", "env", *(f"{name}={value}" for name, value in self.environment.items()),
                 BINARY, "serve", "--config", self.configuration_path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment(),
                start_new_session=self.has_own_session)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        if not self.is_running:
            raise GivesUp(f"{self.name} ended with {self.process and self.process.returncode}:\n{self.log[-4000:]}")
        secure = self.authority is not None
        return requests.get(
            f"{'https' if secure else 'http'}://127.0.0.1:{self.http_port}/readyz", timeout=5,
            verify=str(self.authority.trust) if secure else True).status_code == 200

    def wait_ready(self) -> None:
        eventually(lambda: self.is_ready, f"/readyz of {self.name}")

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM; gives the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        # The clients go first: a channel that is left open reconnects while the test needs the port for other things.
        for client in (self._http, self._grpc):
            if client is not None:
                client.close()
        self._http = self._grpc = None
        if self.is_running:
            self.process.send_signal(number)
        try:
            return self.process.wait(30) if self.process else 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop within 30 s of {number.name}:\n{self.log[-4000:]}") from None

    def accepts_connections(self, port: int) -> bool:
        with socket.socket() as probe:
            probe.settimeout(5)
            return probe.connect_ex(("127.0.0.1", port)) == 0


class Cluster:
    """Nodes that know each other. `nodes[k]` runs `engines[k]`."""

    def __init__(
        self, directory: pathlib.Path, engines: list[str], stubs: Stubs, changes: dict | None = None,
        authority: Authority | None = None
    ):
        self.nodes = [
            Node(f"node{index}", engine, directory / f"node{index}", stubs, authority)
            for index, engine in enumerate(engines)]
        for node in self.nodes:
            node.configure(self.nodes, changes or {})

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    def start(self) -> "Cluster":
        for node in self.nodes:
            if not node.is_running:
                node.start()
        self.wait_connected()
        return self

    def wait_connected(self) -> None:
        """Until every node serves, and each reaches all others: a write that wants all replicas succeeds."""
        for node in self.nodes:
            node.wait_ready()
        for node in self.nodes:
            eventually(lambda node=node: self._reaches_all(node), f"connections from {node.name} to its peers")

    def _reaches_all(self, node: Node) -> bool:
        # A listing asks all nodes; every one of n answers it. A write to several keys reaches every coordinator.
        replicas = min(3, len(self.nodes))
        return all(
            node.http.put("warm-up", f"{node.name}-{index}", b"", w=replicas, timeout="2s").is_stored
            for index in range(4 * len(self.nodes)))

    def stop(self) -> None:
        """Every node, however it is; a node that had to be killed fails nothing here."""
        for node in self.nodes:
            if node.is_running:
                node.kill()
            elif node.process is not None:
                node._end(signal.SIGKILL)

    def logs(self) -> str:
        return "\n".join(f"--- {node.name} ({node.engine})\n{node.log[-4000:]}" for node in self.nodes)
