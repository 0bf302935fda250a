"""The checks find what they are for: each is given a history in which just that is wrong, and the same made right."""

import itertools

import pytest

from chaos.checks import (
    BACK, BESIDE, EXCESS, LOST, PHANTOM, SEVERAL, STALE, Circumstances, ClockJump, Final, Findings)
from chaos.checks.everything import check_key
from chaos.history import Action, Bucket, Call, Key, Kind, Outcome, Shown

REGISTER = Key(Kind.REGISTER, Bucket.SIBLINGS, "k")
SLOPPY = Key(Kind.REGISTER, Bucket.SLOPPY, "k")
LATEST = Key(Kind.REGISTER, Bucket.LATEST, "k")
COUNTER = Key(Kind.COUNTER, Bucket.SIBLINGS, "k")
SET = Key(Kind.SET, Bucket.SIBLINGS, "k")


class Story:
    """Calls for one key, one after the other, a second each."""

    def __init__(self, key: Key):
        self.key = key
        self.calls: list[Call] = []
        self._times = itertools.count()

    def call(self, action: Action, **fields) -> "Story":
        begun = float(next(self._times))
        fields = {"outcome": Outcome.DONE, "ended": begun + 0.5, **fields}
        self.calls.append(Call(
            len(self.calls), "c", "grpc", "node0", action, self.key, begun, int(begun * 1000), **fields))
        return self

    def put(self, value: str, *seen: str, **fields) -> "Story":
        return self.call(Action.PUT, value=value, seen=shown(*seen), **fields)

    def delete(self, value: str, *seen: str, **fields) -> "Story":
        return self.call(Action.DELETE, value=value, seen=shown(*seen), **fields)

    def read(self, *values: str, **fields) -> "Story":
        return self.call(Action.GET, shown=shown(*values), **fields)

    def add(self, amount: int, told: int | None = None, **fields) -> "Story":
        return self.call(Action.ADD, amount=amount, number_told=told, **fields)

    def kinds(self, final: Final = Final(), **circumstances) -> set[str]:
        """Of the violations that are found."""
        findings = Findings()
        check_key(self.key, self.calls, final, Circumstances(**circumstances), findings)
        return {one.kind for one in findings.violations}


def shown(*values: str | Shown) -> tuple[Shown, ...]:
    return tuple(one if isinstance(one, Shown) else Shown(one) for one in values)


def left(*values: str | Shown) -> Final:
    return Final(shown=shown(*values))


def at(value: str, milliseconds: int) -> Shown:
    return Shown(value, f"a:{milliseconds}", milliseconds)


UNKNOWN = {"outcome": Outcome.UNKNOWN}
NOT_SENT = {"outcome": Outcome.NOT_SENT}


# Registers with siblings

@pytest.mark.parametrize("key", [REGISTER, SLOPPY])
def test_a_lost_write_is_found(key):
    assert Story(key).put("a").put("b").kinds(left("a", "b")) == set()
    assert Story(key).put("a").put("b").kinds(left("b")) == {LOST}
    assert Story(key).put("a").kinds(left()) == {LOST}


def test_a_write_that_was_replaced_or_deleted_or_is_in_doubt_is_not_lost():
    assert Story(REGISTER).put("a").put("b", "a").put("c", "b").kinds(left("c")) == set()
    assert Story(REGISTER).put("a").delete("d", "a").kinds(left()) == set()
    assert Story(REGISTER).put("a", **UNKNOWN).kinds(left()) == set()
    # What replaced it is gone itself.
    assert Story(REGISTER).put("a").put("b", "a").kinds(left()) == {LOST}


def test_a_write_in_doubt_that_replaced_an_acknowledged_one_may_be_there():
    assert Story(REGISTER).put("a").put("b", "a", **UNKNOWN).kinds(left("b")) == set()
    assert Story(REGISTER).put("a").put("b", "a", **UNKNOWN).kinds(left("a")) == set()
    assert Story(REGISTER).put("a").put("b", "a", **UNKNOWN).kinds(left()) == {LOST}


