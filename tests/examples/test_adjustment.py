"""A budget is corrected up or down by staff, with a reason, and never below what is used."""

import pytest

from saleor_program_budgets.errors import InvalidInput, NotAvailable
from saleor_program_budgets.models import Lot, Posting
from tests.support.database import snapshot
from tests.support.world import DAY, World, lot_figures, usd


def test_adjustment_up(world: World) -> None:
    # Given a member with 300.00.
    ann = world.member()

    # When 25.00 are added: 300.00 + 25.00 = 325.00, as a lot that ends with the cycle.
    added = world.adjust(ann, "25.00", reason="a box arrived broken")
    assert (added.amount, added.is_replay) == (usd("25.00"), False)
    lot = Lot.objects.get(origin="adjustment")
    assert (lot.amount, lot.expires_at, lot.reason) == (
        25_00,
        world.cycle.ends_at,
        "a box arrived broken",
    )
    assert world.balance(ann) == {"available": "325.00"}

    # Then the journal says who did it, and why.
    posting = Posting.objects.get(kind="adjustment")
    assert (posting.pk, posting.member, posting.amount) == (added.posting_id, ann, 25_00)
    assert (posting.actor, posting.cause) == ("staff:tests", "a box arrived broken")


def test_adjustment_down_takes_what_would_be_spent_next(world: World) -> None:
    # Given 10.00 that lapse tomorrow beside an allotment of 300.00.
    ann = world.member()
    allotment = Lot.objects.get(limit__member=ann)
    soon = world.grant(ann, "10.00", expires_at=world.at + DAY)

    # When 40.00 are taken away: the 10.00 first, then 30.00 of the allotment.
    taken = world.adjust(ann, "-40.00", reason="granted twice")
    assert taken.amount == usd("-40.00")
    assert lot_figures(soon) == {"withdrawn": "10.00"}
    assert lot_figures(allotment) == {"available": "270.00", "withdrawn": "30.00"}
    assert world.balance(ann) == {"available": "270.00", "withdrawn": "40.00"}


def test_what_is_held_or_spent_is_not_taken_away(world: World) -> None:
    # Given 300.00, of which 200.00 are held and 60.00 spent: 40.00 are neither.
    ann = world.member()
    world.hold(ann, "200.00")
    world.capture(world.hold(ann, "60.00"), "60.00")

    # When 40.01 are to be taken away, nothing is.
    before = snapshot()
    with pytest.raises(NotAvailable) as error:
        world.adjust(ann, "-40.01")
    assert (error.value.requested, error.value.available) == (usd("40.01"), usd("40.00"))
    assert snapshot() == before

    # When 40.00 are, nothing is left to spend, and what is used stands.
    world.adjust(ann, "-40.00")
    assert world.balance(ann) == {"held": "200.00", "spent": "60.00", "withdrawn": "40.00"}


def test_an_adjustment_says_why(world: World) -> None:
    # Given a member; then a correction without a reason changes nothing, up or down.
    ann = world.member()
    before = snapshot()
    for value in ("25.00", "-25.00"):
        with pytest.raises(InvalidInput) as error:
            world.adjust(ann, value, reason=" ")
        assert (error.value.field, error.value.code) == ("reason", "REQUIRED")
    assert snapshot() == before
