"""Clients of the run: threads that read and write by one protocol each, and take down every call."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from .history import Action, Call, Key, Kind, Outcome, Recorder, Shown
from .keys import Keys
from .protocols import Client, Failed, NotSent, Reply
from .seconds import Seconds

#: After a failure, a client asks other nodes for so long.
AVOID_SECONDS = 1.0
#: Behind the name of the write, so that values have a size.
_FILLER = bytes(b"x" * 1024)


@dataclass(frozen=True)
class Known:
    """What a client was last shown of a register."""

    seen: tuple[Shown, ...]
    context: bytes


class Worker(threading.Thread):
    """One client, which asks any of some nodes."""

    def __init__(
        self, name: str, seed: str, nodes: list[str], connect: Callable[[str], Client], keys: Keys, recorder: Recorder,
        seconds: Seconds, interval: float, stop: threading.Event
    ):
        super().__init__(name=name, daemon=True)
        self._chance = random.Random(seed)
        self._clients = {node: connect(node) for node in nodes}
        self._keys, self._recorder, self._seconds = keys, recorder, seconds
        self._interval, self._ended = interval, stop
        self._known: dict[Key, Known] = {}
        self._avoided: dict[str, float] = {}
        self._count = 0
        #: What ended it, which is a defect of the run itself.
        self.defect: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._ended.wait(self._chance.expovariate(1 / self._interval)):
                self._act()
        except BaseException as error:
            self.defect = error
        finally:
            for client in self._clients.values():
                client.close()

    def _act(self) -> None:
        key = self._keys.take(self._chance)
        node = self._node()
        luck = self._chance.random()
        match key.kind:
            case Kind.COUNTER if luck < 0.7:
                self._count_up(key, node)
            case Kind.COUNTER:
                self._read_number(key, node)
            case Kind.SET:
                self._change_set(key, node, luck)
            case Kind.REGISTER if luck < 0.4:
                self._read(key, node)
            case Kind.REGISTER:
                self._write(key, node, is_delete=luck > 0.92)

    def _node(self) -> str:
        now = self._recorder.now()
        good = [node for node in self._clients if self._avoided.get(node, 0.0) <= now]
        return self._chance.choice(good or list(self._clients))

    # Registers

    def _read(self, key: Key, node: str) -> None:
        call = self._begin(node, Action.GET, key)
        reply = self._ask(call, lambda client: client.get(key.bucket, key.name))
        if reply is not None:
            self._note(call, reply, reply.shown)

    def _write(self, key: Key, node: str, is_delete: bool) -> None:
        # Now and then without a context, as a client does that never reads.
        known = self._known.get(key) if self._chance.random() < 0.8 else None
        context = known.context if known else b""
        value = self._new_value()
        call = self._begin(
            node, Action.DELETE if is_delete else Action.PUT, key, value=value, seen=known.seen if known else ())
        if is_delete:
            reply = self._ask(call, lambda client: client.delete(key.bucket, key.name, context))
        else:
            content = value.encode() + b" " + _FILLER[:self._chance.randrange(len(_FILLER))]
            reply = self._ask(call, lambda client: client.put(key.bucket, key.name, content, context))
        if reply is not None:
            # Of a delete nothing is shown, but its context covers it.
            own = () if any(one.value == value for one in reply.shown or ()) else (Shown(value),)
            self._note(call, reply, (*(reply.shown or ()), *own))

    def _note(self, call: Call, reply: Reply, seen: tuple[Shown, ...]) -> None:
        call.shown, call.context = reply.shown, reply.context
        if reply.context:
            self._known[call.key] = Known(seen, reply.context)
        else:
            self._known.pop(call.key, None)

    def _new_value(self) -> str:
        self._count += 1
        return f"{self.name}-{self._count}"

    # Counters and sets

    def _count_up(self, key: Key, node: str) -> None:
        amount = self._chance.randint(1, 9)
        call = self._begin(node, Action.ADD, key, amount=amount)
        call.number_told = self._ask(call, lambda client: client.add(key.bucket, key.name, amount))

    def _read_number(self, key: Key, node: str) -> None:
        call = self._begin(node, Action.GET, key)
        call.number_told = self._ask(call, lambda client: client.number(key.bucket, key.name))

    def _change_set(self, key: Key, node: str, luck: float) -> None:
        member = self._keys.take_member(key, self._chance) if 0.5 < luck < 0.7 else None
        if member is not None:
            call = self._begin(node, Action.REMOVE_MEMBER, key, value=member)
            call.number_told = self._ask(call, lambda client: client.remove_member(key.bucket, key.name, member))
        elif luck < 0.6:
            member = self._new_value()
            call = self._begin(node, Action.ADD_MEMBER, key, value=member)
            call.number_told = self._ask(call, lambda client: client.add_member(key.bucket, key.name, member))
            if call.is_done:
                self._keys.added(key, member)
        else:
            call = self._begin(node, Action.GET, key)
            call.members = self._ask(call, lambda client: client.members(key.bucket, key.name)) or frozenset()

    # All

    def _begin(self, node: str, action: Action, key: Key, **fields) -> Call:
        return self._recorder.begin(self.name, self._clients[node].name, node, action, key, **fields)

    def _ask(self, call: Call, request: Callable[[Client], object]):
        """The reply, or None; the call is told how it ended."""
        reply = None
        try:
            reply = request(self._clients[call.node])
            call.outcome = Outcome.DONE
        except NotSent as error:
            call.outcome, call.error = Outcome.NOT_SENT, str(error)
        except Failed as error:
            call.outcome, call.error = Outcome.UNKNOWN, str(error)
        call.ended = self._recorder.now()
        if not call.is_done:
            self._avoided[call.node] = call.ended + AVOID_SECONDS
        self._seconds.note(call.ended, call.ended - call.begun, call.is_done)
        return reply
