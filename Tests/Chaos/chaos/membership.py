"""A node that becomes a member of the cluster, and ceases to be one."""

import random
from collections.abc import Callable

import grpc

from .cluster import Cluster
from .nodes import ChaosNode
from .operators import Operator

#: For a change of the members, from when all can reach each other again.
CHANGE_SECONDS = 120.0


class Membership:
    """What an operator does for one node."""

    def __init__(self, cluster: Cluster, chance: random.Random, node: ChaosNode):
        self._cluster, self._chance, self._node = cluster, chance, node

    def begin_join(self, operator: Operator) -> None:
        if not self._is_staged(operator):
            operator.stage_join(self._node)
        operator.commit()

    def begin_leave(self, operator: Operator) -> None:
        if not self._is_staged(operator):
            operator.stage_leave(self._node.name)
        operator.commit()

    def _is_staged(self, operator: Operator) -> bool:
        """Nodes tell each other what is staged, and refuse to have it staged twice."""
        return any(one.node == self._node.name for one in operator.status().staged)

    def attempt(self, begin: Callable[[Operator], None]) -> str:
        """Asks any founder; gives what it says. One on the smaller side of a cut cluster cannot do it."""
        name = self._chance.choice(self._cluster.founder_names)
        try:
            begin(self._cluster.operators[name])
            return f"{name} has taken it"
        except grpc.RpcError as error:
            return f"{name} says {error.code().name}: {error.details()}"

    def complete(self, begin: Callable[[Operator], None], is_done: Callable[[object], bool]) -> None:
        """Until all founders say that it is done. What was lost on the way is asked for again."""
        self._cluster.settling.until(CHANGE_SECONDS, lambda: self._lacking(begin, is_done))

    def _lacking(self, begin: Callable[[Operator], None], is_done: Callable[[object], bool]) -> str | None:
        for name in self._cluster.founder_names:
            operator = self._cluster.operators[name]
            status = operator.reachable_status()
            if status is None:
                return f"{name} does not answer"
            if status.HasField("change"):
                return f"{name} waits for {', '.join(status.change.awaiting)}"
            if not is_done(status):
                return f"{name} does not know of the change; {self.attempt(begin)}"
        return None

    def has_joined(self, status) -> bool:
        return self._is_member(status) and not status.staged

    def has_left(self, status) -> bool:
        return not self._is_member(status) and not status.staged

    def _is_member(self, status) -> bool:
        roles = {one.member.name: one.role for one in status.members}
        up = self._cluster.operators[self._node.name].m.MemberStatus.ROLE_UP
        return roles.get(self._node.name) == up
