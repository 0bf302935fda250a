"""Everything that a cluster is to hold, and the comparison with what it holds later, key by key."""

import concurrent.futures
import hashlib

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
    """Of `count` keys, from number 0 on: a digest of each, and which dots there are."""

    def __init__(self, cluster: Cluster, count: int, bucket: str = BUCKET):
        self.count = count
        self.actors: set[int] = set()
        self.siblings = self.absent = 0
        self.digests = [
            digest for batch in share(
                cluster.nodes, batches(range(count)),
                lambda node, numbers: [self._digest(one) for one in read(node, numbers, bucket)])
            for digest in batch]

    def _digest(self, answer) -> bytes:
        """Of a key's values, with the dot, the time and the type of each, and of its context."""
        self.actors |= {one.dot.actor for one in answer.siblings}
        self.siblings += len(answer.siblings) > 1
        if not answer.found:
            self.absent += 1
            # What a tombstone has seen goes with it, when that is reaped.
            answer.context = b""
        return hashlib.blake2b(answer.SerializeToString(deterministic=True), digest_size=16).digest()

    def differences(self, other: "Held") -> list[bytes]:
        """The keys that are not the same."""
        assert self.count == other.count
        return [name(number) for number, (mine, others) in enumerate(zip(self.digests, other.digests)) if mine != others]


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


def repeated_dots(cluster: Cluster, before: Held, bucket: str = BUCKET) -> int:
    """Writes to a thousand keys through each node, which replaces nothing. Gives how many writes are not there, or bear the name of an
    actor from before: of these two, a dot that was issued again shows at least one.
    """
    step = max(SIBLINGS_EVERY, before.count // 1_000)
    wrong = 0
    for number in range(2, before.count, step):
        old = len(cluster[0].grpc.get(bucket, name(number), r=2).siblings)
        for index, node in enumerate(cluster.nodes):
            node.grpc.put(bucket, name(number), b"after %d" % index, options={"w": 2})
        siblings = cluster[0].grpc.get(bucket, name(number), r=2).siblings
        new = [one for one in siblings if one.value.startswith(b"after ")]
        wrong += len(siblings) != old + len(cluster.nodes) or any(one.dot.actor in before.actors for one in new)
    return wrong
