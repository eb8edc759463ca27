"""A purchase meets what else changes its member's balance: one waits, and the sums are exact."""

from __future__ import annotations

import pytest

from tests.concurrency.cases import Case
from tests.concurrency.scene import (
    Ending,
    adjust,
    capture,
    claw_back,
    expire,
    given,
    grant,
    hold,
    refund,
    release,
    reverse,
)
from tests.support.world import World


def _cases_of_a_balance() -> list[Case]:
    both = "available -20.00, held 120.00"
    return [
        Case(
            "another purchase",
            given(),
            hold("60.00"),
            hold("60.00"),
            Ending("held 60.00", "BalanceShort", "available 40.00, held 60.00"),
            Ending("held 60.00", "BalanceShort", "available 40.00, held 60.00"),
            Ending("held 60.00", "held 60.00", both, waited=False, clean=False),
        ),
        Case(
            "another purchase of the last kit",
            given(kit=1),
            hold("10.00", pieces=1),
            hold("10.00", pieces=1),
            Ending("held 10.00", "BalanceShort", "available 90.00, held 10.00"),
            Ending("held 10.00", "BalanceShort", "available 90.00, held 10.00"),
            Ending(
                "held 10.00",
                "held 10.00",
                "available 80.00, held 20.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            "a correction downwards",
            given(),
            hold("60.00"),
            adjust("-60.00"),
            Ending("held 60.00", "NotAvailable", "available 40.00, held 60.00"),
            Ending("corrected -60.00", "BalanceShort", "available 40.00, withdrawn 60.00"),
            Ending(
                "held 60.00",
                "corrected -60.00",
                "available -20.00, held 60.00, withdrawn 60.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            "a clawback",
            given(),
            hold("60.00"),
            claw_back(),
            Ending("held 60.00", "corrected -40.00", "held 60.00, withdrawn 40.00"),
            Ending("corrected -100.00", "BalanceShort", "withdrawn 100.00"),
            Ending(
                "held 60.00",
                "corrected -100.00",
                "available -60.00, held 60.00, withdrawn 100.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            "the reversal of a grant",
            given(balance="0.00", after=[grant("100.00")]),
            hold("60.00"),
            reverse(),
            Ending("held 60.00", "NotReversible", "available 40.00, held 60.00"),
            Ending("corrected 100.00", "BalanceShort", "nothing"),
            Ending(
                "held 60.00",
                "corrected 100.00",
                "available -60.00, held 60.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            "the reversal of a refund",
            given(older="60.00", after=[capture("60.00"), refund()]),
            hold("60.00"),
            reverse(),
            Ending("held 60.00", "NotReversible", "available 40.00, held 60.00"),
            Ending("corrected 60.00", "BalanceShort", "available 40.00, spent 60.00"),
            Ending(
                "held 60.00",
                "corrected 60.00",
                "available -20.00, held 60.00, spent 60.00",
                waited=False,
                clean=False,
            ),
        ),
        # From here on the other gives, or moves what is nobody else's: overtaking a purchase it
        # takes nothing that the purchase has counted on, so there is no harm to show. The locks
        # only let a purchase that came second find what the first gave.
        Case(
            "a capture of an older hold",
            given(older="30.00"),
            hold("70.00"),
            capture("30.00"),
            Ending("held 70.00", "settled 30.00", "held 70.00, spent 30.00"),
            Ending("settled 30.00", "held 70.00", "held 70.00, spent 30.00"),
        ),
        Case(
            "a release of an older hold",
            given(older="30.00"),
            hold("100.00"),
            release(),
            Ending("BalanceShort", "settled 30.00", "available 100.00"),
            Ending("settled 30.00", "held 100.00", "held 100.00"),
        ),
        Case(
            "the end of an older hold",
            given(older="30.00"),
            hold("100.00"),
            expire(),
            Ending("BalanceShort", "settled 30.00", "available 100.00"),
            Ending("settled 30.00", "held 100.00", "held 100.00"),
        ),
        Case(
            "a refund",
            given(older="30.00", after=[capture("30.00")]),
            hold("100.00"),
            refund(),
            Ending("BalanceShort", "settled 30.00", "available 100.00"),
            Ending("settled 30.00", "held 100.00", "held 100.00"),
        ),
        Case(
            "a grant",
            given(),
            hold("120.00"),
            grant("50.00"),
            Ending("BalanceShort", "granted 50.00", "available 150.00"),
            Ending("granted 50.00", "held 120.00", "available 30.00, held 120.00"),
        ),
    ]


CASES = _cases_of_a_balance()
CONTROLS = [case for case in CASES if case.unguarded]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_purchase_comes_first(committed_world: World, case: Case) -> None:
    assert case.meet_one_first(committed_world) == case.one_first


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_purchase_comes_second(committed_world: World, case: Case) -> None:
    assert case.meet_other_first(committed_world) == case.other_first


@pytest.mark.parametrize("case", CONTROLS, ids=str)
def test_without_guards_it_goes_wrong(committed_world: World, case: Case) -> None:
    """The control: without locks and constraints both pass."""
    ended = case.meet_unguarded(committed_world)
    assert ended.goes_as(case.unguarded), ended
