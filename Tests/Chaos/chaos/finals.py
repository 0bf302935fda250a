"""What the nodes hold when all has settled: read from a quorum of all replicas, and from each replica alone."""

import random
from collections.abc import Iterable

from support.grpc_client import Stubs

from .checks import DIFFER, Final, Findings
from .history import Key, Kind
from .operators import Operator
from .protocols.grpc_protocol import shown_by

#: Keys that are read in one batch.
_PAGE = 100
_SECONDS = 30.0
REPLICAS = 3


class Unreadable(Exception):
    """A node answered a read with an error though all nodes are well."""


class FinalReader:
    """Its methods raise `Unreadable`, or `grpc.RpcError` if a whole call fails."""

    def __init__(self, stubs: Stubs, operators: dict[str, Operator], chance: random.Random):
        self._m = stubs.messages
        self._operators, self._chance = operators, chance

    def read(self, keys: Iterable[Key]) -> dict[Key, Final]:
        """By all replicas of each key, asked of any node."""
        keys, finals = list(keys), {}
        for first in range(0, len(keys), _PAGE):
            operator = self._chance.choice(list(self._operators.values()))
            finals |= self._page(operator, keys[first:first + _PAGE], REPLICAS)
        return finals

    def compare_replicas(self, keys: Iterable[Key], findings: Findings) -> None:
        """Each replica is asked for what it has itself, of which a read by one replica asks no other."""
        by_replica: dict[str, list[Key]] = {}
        for key in keys:
            for name in next(iter(self._operators.values())).replicas(key.bucket.value, key.name):
                by_replica.setdefault(name, []).append(key)
        held: dict[Key, dict[str, Final]] = {}
        for name, own in by_replica.items():
            for first in range(0, len(own), _PAGE):
                for key, final in self._page(self._operators[name], own[first:first + _PAGE], 1).items():
                    held.setdefault(key, {})[name] = final
        for key, finals in held.items():
            if len(set(finals.values())) > 1:
                findings.add(DIFFER, key, "; ".join(f"{name}: {final}" for name, final in sorted(finals.items())))

    def _page(self, operator: Operator, keys: list[Key], replicas: int) -> dict[Key, Final]:
        """One message of a session."""
        options = self._m.Options(r=replicas)
        operations = []
        for number, key in enumerate(keys):
            request = self._m.GetRequest(bucket=key.bucket.value, key=key.name.encode(), options=options)
            kind = {"get": request} if key.kind is Kind.REGISTER else {"get_data": request}
            operations.append(self._m.SessionOperation(id=number, **kind))
        finals = {}
        session = operator.store.Session(iter([self._m.SessionRequest(operations=operations)]), timeout=_SECONDS)
        for result in (result for response in session for result in response.results):
            key = keys[result.id]
            if result.HasField("error"):
                raise Unreadable(f"{operator.node.name} does not give {key}: {result.error.message}")
            finals[key] = _final(key, result)
        return finals


def _final(key: Key, result) -> Final:
    match key.kind:
        case Kind.REGISTER:
            return Final(shown=shown_by(result.get.siblings))
        case Kind.COUNTER:
            values = result.get_data.values.values
            return Final(number=int(values[0]) if values else 0)
        case Kind.SET:
            return Final(members=frozenset(member.decode() for member in result.get_data.members.members))
