"""Where the nodes are, and how faults come between them.

All connections between nodes go through the fault proxy, which delays them. With network namespaces, each node has its
own: what it sends goes over a pair of virtual devices to the bridge in the run's namespace, and packet filters in the
nodes' namespaces cut and lose. Each node has two addresses: its own, and its alias, which is what the other nodes see,
and which the proxy listens at and connects from. So a filter in one node's namespace can tell by the alias from whom a
packet comes.

Without namespaces all nodes are on the loopback address, and the proxy cuts and loses as well.
"""

import dataclasses
import os
from typing import Protocol

from support.ports import free_port

from . import isolation
from .links import Links
from .proxy import Proxy

PEER, GRPC, HTTP, RESP = "peer", "grpc", "http", "resp"


class Network(Protocol):
    def host(self, node: int) -> str:
        """Where a node listens, and clients find it."""

    def port(self, node: int, interface: str) -> int: ...

    def advertised(self, node: int) -> str:
        """host:port at which the other nodes find it."""

    def prefix(self, node: int) -> list[str]:
        """What begins the command that runs a node."""

    def apply(self, links: Links) -> None:
        """From now on the ways between the nodes are so, and sound if they are not named."""

    def started(self, node: int, process: int) -> None: ...

    def close(self) -> None: ...


class Loopback:
    """No network of their own: the ports of 127.0.0.1."""

    def __init__(self, nodes: int):
        self._ports = [{name: free_port() for name in (PEER, GRPC, HTTP, RESP)} for _ in range(nodes)]
        self._listens = [free_port() for _ in range(nodes)]
        self._processes: dict[int, int] = {}
        self._proxy = Proxy([
            {"listen": ["127.0.0.1", self._listens[node]], "target": ["127.0.0.1", self._ports[node][PEER]],
             "alias": "", "source": ""} for node in range(nodes)])

    def host(self, node: int) -> str:
        return "127.0.0.1"

    def port(self, node: int, interface: str) -> int:
        return self._ports[node][interface]

    def advertised(self, node: int) -> str:
        return f"127.0.0.1:{self._listens[node]}"

    def prefix(self, node: int) -> list[str]:
        return []

    def apply(self, links: Links) -> None:
        self._proxy.set_links(links)

    def started(self, node: int, process: int) -> None:
        self._processes[node] = process
        self._proxy.set_processes(self._processes)

    def close(self) -> None:
        self._proxy.close()


class Namespaces:
    """A network namespace for each node. Made inside of `isolation`, with which all of it goes."""

    _PORTS = {GRPC: 7400, PEER: 7401, HTTP: 7402, RESP: 7403}
    _BRIDGE = "kvchaos"

    def __init__(self, nodes: int):
        isolation.prepare()
        self._run = os.getpid()
        self._filters = ["" for _ in range(nodes)]
        isolation.run("ip", "link", "add", self._BRIDGE, "type", "bridge")
        isolation.run("ip", "address", "add", "10.118.0.1/16", "dev", self._BRIDGE)
        isolation.run("ip", "link", "set", self._BRIDGE, "up")
        for node in range(nodes):
            self._add(node)
        self._proxy = Proxy([
            {"listen": [self._alias(node), self._PORTS[PEER]], "target": [self.host(node), self._PORTS[PEER]],
             "alias": self._alias(node), "source": self.host(node)} for node in range(nodes)])

    def _name(self, node: int) -> str:
        return f"kvchaos-{self._run}-{node}"

    def _alias(self, node: int) -> str:
        return f"10.118.2.{node + 1}"

    def _add(self, node: int) -> None:
        name, device = self._name(node), f"node{node}"
        isolation.run("ip", "netns", "add", name)
        isolation.run("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
        isolation.run("ip", "link", "set", device, "master", self._BRIDGE, "up")
        isolation.run("ip", "address", "add", f"{self._alias(node)}/16", "dev", self._BRIDGE)
        isolation.run("ip", "-n", name, "address", "add", f"{self.host(node)}/16", "dev", "eth0")
        isolation.run("ip", "-n", name, "link", "set", "eth0", "up")
        isolation.run("ip", "-n", name, "link", "set", "lo", "up")

    def host(self, node: int) -> str:
        return f"10.118.1.{node + 1}"

    def port(self, node: int, interface: str) -> int:
        return self._PORTS[interface]

    def advertised(self, node: int) -> str:
        return f"{self._alias(node)}:{self._PORTS[PEER]}"

    def prefix(self, node: int) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self._name(node)}", "--"]

    def apply(self, links: Links) -> None:
        for node, before in enumerate(self._filters):
            wanted = self._filter(node, links)
            if wanted != before:
                isolation.run(*self.prefix(node), "iptables-restore", input=wanted)
                self._filters[node] = wanted
        # What the filters do, the proxy need not do as well.
        self._proxy.set_links({
            way: dataclasses.replace(link, is_cut=False, loss=0.0) for way, link in links.items()})

    def _filter(self, node: int, links: Links) -> str:
        """What a node does not get of what the others send."""
        rules = []
        for (source, target), link in sorted(links.items()):
            if target == node and link.is_cut:
                rules.append(f"-A INPUT -s {self._alias(source)} -j DROP")
            elif target == node and link.loss:
                rules.append(
                    f"-A INPUT -s {self._alias(source)} -m statistic --mode random --probability {link.loss} -j DROP")
        return "\n".join(["*filter", ":INPUT ACCEPT", *rules, "COMMIT", ""])

    def started(self, node: int, process: int) -> None:
        pass  # the proxy tells nodes by their addresses

    def close(self) -> None:
        self._proxy.close()
