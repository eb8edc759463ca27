"""A purchase meets what else changes the cap above its member, whole or in shares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.concurrency.cases import Case
from tests.concurrency.scene import (
    Ending,
    capture,
    end_raises,
    given,
    hold,
    raise_cap,
    refund,
    release,
    reverse,
    set_cap,
)
from tests.support.world import World


def _cases_of_a_cap(spread: int) -> list[Case]:
    """Cases in which the cap decides; *spread* says over how many shares it is split."""
    rich = "available 840.00, held 160.00"
    return [
        Case(
            "a colleague's purchase",
            given(balance="1000.00", cap="100.00", spread=spread),
            hold("60.00"),
            hold("60.00", by="Bob"),
            Ending(
                "held 60.00",
                "CapReached",
                "available 940.00, held 60.00; Sales: ceiling 100.00, held 60.00",
            ),
            Ending(
                "held 60.00", "CapReached", "available 1000.00; Sales: ceiling 100.00, held 60.00"
            ),
            Ending(
                "held 60.00",
                "held 60.00",
                "available 940.00, held 60.00; Sales: ceiling 100.00, held 120.00, overhang 20.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            "the cap lowered",
            given(balance="1000.00", cap="100.00", spread=spread),
            hold("60.00"),
            set_cap("10.00"),
            Ending(
                "held 60.00",
                "Cap",
                "available 940.00, held 60.00; Sales: ceiling 10.00, held 60.00, overhang 50.00",
            ),
            Ending("Cap", "CapReached", "available 1000.00; Sales: ceiling 10.00"),
            # The same figures, and yet: the purchase passed under a cap of 10.00 …
            Ending(
                "held 60.00",
                "Cap",
                "available 940.00, held 60.00; Sales: ceiling 10.00, held 60.00, overhang 50.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            "the end of a temporary raise",
            given(balance="1000.00", cap="50.00", spread=spread, after=[raise_cap("50.00")]),
            hold("60.00"),
            end_raises(),
            Ending(
                "held 60.00",
                "int",
                "available 940.00, held 60.00; Sales: ceiling 50.00, held 60.00, overhang 10.00",
            ),
            Ending("int", "CapReached", "available 1000.00; Sales: ceiling 50.00"),
            Ending(
                "held 60.00",
                "int",
                "available 940.00, held 60.00; Sales: ceiling 50.00, held 60.00, overhang 10.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            "a purchase that meets the end of the raise too",
            given(balance="1000.00", cap="50.00", spread=spread, after=[raise_cap("50.00")]),
            hold("30.00", after_hours=1),
            hold("30.00", by="Bob", after_hours=1),
            Ending(
                "held 30.00",
                "CapReached",
                "available 970.00, held 30.00; Sales: ceiling 50.00, held 30.00",
            ),
            Ending(
                "held 30.00", "CapReached", "available 1000.00; Sales: ceiling 50.00, held 30.00"
            ),
            # Both divide it anew by figures that the other changes: 80.00 is what nobody set.
            Ending(
                "held 30.00",
                "held 30.00",
                "available 970.00, held 30.00; Sales: ceiling 80.00, held 60.00",
            ),
        ),
        Case(
            "a reversal that needs the cap's rest",
            given(
                balance="1000.00",
                cap="100.00",
                spread=spread,
                older="5.00",
                after=[capture("5.00"), refund()],
            ),
            hold("100.00"),
            reverse(),
            Ending(
                "held 100.00",
                "NotReversible",
                "available 900.00, held 100.00; Sales: ceiling 100.00, held 100.00",
            ),
            Ending(
                "corrected 5.00",
                "CapReached",
                "available 995.00, spent 5.00; Sales: ceiling 100.00, spent 5.00",
            ),
            Ending(
                "held 100.00",
                "corrected 5.00",
                "available 895.00, held 100.00, spent 5.00;"
                " Sales: ceiling 100.00, held 100.00, spent 5.00, overhang 5.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            # Raises, as all that gives, can't do harm by overtaking.
            "the cap raised for a while",
            given(balance="1000.00", cap="100.00", spread=spread),
            hold("160.00"),
            raise_cap("60.00"),
            Ending("CapReached", "Raise", "available 1000.00; Sales: ceiling 160.00"),
            Ending("Raise", "held 160.00", f"{rich}; Sales: ceiling 160.00, held 160.00"),
        ),
        Case(
            "the cap raised for good",
            given(balance="1000.00", cap="100.00", spread=spread),
            hold("160.00"),
            set_cap("160.00"),
            Ending("CapReached", "Cap", "available 1000.00; Sales: ceiling 160.00"),
            Ending("Cap", "held 160.00", f"{rich}; Sales: ceiling 160.00, held 160.00"),
        ),
        Case(
            "a release under the same cap",
            given(balance="1000.00", cap="100.00", spread=spread, older="60.00"),
            hold("100.00", by="Bob"),
            release(),
            Ending("CapReached", "settled 60.00", "available 1000.00; Sales: ceiling 100.00"),
            Ending(
                "settled 60.00",
                "held 100.00",
                "available 1000.00; Sales: ceiling 100.00, held 100.00",
            ),
        ),
        Case(
            "a refund under the same cap",
            given(
                balance="1000.00",
                cap="100.00",
                spread=spread,
                older="60.00",
                after=[capture("60.00")],
            ),
            hold("100.00", by="Bob"),
            refund(),
            Ending("CapReached", "settled 60.00", "available 1000.00; Sales: ceiling 100.00"),
            Ending(
                "settled 60.00",
                "held 100.00",
                "available 1000.00; Sales: ceiling 100.00, held 100.00",
            ),
        ),
    ]


CASES = _cases_of_a_cap(1)
SPLIT = [replace(case, name=f"{case}, of 16 shares") for case in _cases_of_a_cap(16)]
# What goes wrong with several shares and no locks is shown in test_shares.
CONTROLS = [case for case in CASES if case.unguarded]


@pytest.mark.parametrize("case", CASES + SPLIT, ids=str)
def test_the_purchase_comes_first(committed_world: World, case: Case) -> None:
    assert case.meet_one_first(committed_world) == case.one_first


@pytest.mark.parametrize("case", CASES + SPLIT, ids=str)
def test_the_purchase_comes_second(committed_world: World, case: Case) -> None:
    assert case.meet_other_first(committed_world) == case.other_first


@pytest.mark.parametrize("case", CONTROLS, ids=str)
def test_without_guards_it_goes_wrong(committed_world: World, case: Case) -> None:
    """The control: without locks and constraints both pass."""
    ended = case.meet_unguarded(committed_world)
    assert ended.goes_as(case.unguarded), ended
