"""One key at once is one request, two keys are two: for every operation that takes a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.concurrency.scene import (
    Act,
    Ending,
    Given,
    adjust,
    capture,
    claw_back,
    given,
    grant,
    hold,
    meet,
    raise_cap,
    refund,
    release,
    reverse,
    set_cap,
)
from tests.support.racing import unguarded
from tests.support.world import World


@dataclass(frozen=True)
class Case:
    """An operation, what it says and leaves behind, done once and done twice."""

    name: str
    given: Given
    act: Callable[..., Act]
    says: str
    again: str
    once: str
    says_then: str
    twice: str
    # Without guards one key counts twice; None where that can't be told from once.
    unguarded: str | None

    def __str__(self) -> str:
        return self.name


OLDER = given(older="60.00")
SPENT = given(older="60.00", after=[capture("60.00")])
CAPPED = given(cap="100.00")

CASES = [
    Case(
        "hold",
        given(),
        lambda key: hold("30.00", key=key),
        "held 30.00",
        "held 30.00 again",
        "available 70.00, held 30.00",
        "held 30.00",
        "available 40.00, held 60.00",
        "available 40.00, held 60.00",
    ),
    Case(
        "capture",
        OLDER,
        lambda key: capture("20.00", key=key),
        "settled 20.00",
        "settled 20.00 again",
        "available 40.00, held 40.00, spent 20.00",
        "settled 20.00",
        "available 40.00, held 20.00, spent 40.00",
        "available 40.00, held 20.00, spent 40.00",
    ),
    Case(
        "release",
        OLDER,
        lambda key: release("20.00", key=key),
        "settled 20.00",
        "settled 20.00 again",
        "available 60.00, held 40.00",
        "settled 20.00",
        "available 80.00, held 20.00",
        "available 80.00, held 20.00",
    ),
    Case(
        "refund",
        SPENT,
        lambda key: refund("20.00", key=key),
        "settled 20.00",
        "settled 20.00 again",
        "available 60.00, spent 40.00",
        "settled 20.00",
        "available 80.00, spent 20.00",
        "available 80.00, spent 20.00",
    ),
    Case(
        "grant",
        given(),
        lambda key: grant("20.00", key=key),
        "granted 20.00",
        "granted 20.00 again",
        "available 120.00",
        "granted 20.00",
        "available 140.00",
        "available 140.00",
    ),
    Case(
        "correction upwards",
        given(),
        lambda key: adjust("20.00", key=key),
        "corrected 20.00",
        "corrected 20.00 again",
        "available 120.00",
        "corrected 20.00",
        "available 140.00",
        "available 140.00",
    ),
    Case(
        "correction downwards",
        given(),
        lambda key: adjust("-20.00", key=key),
        "corrected -20.00",
        "corrected -20.00 again",
        "available 80.00, withdrawn 20.00",
        "corrected -20.00",
        "available 60.00, withdrawn 40.00",
        "available 60.00, withdrawn 40.00",
    ),
    Case(
        "clawback",
        given(),
        lambda key: claw_back(key=key),
        "corrected -100.00",
        "corrected -100.00 again",
        "withdrawn 100.00",
        "corrected 0.00",
        "withdrawn 100.00",
        "available -100.00, withdrawn 200.00",
    ),
    Case(
        # The account's one cap is its own guard: the second waits for the row of the first.
        "new cap",
        given(),
        lambda key: set_cap("50.00", key=key),
        "Cap",
        "Cap",
        "available 100.00; Sales: ceiling 50.00",
        "Cap",
        "available 100.00; Sales: ceiling 50.00",
        None,
    ),
    Case(
        "changed cap",
        CAPPED,
        lambda key: set_cap("120.00", key=key),
        "Cap",
        "Cap",
        "available 100.00; Sales: ceiling 120.00",
        "Cap",
        "available 100.00; Sales: ceiling 120.00",
        "available 100.00; Sales: ceiling 140.00",
    ),
    Case(
        "raise",
        CAPPED,
        lambda key: raise_cap("20.00", key=key),
        "Raise",
        "Raise",
        "available 100.00; Sales: ceiling 120.00",
        "Raise",
        "available 100.00; Sales: ceiling 140.00",
        "available 100.00; Sales: ceiling 140.00",
    ),
    Case(
        "reversal",
        given(after=[grant("20.00")]),
        lambda key: reverse(key=key),
        "corrected 20.00",
        "corrected 20.00 again",
        "available 100.00",
        "NotReversible",
        "available 100.00",
        "available 80.00",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_key_at_once_counts_once(committed_world: World, case: Case) -> None:
    scene = case.given(committed_world)
    act = case.act(key="k")
    assert meet(scene, act, act) == Ending(case.says, case.again, case.once)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_two_keys_at_once_count_twice(committed_world: World, case: Case) -> None:
    scene = case.given(committed_world)
    ended = meet(scene, case.act(key="one"), case.act(key="two"))
    assert ended == Ending(case.says, case.says_then, case.twice)


@pytest.mark.parametrize("case", [case for case in CASES if case.unguarded], ids=str)
def test_without_guards_one_key_counts_twice(committed_world: World, case: Case) -> None:
    """The control: it is the lock and the key's uniqueness that tell them to be one."""
    committed_world.is_tampered = True
    scene = case.given(committed_world)
    act = case.act(key="k")
    with unguarded(constraints=False):
        ended = meet(scene, act, act)
        assert (ended.first, ended.second, ended.books) == (case.says, case.says, case.unguarded)


@pytest.mark.parametrize("case", [case for case in CASES if case.unguarded], ids=str)
def test_without_locks_a_keys_uniqueness_still_counts_it_once(
    committed_world: World, case: Case
) -> None:
    """It finds the key taken when it is about to end, or what it was to take gone before that."""
    scene = case.given(committed_world)
    act = case.act(key="k")
    with unguarded(constraints=True):
        ended = meet(scene, act, act)
        assert case.says in {ended.first, ended.second}
        assert (ended.books, ended.clean) == (case.once, True)
