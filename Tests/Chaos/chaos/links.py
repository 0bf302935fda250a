"""What is wrong with the way from one node to another."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """The way from one node to another, in one direction: both carry requests and replies."""

    is_cut: bool = False
    #: The share of packets that are dropped, each by chance.
    loss: float = 0.0
    #: Of every piece of data, and up to how much more, by chance.
    delay_ms: float = 0.0
    jitter_ms: float = 0.0


SOUND = Link()
#: From and to which node; ways that are not named are sound.
Links = dict[tuple[int, int], Link]


def cut(ways: Iterable[tuple[int, int]]) -> Links:
    return {way: Link(is_cut=True) for way in ways}


def between(some: Iterable[int], others: Iterable[int]) -> list[tuple[int, int]]:
    """Both directions of all ways between two groups."""
    pairs = list(itertools.product(some, others))
    return pairs + [(b, a) for a, b in pairs]


def merged(layers: Iterable[Links]) -> Links:
    """Several faults at a time: of each way the worst of what they do to it."""
    result: Links = {}
    for layer in layers:
        for way, link in layer.items():
            other = result.get(way, SOUND)
            result[way] = Link(
                link.is_cut or other.is_cut, max(link.loss, other.loss), max(link.delay_ms, other.delay_ms),
                max(link.jitter_ms, other.jitter_ms))
    return result