def test_a_deleted_value_that_is_back_is_found():
    assert Story(REGISTER).put("a").delete("d", "a").kinds(left("a")) == {BACK}
    assert Story(SLOPPY).put("a").delete("d", "a").kinds(left("a")) == {BACK}
    # Also one that an earlier write had replaced.
    assert Story(REGISTER).put("a").put("b", "a").delete("d", "b").kinds(left("a")) == {BACK}
    # A delete in doubt, or one that had not seen it, takes nothing away for certain.
    assert Story(REGISTER).put("a").delete("d", "a", **UNKNOWN).kinds(left("a")) == set()
    assert Story(REGISTER).put("a").delete("d").kinds(left("a")) == set()


def test_a_value_that_two_coordinators_have_written_may_be_back():
    first, second = Shown("a", "x:1"), Shown("a", "y:1")
    story = Story(REGISTER).put("a", shown=(first,)).put("b", first)
    assert story.kinds(left(second, "b")) == set()
    assert story.kinds(left(first, "b")) == {BACK}
    # By a protocol that shows no dots it can be told only that something broke then.
    story = Story(REGISTER).put("a").put("b", "a")
    assert story.kinds(left("a", "b"), disturbances=[(0.2, 0.3)]) == set()
    assert story.kinds(left("a", "b"), disturbances=[(7.0, 8.0)]) == {BACK}


@pytest.mark.parametrize("key", [REGISTER, SLOPPY, LATEST])
def test_a_value_that_nobody_wrote_is_found(key):
    assert Story(key).put(at("a", 0).value).kinds(left(at("b", 9000))) >= {PHANTOM}
    assert Story(key).put("a").read("a", "b").kinds(left(at("a", 0))) >= {PHANTOM}
    assert Story(key).put("a", **NOT_SENT).kinds(left(at("a", 0))) == {PHANTOM}


def test_a_stale_read_is_found():
    assert Story(REGISTER).put("a").read("a").kinds(left("a")) == set()
    assert Story(REGISTER).put("a").read().kinds(left("a")) == {STALE}
    assert Story(REGISTER).put("a").put("b", "a").read("a").kinds(left("b")) == {STALE}
    # With a sloppy quorum, and where a disk was lost, a read may miss it.
    assert Story(SLOPPY).put("a").read().kinds(left("a")) == set()
    assert Story(REGISTER).put("a").read().kinds(left("a"), losses=[(0.0, 9.0)]) == set()
    # A read that began before the write was acknowledged need not know of it.
    story = Story(REGISTER).put("a", ended=1.2).read()
    assert story.kinds(left("a")) == set()


def test_a_sibling_beside_its_successor_is_found():
    assert Story(REGISTER).put("a").put("b", "a").read("a", "b").kinds(left("b")) == {BESIDE}
    assert Story(REGISTER).put("a").put("b").read("a", "b").kinds(left("a", "b")) == set()


# Registers of which the latest stays

def test_of_the_latest_a_lost_write_is_found():
    story = Story(LATEST).put("a", shown=shown(at("a", 100))).put("b", shown=shown(at("b", 1100)))
    assert story.kinds(left(at("b", 1100))) == set()
    assert story.kinds(left(at("a", 100))) == {LOST}
    assert story.kinds(left()) == {LOST}


def test_the_latest_write_is_told_by_its_timestamp_or_by_when_it_was_made():
    # Its coordinator's clock was ahead.
    story = Story(LATEST).put("a", shown=shown(at("a", 9000))).put("b", shown=shown(at("a", 9000)))
    assert story.kinds(left(at("a", 9000))) == set()
    # Nobody was told its timestamp: made after the one that is left, unless a clock was behind.
    story = Story(LATEST).put("a", shown=shown(at("a", 100))).put("b")
    assert story.kinds(left(at("a", 100))) == {LOST}
    assert story.kinds(left(at("a", 100)), clocks=[ClockJump(0.5, 2.0, -2000)]) == set()


