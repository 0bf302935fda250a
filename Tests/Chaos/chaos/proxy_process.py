"""The fault proxy, a process: all connections between nodes go through it, and it delays, holds back and cuts them.

It is told by JSON objects, a line each, on its standard input, and answers each by a line. The first names the nodes;
each later one says which ways are not sound, or which process is which node.
"""

import asyncio
import json
import random
import sys
from dataclasses import dataclass

from .links import SOUND, Link, Links
from .sockets import owner_of_connection

#: Of one piece of data, and of those that wait for their time on one connection in one direction.
PIECE_BYTES = 64 * 1024
PIECES = 64
#: A node that cannot be reached for so long is as one that refuses.
CONNECT_SECONDS = 5.0
#: What a lost packet costs where no packet can be lost: TCP sends it again after this.
RETRANSMISSION_SECONDS = 0.2


@dataclass
class Place:
    """One node: where the others think it is, where it is, and the address that its own connections come from.

    Where nodes have no addresses of their own, `source` is empty, and a connection is told by the process that made it.
    """

    listen: tuple[str, int]
    target: tuple[str, int]
    #: What the proxy connects from on its behalf.
    alias: str
    source: str


class FaultProxy:
    def __init__(self, places: list[Place]):
        self.places = places
        self.processes: dict[int, int] = {}
        self._links: Links = {}
        self._changed = asyncio.Condition()
        self._random = random.Random()

    async def listen(self) -> None:
        for number, place in enumerate(self.places):
            await asyncio.start_server(
                lambda reader, writer, number=number: self._serve(number, reader, writer), *place.listen,
                limit=PIECE_BYTES)

    async def set_links(self, links: Links) -> None:
        async with self._changed:
            self._links = links
            self._changed.notify_all()

    def _link(self, way: tuple[int, int]) -> Link:
        return self._links.get(way, SOUND)

    async def _until_open(self, *ways: tuple[int, int]) -> None:
        if any(self._link(way).is_cut for way in ways):
            async with self._changed:
                await self._changed.wait_for(lambda: not any(self._link(way).is_cut for way in ways))

    async def _serve(self, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = self._source(writer, target)
        try:
            # A handshake needs both directions.
            await self._until_open((source, target), (target, source))
            place = self.places[target]
            alias = self.places[source].alias if source >= 0 else ""
            far_reader, far_writer = await asyncio.wait_for(
                asyncio.open_connection(
                    *place.target, limit=PIECE_BYTES, local_addr=(alias, 0) if alias else None),
                CONNECT_SECONDS)
        except (OSError, TimeoutError):
            writer.transport.abort()
            return
        await asyncio.gather(
            self._carry((source, target), reader, far_writer), self._carry((target, source), far_reader, writer))

    async def _carry(
        self, way: tuple[int, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One direction of a connection: what is read waits for its time, in order, and then for the way to be open."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES)
        receiving = asyncio.create_task(self._receive(way, reader, queue))
        try:
            while True:
                due, piece = await queue.get()
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                await self._until_open(way)
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass  # that side is gone: the other one is told by the end of its connection
        finally:
            receiving.cancel()
            writer.close()

    async def _receive(
        self, way: tuple[int, int], reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        loop, due, piece = asyncio.get_running_loop(), 0.0, b"-"
        while piece:
            try:
                piece = await reader.read(PIECE_BYTES)
            except OSError:
                piece = b""
            due = max(due, loop.time() + self._delay(self._link(way)))
            await queue.put((due, piece))

    def _delay(self, link: Link) -> float:
        delay = (link.delay_ms + link.jitter_ms * self._random.random()) / 1000
        return delay + (RETRANSMISSION_SECONDS if self._random.random() < link.loss else 0.0)

    def _source(self, writer: asyncio.StreamWriter, target: int) -> int:
        """Which node has connected; -1 if it is none, whose ways are always sound."""
        host, port = writer.get_extra_info("peername")[:2]
        for number, place in enumerate(self.places):
            if place.source == host:
                return number
        return owner_of_connection(port, self.places[target].listen[1], self.processes)


async def _serve_input() -> None:
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    first = json.loads(await lines.readline())
    proxy = FaultProxy([
        Place(tuple(one["listen"]), tuple(one["target"]), one["alias"], one["source"]) for one in first["places"]])
    await proxy.listen()
    _answer()
    while line := await lines.readline():
        told = json.loads(line)
        if "links" in told:
            await proxy.set_links({(source, target): Link(**link) for source, target, link in told["links"]})
        if "processes" in told:
            proxy.processes = {pid: number for number, pid in told["processes"]}
        _answer()


def _answer() -> None:
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(_serve_input())
