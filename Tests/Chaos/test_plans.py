"""What the seed decides, it decides each time the same."""

import pytest

from chaos.links import SOUND, Link, between, cut, merged
from chaos.schedule import FAULTS, plan


def test_a_seed_has_one_plan():
    kinds = list(FAULTS)
    assert plan("4711", 600, kinds) == plan("4711", 600, kinds)
    assert plan("4711", 600, kinds) != plan("4712", 600, kinds)


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_a_plan_has_every_kind_and_about_the_length_that_was_asked_for(seed):
    planned = plan(seed, 600, list(FAULTS))
    assert {fault.kind for fault in planned} == set(FAULTS)
    assert 300 < sum(fault.lasts + fault.pause for fault in planned) < 620


def test_a_plan_has_nothing_else_than_what_was_asked_for():
    for fault in plan("1", 600, ["kill", "halves", "wipe"]):
        assert fault.kind in {"kill", "halves", "wipe"}
        assert fault.companion is None or fault.companion.kind == "kill" and fault.kind == "halves"


def test_of_several_faults_of_a_way_the_worst_counts():
    links = merged([cut([(0, 1)]), {(0, 1): Link(delay_ms=5), (1, 2): Link(loss=0.1)}, {(1, 2): Link(loss=0.2)}])
    assert links[(0, 1)] == Link(is_cut=True, delay_ms=5) and links[(1, 2)] == Link(loss=0.2)
    assert links.get((2, 1), SOUND) == SOUND
    assert set(between([0], [1, 2])) == {(0, 1), (1, 0), (0, 2), (2, 0)}
