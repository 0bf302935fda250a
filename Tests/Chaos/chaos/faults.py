"""What happens to the nodes. Each fault draws what it does from its own seed, does it, and leaves all as it was."""

import itertools
import random
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

from . import links
from .cluster import Cluster
from .links import Link
from .membership import Membership
from .nodes import ChaosNode
from .schedule import Planned

#: For a node that comes back to serve again.
RETURN_SECONDS = 60.0
#: For all nodes to agree, before and after a disk is lost.
AGREE_SECONDS = 90.0


class Setting:
    """What a fault is given: the cluster, its own chance, and how to pass time and to say what it does."""

    def __init__(self, cluster: Cluster, chance: random.Random, say: Callable[[str], None]):
        self.cluster, self.chance, self.say = cluster, chance, say
        self.founders = cluster.founders

    def wait(self, seconds: float) -> None:
        if self.cluster.stop.wait(seconds):
            raise KeyboardInterrupt

    def some(self, most: int) -> list[ChaosNode]:
        return self.chance.sample(self.founders, self.chance.randint(1, most))

    def slots(self, nodes: list[ChaosNode]) -> list[int]:
        return [node.slot for node in nodes]


@contextmanager
def kill(setting: Setting):
    """kill -9 of one or two nodes, now and then of all at once; they come back when it ends."""
    victims = setting.founders if setting.chance.random() < 0.1 else setting.some(2)
    victims = [node for node in victims if node.is_running]
    setting.say(names(victims))
    for node in victims:
        node.kill()
    yield
    for node in victims:
        node.start()


@contextmanager
def pause(setting: Setting):
    """SIGSTOP, and SIGCONT when it ends."""
    victims = [node for node in setting.some(2) if node.is_running]
    setting.say(names(victims))
    for node in victims:
        node.pause()
    yield
    for node in victims:
        node.resume()


