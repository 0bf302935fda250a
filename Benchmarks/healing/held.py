"""Everything that a cluster is to hold, and the comparison with what it holds later, key by key."""

import concurrent.futures
import hashlib
import itertools

from clusters import BATCH, BUCKET
from support.cluster import Cluster, Node

VALUE_SIZE = 1_024
#: Of a hundred keys one has two siblings, and of a thousand one is deleted.
SIBLINGS_EVERY, DELETED_EVERY = 100, 1_000
#: Of a hundred keys one is overwritten for the second backup.
CHANGED_EVERY, CHANGED_AT = 100, 37


def name(number: int) -> bytes:
    """As the load generator names keys."""
    return b"k%015d" % number


def value(number: int, version: int) -> bytes:
    """No compression makes it smaller."""
    return hashlib.shake_128(b"%d %d" % (number, version)).digest(VALUE_SIZE)


def share(nodes: list[Node], batches, work) -> list:
    """What `work(node, batch)` gives of each batch, in their order; each node does one at a time."""
    batches = iter(enumerate(batches))
    results = {}

    def take(node: Node) -> None:
        for index, batch in batches:
            results[index] = work(node, batch)

    with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
        # An enumeration may be shared by threads.
        for one in [pool.submit(take, node) for node in nodes]:
            one.result()
    return [results[index] for index in sorted(results)]


def batches(numbers: range) -> list[range]:
    return [numbers[start:start + BATCH] for start in range(0, len(numbers), BATCH)]


def read(node: Node, numbers: range, bucket: str = BUCKET) -> list:
    """The answers for these keys, none of which is an error."""
    m = node.grpc.m
    reply = node.grpc.stub.BatchGet(m.BatchGetRequest(
        entries=[m.GetRequest(bucket=bucket, key=name(number)) for number in numbers], options=m.Options(r=2)), timeout=60)
    failed = [result.error.message for result in reply.results if result.HasField("error")]
    assert not failed, f"{len(failed)} gets at {node.name} failed: {failed[0]}"
    return [result.response for result in reply.results]


def put(node: Node, numbers: range, version: int, contexts: list[bytes] | None = None) -> None:
    """Each is acknowledged by all replicas."""
    m = node.grpc.m
    contexts = contexts or [b""] * len(numbers)
    reply = node.grpc.stub.BatchPut(m.BatchPutRequest(
        entries=[
            m.PutRequest(bucket=BUCKET, key=name(number), value=value(number, version), context=context)
            for number, context in zip(numbers, contexts)],
        options=m.Options(w=3)), timeout=60)
    failed = [result.error.message for result in reply.results if result.HasField("error")]
    assert not failed, f"{len(failed)} puts at {node.name} failed: {failed[0]}"


class Held:
    """Of `count` keys, from number 0 on: digests of what each holds, and who has written it."""

    def __init__(self, cluster: Cluster, count: int, bucket: str = BUCKET):
        self.actors: set[int] = set()
        self.siblings = 0
        #: Of a key's values, with the dot, the time and the type of each; empty if it has none.
        self.values: list[bytes] = []
        self.contexts: list[bytes] = []
        answers = share(
            cluster.nodes, batches(range(count)),
            lambda node, numbers: [self._digests(one) for one in read(node, numbers, bucket)])
        for values, context in itertools.chain.from_iterable(answers):
            self.values.append(values)
            self.contexts.append(context)

    def _digests(self, answer) -> tuple[bytes, bytes]:
        # What a tombstone has seen goes with it, when that is reaped.
        if not answer.found:
            return b"", b""
        self.actors |= {one.dot.actor for one in answer.siblings}
        self.siblings += len(answer.siblings) > 1
        return digest(b"".join(one.SerializeToString(deterministic=True) for one in answer.siblings)), digest(answer.context)

    @property
    def absent(self) -> int:
        return self.values.count(b"")

    def differences(self, other: "Held", contexts: bool = True) -> int:
        """How many of this one's keys hold something else there. Contexts of one bucket are none of another's."""
        return sum(
            self.values[number] != other.values[number] or contexts and self.contexts[number] != other.contexts[number]
            for number in range(len(self.values)))

    def missing(self, other: "Held", numbers: range) -> int:
        """How many of these keys hold something here and nothing there."""
        return sum(self.values[number] != b"" and other.values[number] == b"" for number in numbers)


def digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def fill(cluster: Cluster, count: int) -> None:
    """Puts the keys, then siblings to some, and deletes some."""
    share(cluster.nodes, batches(range(count)), lambda node, numbers: put(node, numbers, 0))
    # Puts without a context replace nothing.
    share(cluster.nodes, batches(range(0, count, SIBLINGS_EVERY)), lambda node, numbers: put(node, numbers, 1))
    share(cluster.nodes, batches(range(1, count, DELETED_EVERY)), delete)


def delete(node: Node, numbers: range) -> None:
    for number, answer in zip(numbers, read(node, numbers)):
        node.grpc.delete(BUCKET, name(number), context=answer.context, options={"w": 3})


def change(cluster: Cluster, count: int) -> None:
    """Overwrites one key of a hundred."""
    share(
        cluster.nodes, batches(range(CHANGED_AT, count, CHANGED_EVERY)),
        lambda node, numbers: put(node, numbers, 2, [answer.context for answer in read(node, numbers)]))


def repeated_dots(cluster: Cluster, before: Held, count: int) -> int:
    """Writes to a thousand keys through each node, which replaces nothing. Gives how many writes are not there, or bear the name of an
    actor from before: of these two, a dot that was issued again shows at least one.
    """
    wrong = 0
    for number in range(2, count, max(SIBLINGS_EVERY, count // 1_000)):
        old = len(cluster[0].grpc.get(BUCKET, name(number), r=2).siblings)
        for index, node in enumerate(cluster.nodes):
            node.grpc.put(BUCKET, name(number), b"after %d" % index, options={"w": 2})
        siblings = cluster[0].grpc.get(BUCKET, name(number), r=2).siblings
        new = [one for one in siblings if one.value.startswith(b"after ")]
        wrong += len(siblings) != old + len(cluster.nodes) or any(one.dot.actor in before.actors for one in new)
    return wrong
