"""Two operations that aren't purchases meet: what may happen once happens once, sums are exact.

Each pair in both orders, and a control without guards where locks decide the outcome.
"""

from __future__ import annotations

import pytest

from saleor_program_budgets.errors import CapReached
from saleor_program_budgets.models import Lot
from tests.concurrency.cases import Case
from tests.concurrency.scene import (
    Act,
    Ending,
    Given,
    adjust,
    capture,
    claw_back,
    end_raises,
    expire,
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

ALLOTMENT = grant("50.00", origin=Lot.Origin.ALLOTMENT)
CAPPED = given(cap="100.00")


def _settled_once(name: str, one: Act, other: Act, *, loser: str, books: list[str]) -> Case:
    """A hold of 65.00 of which both want all; *books* after one, after the other, after both."""
    won = "settled 65.00"
    return Case(
        name,
        given(balance="300.00", older="65.00"),
        one,
        other,
        Ending(won, loser, books[0]),
        Ending(won, "NotHeld", books[1]),
        Ending(won, won, books[2], clean=False),
    )


def _settlements() -> list[Case]:
    captured, released = "available 235.00, spent 65.00", "available 300.00"
    # Both take the 65.00 out of what is held, and one of them gives them back.
    both = "available 300.00, held -65.00, spent 65.00"
    return [
        _settled_once(
            "capture and release",
            capture("65.00"),
            release("65.00"),
            loser="NotHeld",
            books=[captured, released, both],
        ),
        _settled_once(
            "capture and expiry",
            capture("65.00"),
            expire(),
            loser="NoneType",
            books=[captured, released, both],
        ),
        _settled_once(
            "release and expiry",
            release("65.00"),
            expire(),
            loser="NoneType",
            books=[released, released, "available 365.00, held -65.00"],
        ),
        _settled_once(
            "two captures",
            capture("65.00"),
            capture("65.00"),
            loser="NotHeld",
            books=[captured, captured, "available 235.00, held -65.00, spent 130.00"],
        ),
        Case(
            "two part captures",
            given(balance="300.00", older="65.00"),
            capture("40.00"),
            capture("25.01"),
            Ending("settled 40.00", "NotHeld", "available 235.00, held 25.00, spent 40.00"),
            Ending("settled 25.01", "NotHeld", "available 235.00, held 39.99, spent 25.01"),
            Ending(
                "settled 40.00",
                "settled 25.01",
                "available 235.00, held -0.01, spent 65.01",
                clean=False,
            ),
        ),
        Case(
            "two refunds",
            given(balance="300.00", older="65.00", after=[capture("65.00")]),
            refund("65.00"),
            refund("65.00"),
            Ending("settled 65.00", "NotHeld", released),
            Ending("settled 65.00", "NotHeld", released),
            Ending("settled 65.00", "settled 65.00", "available 365.00, spent -65.00", clean=False),
        ),
        Case(
            # What the one adds to the hold's refunds the other takes away, whoever is first: no
            # control could go wrong. Twice the same is below.
            "a refund and the reversal of an earlier one",
            given(balance="300.00", older="65.00", after=[capture("65.00"), refund("20.00")]),
            refund("45.00"),
            reverse(),
            Ending("settled 45.00", "corrected 20.00", "available 280.00, spent 20.00"),
            Ending("corrected 20.00", "settled 45.00", "available 280.00, spent 20.00"),
        ),
        Case(
            "a refund of all there is and the reversal of an earlier one",
            given(balance="300.00", older="65.00", after=[capture("65.00"), refund("20.00")]),
            refund(),
            reverse(),
            Ending("settled 45.00", "corrected 20.00", "available 280.00, spent 20.00"),
            Ending("corrected 20.00", "settled 65.00", "available 300.00"),
        ),
    ]


def _corrections() -> list[Case]:
    return [
        Case(
            "two corrections downwards",
            given(),
            adjust("-60.00"),
            adjust("-50.00"),
            Ending("corrected -60.00", "NotAvailable", "available 40.00, withdrawn 60.00"),
            Ending("corrected -50.00", "NotAvailable", "available 50.00, withdrawn 50.00"),
            Ending(
                "corrected -60.00",
                "corrected -50.00",
                "available -10.00, withdrawn 110.00",
                waited=False,
            ),
        ),
        Case(
            "a correction downwards and a clawback",
            given(),
            adjust("-60.00"),
            claw_back(),
            Ending("corrected -60.00", "corrected -40.00", "withdrawn 100.00"),
            Ending("corrected -100.00", "NotAvailable", "withdrawn 100.00"),
            Ending(
                "corrected -60.00",
                "corrected -100.00",
                "available -60.00, withdrawn 160.00",
                waited=False,
            ),
        ),
        Case(
            "a clawback and the reversal of a grant",
            given(balance="0.00", after=[grant("100.00")]),
            claw_back(),
            reverse(),
            Ending("corrected -100.00", "NotReversible", "withdrawn 100.00"),
            Ending("corrected 100.00", "corrected 0.00", "nothing"),
            Ending(
                "corrected -100.00",
                "corrected 100.00",
                "available -100.00, withdrawn 100.00",
                waited=False,
            ),
        ),
        Case(
            # Here the index is the guard; the lock keeps the loser from waiting for it.
            "an allotment granted twice",
            given(balance="0.00"),
            ALLOTMENT,
            ALLOTMENT,
            Ending("granted 50.00", "granted 0.00", "available 50.00"),
            Ending("granted 50.00", "granted 0.00", "available 50.00"),
            # Both lots are on the books; what is wrong is that there are two.
            Ending("granted 50.00", "granted 50.00", "available 100.00", waited=False),
        ),
    ]


def _reversals() -> list[Case]:
    def twice(what: str, scene: Given, once: Ending, both: Ending) -> Case:
        return Case(f"{what} reversed twice", scene, reverse(), reverse(), once, once, both)

    return [
        twice(
            "a grant",
            given(after=[grant("50.00")]),
            Ending("corrected 50.00", "NotReversible", "available 100.00"),
            Ending("corrected 50.00", "corrected 50.00", "available 50.00", waited=False),
        ),
        twice(
            "a correction",
            given(after=[adjust("-50.00")]),
            Ending("corrected 50.00", "NotReversible", "available 100.00"),
            Ending(
                "corrected 50.00",
                "corrected 50.00",
                "available 150.00, withdrawn -50.00",
                waited=False,
            ),
        ),
        twice(
            "a refund",
            given(balance="300.00", older="65.00", after=[capture("65.00"), refund("20.00")]),
            Ending("corrected 20.00", "NotReversible", "available 235.00, spent 65.00"),
            Ending(
                "corrected 20.00",
                "corrected 20.00",
                "available 215.00, spent 85.00",
            ),
        ),
        twice(
            "a lowered cap",
            given(cap="100.00", after=[set_cap("70.00")]),
            Ending("corrected 30.00", "NotReversible", "available 100.00; Sales: ceiling 100.00"),
            Ending(
                "corrected 30.00",
                "corrected 30.00",
                "available 100.00; Sales: ceiling 130.00",
                waited=False,
            ),
        ),
    ]


def _ceilings() -> list[Case]:
    ann = "available 100.00"
    return [
        Case(
            "a cap raised to two figures",
            CAPPED,
            set_cap("150.00"),
            set_cap("170.00"),
            Ending("Cap", "Cap", f"{ann}; Sales: ceiling 170.00"),
            Ending("Cap", "Cap", f"{ann}; Sales: ceiling 150.00"),
            # 100.00 + 50.00 + 70.00, which is neither.
            Ending("Cap", "Cap", f"{ann}; Sales: ceiling 220.00", waited=False),
        ),
        Case(
            # Lowering divides the cap anew first, which locks its row by writing to it, and so
            # happens to make the last figure the right one: the control is the case above.
            "a cap lowered to two figures",
            CAPPED,
            set_cap("50.00"),
            set_cap("70.00"),
            Ending("Cap", "Cap", f"{ann}; Sales: ceiling 70.00"),
            Ending("Cap", "Cap", f"{ann}; Sales: ceiling 50.00"),
        ),
        Case(
            "a cap raised twice for a while",
            CAPPED,
            raise_cap("20.00", hours=1),
            raise_cap("30.00", hours=2),
            Ending("Raise", "Raise", f"{ann}; Sales: ceiling 150.00"),
            Ending("Raise", "Raise", f"{ann}; Sales: ceiling 150.00"),
            # Each adds its own, and looks for the next end when it has; no control could go wrong.
        ),
        Case(
            # A raise comes on top of any ceiling, whoever is first: no control could go wrong.
            "a cap lowered while it is raised",
            CAPPED,
            set_cap("80.00"),
            raise_cap("50.00"),
            Ending("Cap", "Raise", f"{ann}; Sales: ceiling 130.00"),
            Ending("Raise", "Cap", f"{ann}; Sales: ceiling 130.00"),
        ),
        Case(
            "a raise that ends twice",
            given(cap="100.00", after=[raise_cap("50.00")]),
            end_raises(),
            end_raises(),
            Ending("int", "int", f"{ann}; Sales: ceiling 100.00"),
            Ending("int", "int", f"{ann}; Sales: ceiling 100.00"),
        ),
        Case(
            "a raise that ends while it is reversed",
            given(cap="100.00", after=[raise_cap("50.00")]),
            reverse(),
            end_raises(),
            Ending("corrected 50.00", "int", f"{ann}; Sales: ceiling 100.00"),
            Ending("int", "NotReversible", f"{ann}; Sales: ceiling 100.00"),
        ),
    ]


CASES = [*_settlements(), *_corrections(), *_reversals(), *_ceilings()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_comes_first(committed_world: World, case: Case) -> None:
    assert case.meet_one_first(committed_world) == case.one_first


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_other_comes_first(committed_world: World, case: Case) -> None:
    assert case.meet_other_first(committed_world) == case.other_first


@pytest.mark.parametrize("case", [case for case in CASES if case.unguarded], ids=str)
def test_without_guards_it_goes_wrong(committed_world: World, case: Case) -> None:
    """The control: the meeting is real."""
    ended = case.meet_unguarded(committed_world)
    assert ended.goes_as(case.unguarded), ended


@pytest.mark.parametrize("spread", [1, 16])
def test_the_earlier_end_of_two_raises_is_the_one_that_counts(
    committed_world: World, spread: int
) -> None:
    scene = given(balance="1000.00", cap="100.00", spread=spread)(committed_world)
    meet(scene, raise_cap("20.00", hours=1), raise_cap("30.00", hours=2), stop_at="commit")
    with pytest.raises(CapReached):
        hold("140.00", after_hours=1)(scene)()
    assert scene.books() == "available 1000.00; Sales: ceiling 130.00"


# No constraint knows which of two ceilings was meant.
GUARDED_TWICE = [case for case in CASES if case.unguarded and case.one_first.second != "Cap"]


@pytest.mark.parametrize("case", GUARDED_TWICE, ids=str)
def test_without_locks_the_constraints_still_stop_it(committed_world: World, case: Case) -> None:
    """The second control: what the lock would miss, the database refuses."""
    scene = case.given(committed_world)
    with unguarded(constraints=True):
        ended = meet(scene, case.one, case.other)
        assert ended.books in {case.one_first.books, case.other_first.books}
        assert ended.clean
