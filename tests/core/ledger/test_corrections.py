"""Corrections by hand: adjustments and clawbacks."""

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import (
    InvalidAmount,
    InvalidInput,
    KeyConflict,
    NotAvailable,
    NotFound,
)
from saleor_program_budgets.models import Entry, Limit, Lot, Member, Posting
from saleor_program_budgets.money import LARGEST_MINOR, Amount
from tests.support.database import snapshot
from tests.support.world import DAY, TESTS, World, items, usd


def adjust(world: World, member: Member, amount: str | Amount, **changes: object) -> object:
    """Adjust at the ledger itself, where no reason is asked for."""
    request = {
        "member": member,
        "amount": usd(amount) if isinstance(amount, str) else amount,
        "cycle": world.cycle,
        "expires_at": None,
        "reason": "r",
        "key": "k",
        "actor": TESTS,
        "at": world.at,
    }
    return ledger.adjust(**request | changes)


def lines(posting_id: int | None) -> list[tuple[str, int, int, int]]:
    """Return a posting's entries, as bucket, amount, balance before and after."""
    found = Entry.objects.filter(posting_id=posting_id).order_by("lot_id", "bucket")
    return list(found.values_list("bucket", "amount", "balance_before", "balance_after"))


# Adjustments


def test_what_an_adjustment_up_writes(world: World) -> None:
    ann = world.member()
    added = adjust(world, ann, "25.00", expires_at=world.at + DAY)
    lot = Lot.objects.get(origin="adjustment")
    assert (lot.cycle, lot.expires_at, lot.created_at) == (world.cycle, world.at + DAY, world.at)
    assert lines(added.posting_id) == [
        ("available", 25_00, 0, 25_00),
        ("funding", -25_00, 0, -25_00),
    ]
    assert Posting.objects.get(pk=added.posting_id).kind == "adjustment"


def test_what_an_adjustment_down_writes(world: World) -> None:
    ann = world.member()
    taken = adjust(world, ann, "-25.00")
    assert (taken.amount, taken.is_replay) == (usd("-25.00"), False)
    assert lines(taken.posting_id) == [
        ("available", -25_00, 300_00, 275_00),
        ("withdrawn", 25_00, 0, 25_00),
    ]
    posting = Posting.objects.get(pk=taken.posting_id)
    assert (posting.kind, posting.amount, posting.member, posting.account, posting.cycle) == (
        "adjustment",
        25_00,
        ann,
        ann.account,
        world.cycle,
    )
    budget = Limit.objects.get(member=ann)
    assert (budget.ceiling, budget.held, budget.spent) == (275_00, 0, 0)


@pytest.mark.parametrize("minor", [0, LARGEST_MINOR + 1, -LARGEST_MINOR - 1])
def test_an_adjustment_is_of_a_sensible_amount(world: World, minor: int) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(InvalidAmount) as error:
        adjust(world, ann, Amount(minor, "USD"))
    assert error.value.field == "amount"
    assert snapshot() == before


@pytest.mark.parametrize("minor", [1, -1])
@pytest.mark.parametrize("unit", ["EUR", "ITEM"])
def test_an_adjustment_in_a_unit_without_a_budget(world: World, unit: str, minor: int) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(NotFound):
        adjust(world, ann, Amount(minor, unit))
    assert snapshot() == before


@pytest.mark.parametrize(("name", "value"), [("reason", "r" * 501), ("reason", "a\0b")])
def test_a_reason_that_the_journal_cannot_keep(world: World, name: str, value: str) -> None:
    ann = world.member()
    before = snapshot()
    for amount in ("1.00", "-1.00"):
        with pytest.raises(InvalidInput) as error:
            adjust(world, ann, amount, **{name: value})
        assert error.value.field == name
    assert snapshot() == before


def test_a_lapsed_lot_has_nothing_to_take(world: World) -> None:
    world.open_program(allotment="0.00")
    ann = world.member()
    world.grant(ann, "10.00", expires_at=world.at + DAY)
    world.at += DAY
    before = snapshot()
    with pytest.raises(NotAvailable) as error:
        adjust(world, ann, "-0.01")
    assert error.value.available == usd("0.00")
    assert snapshot() == before


@pytest.mark.parametrize("value", ["25.00", "-25.00"])
def test_a_replayed_adjustment_adjusts_once(world: World, value: str) -> None:
    ann = world.member()
    first = adjust(world, ann, value)
    before = snapshot()
    world.at += DAY
    again = adjust(world, ann, value)
    assert (again.posting_id, again.amount, again.is_replay) == (
        first.posting_id,
        first.amount,
        True,
    )
    for other in ("25.01", "-25.01"):
        with pytest.raises(KeyConflict):
            adjust(world, ann, other)
    assert snapshot() == before


def test_what_could_not_be_taken_may_be_tried_again(world: World) -> None:
    # An error isn't an answer: the same key serves when the hold is gone.
    ann = world.member()
    hold = world.hold(ann, "300.00")
    with pytest.raises(NotAvailable):
        adjust(world, ann, "-25.00")
    world.release(hold)
    assert adjust(world, ann, "-25.00").is_replay is False


def test_pieces_are_adjusted_too(world: World) -> None:
    ann = world.member()
    lot = world.kit(ann, 3)
    adjust(world, ann, items(-2))
    lot.refresh_from_db()
    assert (lot.available, lot.withdrawn) == (1, 2)
    assert world.in_units(ann) == {"ITEM": {"available": 1}, "USD": {"available": 300_00}}


# Clawbacks


def test_what_a_clawback_writes(world: World) -> None:
    ann = world.member()
    world.grant(ann, "10.00", expires_at=world.at + DAY)
    world.hold(ann, "4.00")
    taken = world.claw_back(ann)
    assert taken.amount == usd("-306.00")
    # 300.00 of the allotment, and of the grant what isn't held.
    assert lines(taken.posting_id) == [
        ("available", -300_00, 300_00, 0),
        ("withdrawn", 300_00, 0, 300_00),
        ("available", -6_00, 6_00, 0),
        ("withdrawn", 6_00, 0, 6_00),
    ]
    posting = Posting.objects.get(pk=taken.posting_id)
    assert (posting.kind, posting.amount, posting.cause) == (
        "clawback",
        306_00,
        "left the company",
    )


def test_a_replayed_clawback_takes_nothing_that_came_later(world: World) -> None:
    ann = world.member()
    first = world.claw_back(ann, key="k")
    world.grant(ann, "10.00")
    before = snapshot()
    again = world.claw_back(ann, key="k")
    assert (again.posting_id, again.amount, again.is_replay) == (
        first.posting_id,
        usd("-300.00"),
        True,
    )
    with pytest.raises(KeyConflict):
        world.claw_back(ann, key="k", reason="another")
    assert snapshot() == before
    assert world.claw_back(ann).amount == usd("-10.00")


@pytest.mark.parametrize("unit", ["EUR", "ITEM"])
def test_a_clawback_in_a_unit_without_a_budget(world: World, unit: str) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(NotFound) as error:
        world.claw_back(ann, unit=unit)
    assert error.value.field == "member"
    assert snapshot() == before


def test_pieces_are_clawed_back_by_themselves(world: World) -> None:
    ann = world.member()
    world.kit(ann, 2)
    world.hold(ann, "10.00", items=1)
    assert world.claw_back(ann, unit="ITEM").amount == items(-1)
    assert world.in_units(ann) == {
        "ITEM": {"held": 1},
        "USD": {"available": 290_00, "held": 10_00},
    }