def test_of_the_latest_one_that_was_seen_is_replaced_whatever_its_timestamp():
    story = Story(LATEST).put("a", shown=shown(at("a", 9000))).put("b", at("a", 9000), shown=shown(at("b", 1100)))
    story.put("c", shown=shown(at("c", 2100))).read("c")
    assert story.kinds(left(at("c", 2100))) == set()
    assert story.kinds(left(at("b", 1100))) == {LOST}


def test_of_the_latest_a_deleted_value_that_is_back_is_found():
    story = Story(LATEST).put("a", shown=shown(at("a", 100))).delete("d", at("a", 100))
    assert story.kinds(left()) == set()
    assert story.kinds(left(at("a", 100))) == {BACK}
    blind = Story(LATEST).put("a", shown=shown(at("a", 100))).delete("d")
    assert BACK in blind.kinds(left(at("a", 100)))


def test_of_the_latest_a_stale_read_is_found():
    story = Story(LATEST).put("a", shown=shown(at("a", 100))).put("b", shown=shown(at("b", 1100)))
    assert story.read("b").kinds(left(at("b", 1100))) == set()
    assert story.read("a").kinds(left(at("b", 1100))) == {STALE}
    assert Story(LATEST).put("a").read().kinds(left(at("a", 100))) == {STALE}
    assert Story(LATEST).put("a").read(at("a", 1), at("b", 2)).kinds(left(at("a", 1))) >= {SEVERAL}


# Counters

def test_a_lost_and_a_repeated_addition_are_found():
    story = Story(COUNTER).add(3, told=3).add(4, **UNKNOWN).add(5, **NOT_SENT)
    assert [story.kinds(Final(number=number)) for number in (2, 3, 7, 8)] == [{LOST}, set(), set(), {EXCESS}]


def test_a_count_that_lacks_what_was_acknowledged_is_found():
    def told(number: int, **circumstances) -> set[str]:
        story = Story(COUNTER).add(3, told=3).call(Action.GET, number_told=number)
        return story.kinds(Final(number=3), **circumstances)

    assert [told(number) for number in (2, 3, 4)] == [{STALE}, set(), {EXCESS}]
    assert told(2, losses=[(0.0, 9.0)]) == set()
    assert Story(COUNTER).add(3, told=3).add(4, told=4).kinds(Final(number=7)) == {STALE}


# Sets

def members(*names: str) -> Final:
    return Final(members=frozenset(names))


def test_a_lost_a_returned_and_an_invented_member_are_found():
    story = Story(SET).call(Action.ADD_MEMBER, value="a").call(Action.ADD_MEMBER, value="b", **UNKNOWN)
    assert story.kinds(members("a")) == story.kinds(members("a", "b")) == set()
    assert story.kinds(members("b")) == {LOST}
    assert story.kinds(members("a", "c")) == {PHANTOM}
    story.call(Action.REMOVE_MEMBER, value="a", number_told=1)
    assert story.kinds(members()) == set()
    assert story.kinds(members("a")) == {BACK}


def test_a_read_of_a_set_that_lacks_a_member_or_shows_a_removed_one_is_found():
    story = Story(SET).call(Action.ADD_MEMBER, value="a")
    story.call(Action.GET, members=frozenset())
    assert story.kinds(members("a")) == {STALE}
    story = Story(SET).call(Action.ADD_MEMBER, value="a").call(Action.REMOVE_MEMBER, value="a", number_told=1)
    story.call(Action.GET, members=frozenset({"a"}))
    assert story.kinds(members()) == {STALE}
    missed = Story(SET).call(Action.ADD_MEMBER, value="a").call(Action.REMOVE_MEMBER, value="a", number_told=0)
    assert missed.kinds(members("a")) == {STALE}