@contextmanager
def halves(setting: Setting):
    """Two sides that do not hear each other."""
    shuffled = setting.chance.sample(setting.founders, len(setting.founders))
    size = setting.chance.randint(1, len(shuffled) // 2)
    few, many = shuffled[:size], shuffled[size:]
    setting.say(f"{names(few)} | {names(many)}")
    with setting.cluster.links(links.cut(links.between(setting.slots(few), setting.slots(many)))):
        yield


@contextmanager
def bridge(setting: Setting):
    """Two sides that do not hear each other, and a node between that hears both."""
    middle, *others = setting.chance.sample(setting.founders, len(setting.founders))
    left, right = others[::2], others[1::2]
    setting.say(f"{names(left)} | {middle.name} | {names(right)}")
    with setting.cluster.links(links.cut(links.between(setting.slots(left), setting.slots(right)))):
        yield


@contextmanager
def one_way(setting: Setting):
    """What some nodes send does not arrive; they hear the others."""
    mute = setting.some(2)
    others = [node for node in setting.founders if node not in mute]
    setting.say(f"{names(mute)} are not heard")
    with setting.cluster.links(links.cut(itertools.product(setting.slots(mute), setting.slots(others)))):
        yield


def flaky(setting: Setting, lasts: float) -> None:
    """Ways that are cut and sound in turns, shorter and longer than it takes to notice."""
    left = lasts
    while left > 0:
        away = setting.some(2)
        others = [node for node in setting.founders if node not in away]
        cut_for, open_for = setting.chance.uniform(0.1, 3.0), setting.chance.uniform(0.1, 1.5)
        with setting.cluster.links(links.cut(links.between(setting.slots(away), setting.slots(others)))):
            setting.wait(cut_for)
        setting.wait(open_for)
        left -= cut_for + open_for
    setting.say("the ways to one or two nodes, in turns")


@contextmanager
def delay(setting: Setting):
    """All ways to and from some nodes take longer, each piece of data by another time."""
    slow = setting.some(3)
    link = Link(delay_ms=setting.chance.choice([5, 30, 100, 300]), jitter_ms=setting.chance.choice([5, 50, 200]))
    setting.say(f"{names(slow)}, {link.delay_ms} to {link.delay_ms + link.jitter_ms} ms")
    with setting.cluster.links(_all_ways(setting, slow, link)):
        yield


@contextmanager
def loss(setting: Setting):
    """Packets to and from some nodes are lost by chance."""
    unlucky = setting.some(3)
    link = Link(loss=setting.chance.choice([0.02, 0.1, 0.25]))
    setting.say(f"{names(unlucky)}, {link.loss:.0%} of the packets")
    with setting.cluster.links(_all_ways(setting, unlucky, link)):
        yield


def _all_ways(setting: Setting, nodes: list[ChaosNode], link: Link) -> links.Links:
    others = [node.slot for node in setting.founders if node not in nodes]
    inner = itertools.permutations(setting.slots(nodes), 2)
    return {way: link for way in (*links.between(setting.slots(nodes), others), *inner)}


@contextmanager
def disk_full(setting: Setting):
    """No byte is left on one node's disk."""
    node = setting.chance.choice(setting.founders)
    setting.say(node.name)
    node.disk.fill()
    yield
    node.disk.free()


@contextmanager
def clock(setting: Setting):
    """One node's wall clock jumps, and back again when it ends."""
    node, offset = setting.chance.choice(setting.founders), setting.chance.choice(CLOCK_OFFSETS)
    setting.say(f"{node.name}, {offset:+} s")
    with setting.cluster.clock_set(node, offset):
        yield


#: In seconds. Nodes follow timestamps of others up to a minute ahead (`cluster.max_clock_drift_ms`).
CLOCK_OFFSETS = [-3600, -30, -2, 2, 30, 3600]


def wipe(setting: Setting) -> None:
    """One node loses its disk, when all others have what it had; nothing else happens until they have again."""
    cluster, node = setting.cluster, setting.chance.choice(setting.founders)
    setting.say(node.name)
    cluster.settling.until_calm(cluster.founder_names, AGREE_SECONDS)
    node.kill()
    node.wipe()
    node.start()
    cluster.settling.until_calm(cluster.founder_names, AGREE_SECONDS)


def rolling_restart(setting: Setting) -> None:
    """SIGTERM of one node after the other; the next one's turn is when the last is connected again."""
    cluster = setting.cluster
    for node in setting.chance.sample(setting.founders, len(setting.founders)):
        cluster.settling.until_connected(cluster.founder_names, RETURN_SECONDS)
        node.terminate()
        node.start()
    cluster.settling.until_connected(cluster.founder_names, RETURN_SECONDS)
    setting.say("all, one after the other")


def join_leave(setting: Setting, lasts: float) -> None:
    """A node joins while the cluster is cut in two, and leaves again while it is cut in two."""
    node = setting.cluster.add_node()
    setting.say(node.name)
    change = Membership(setting.cluster, setting.chance, node)
    node.start()
    for begin, is_done in ((change.begin_join, change.has_joined), (change.begin_leave, change.has_left)):
        with halves(setting):
            change.attempt(begin)
            setting.wait(lasts)
        change.complete(begin, is_done)
    node.terminate()
    setting.cluster.remove_node(node)


#: Faults that begin and end, while time passes in between.
LASTING = {
    "kill": kill, "pause": pause, "halves": halves, "bridge": bridge, "one-way": one_way, "delay": delay, "loss": loss,
    "disk-full": disk_full, "clock": clock,
}
#: Faults that take their time.
PASSING = {"flaky": flaky, "join-leave": join_leave}
#: Faults that end when all is well.
COMPLETE = {"wipe": wipe, "rolling-restart": rolling_restart}


def perform(fault: Planned, cluster: Cluster, say: Callable[[str], None]) -> None:
    """One fault, with its companion, from its beginning to its end."""
    with ExitStack() as stack:
        if fault.companion:
            stack.enter_context(LASTING[fault.companion.kind](_setting(fault.companion, cluster, say)))
        setting = _setting(fault, cluster, say)
        if fault.kind in LASTING:
            stack.enter_context(LASTING[fault.kind](setting))
            setting.wait(fault.lasts)
        elif fault.kind in PASSING:
            PASSING[fault.kind](setting, fault.lasts)
        else:
            COMPLETE[fault.kind](setting)


def _setting(fault: Planned, cluster: Cluster, say: Callable[[str], None]) -> Setting:
    return Setting(cluster, random.Random(fault.seed), lambda words: say(f"{fault.kind}: {words}"))


def names(nodes: list[ChaosNode]) -> str:
    return " ".join(sorted(node.name for node in nodes))
