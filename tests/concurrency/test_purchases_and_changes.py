"""A purchase meets what administrators change: its member, its place in the tree, its caps."""

from __future__ import annotations

import pytest

from tests.concurrency.cases import Case
from tests.concurrency.scene import (
    Ending,
    Scene,
    add_account,
    deactivate,
    given,
    hold,
    meet,
    miscount,
    move_account,
    move_member,
    rebuild,
    set_cap,
)
from tests.support.racing import unguarded
from tests.support.world import World


def _cases_of_change() -> list[Case]:
    sales, marketing = "Sales: ceiling 100.00", "Marketing: ceiling 100.00"
    capped = given(cap="100.00", after=[add_account("Marketing", cap="100.00")])
    return [
        Case(
            "a new cap",
            given(),
            hold("60.00"),
            set_cap("50.00"),
            Ending(
                "held 60.00",
                "Cap",
                "available 40.00, held 60.00; Sales: ceiling 50.00, held 60.00, overhang 10.00",
            ),
            Ending("Cap", "CapReached", "available 100.00; Sales: ceiling 50.00"),
            # The new cap overlooks the purchase under way: nothing contradicts the journal.
            Ending(
                "held 60.00",
                "Cap",
                "available 40.00, held 60.00; Sales: ceiling 50.00",
                waited=False,
            ),
        ),
        Case(
            "the member moved",
            capped,
            hold("60.00"),
            move_member("Marketing"),
            Ending(
                "held 60.00",
                "Member",
                f"available 40.00, held 60.00; {sales}, held 60.00; {marketing}",
            ),
            Ending(
                "Member",
                "held 60.00",
                f"available 40.00, held 60.00; {sales}; {marketing}, held 60.00",
            ),
            # It passes under the old department's cap when the move is over.
            Ending(
                "held 60.00",
                "Member",
                f"available 40.00, held 60.00; {sales}, held 60.00; {marketing}",
                waited=False,
            ),
        ),
        Case(
            "the member deactivated",
            given(),
            hold("60.00"),
            deactivate(),
            Ending("held 60.00", "corrected -40.00", "held 60.00, withdrawn 40.00"),
            Ending("corrected -100.00", "MemberInactive", "withdrawn 100.00"),
            # A leaver's purchase passes when they have left, and all that they had was taken back.
            Ending(
                "held 60.00",
                "corrected -100.00",
                "available -60.00, held 60.00, withdrawn 100.00",
                waited=False,
                clean=False,
            ),
        ),
        Case(
            # Neither takes a lock that the other wants, and neither has to: the purchase walks the
            # tree once, as it was before or as it is after the move, and its hold stays there.
            "the account moved",
            given(cap="100.00", after=[add_account("West", cap="100.00")]),
            hold("60.00"),
            move_account("West"),
            Ending(
                "held 60.00",
                "Account",
                f"available 40.00, held 60.00; {sales}, held 60.00; West: ceiling 100.00",
                waited=False,
            ),
            Ending(
                "Account",
                "held 60.00",
                f"available 40.00, held 60.00; {sales}, held 60.00; West: ceiling 100.00",
                waited=False,
            ),
        ),
    ]


CASES = _cases_of_change()
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


def _a_miscounted_cap(world: World) -> Scene:
    return given(cap="100.00", after=[miscount()])(world)


def test_a_rebuild_waits_for_a_purchase_and_counts_it(committed_world: World) -> None:
    committed_world.is_tampered = True
    scene = _a_miscounted_cap(committed_world)
    assert meet(scene, hold("60.00"), rebuild(), stop_at="commit") == Ending(
        "held 60.00",
        "Rebuilt",
        "available 40.00, held 60.00; Sales: ceiling 100.00, held 60.00",
        clean=False,  # the purchase's entries tell for ever that they started from wrong figures
    )


def test_a_purchase_waits_for_a_rebuild(committed_world: World) -> None:
    scene = _a_miscounted_cap(committed_world)
    assert meet(scene, rebuild(), hold("100.00")) == Ending(
        "Rebuilt", "held 100.00", "held 100.00; Sales: ceiling 100.00, held 100.00"
    )


def test_without_locks_a_rebuild_forgets_the_purchase_under_way(committed_world: World) -> None:
    """The control: it writes what the journal said before."""
    committed_world.is_tampered = True
    scene = _a_miscounted_cap(committed_world)
    with unguarded(constraints=False):
        assert meet(scene, hold("60.00"), rebuild(), stop_at="commit") == Ending(
            "held 60.00",
            "Rebuilt",
            "available 40.00, held 60.00; Sales: ceiling 100.00",
            waited=True,  # for the row that it corrects
            clean=False,
        )


def test_after_a_move_of_the_account_purchases_meet_the_new_places_caps(
    committed_world: World,
) -> None:
    scene = given(after=[add_account("West", cap="50.00")])(committed_world)
    move_account("West")(scene)()
    assert meet(scene, hold("30.00"), hold("30.00")) == Ending(
        "held 30.00", "CapReached", "available 70.00, held 30.00; West: ceiling 50.00, held 30.00"
    )
