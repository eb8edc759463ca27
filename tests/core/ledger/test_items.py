"""Pieces beside money: what is refused, what is written, and that neither counts as the other."""

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import BalanceShort, InvalidAmount, NotHeld
from saleor_program_budgets.models import Entry, Hold, Member, Posting
from saleor_program_budgets.money import LARGEST_MINOR
from tests.support.database import money, snapshot
from tests.support.world import World, items, usd


@pytest.fixture
def ann(world: World) -> Member:
    """A member with 300.00 and three pieces."""
    member = world.member()
    world.kit(member, 3)
    return member


def test_one_posting_holds_both(world: World, ann: Member) -> None:
    held = world.hold(ann, "65.00", items=2)
    hold = Hold.objects.get()
    assert (hold.amount, hold.items, hold.remaining, hold.items_remaining) == (65_00, 2, 65_00, 2)
    posting = Posting.objects.get(kind="hold")
    assert (posting.pk, posting.unit, posting.amount, posting.items) == (
        held.posting_id,
        "USD",
        65_00,
        2,
    )
    lines = Entry.objects.filter(posting=posting).order_by("limit__unit", "bucket")
    assert list(lines.values_list("limit__unit", "bucket", "amount", "balance_after")) == [
        ("ITEM", "available", -2, 1),
        ("ITEM", "held", 2, 2),
        ("USD", "available", -65_00, 235_00),
        ("USD", "held", 65_00, 65_00),
    ]


@pytest.mark.parametrize(
    ("value", "count"), [("0.00", 0), ("1.00", -1), ("-1.00", 1), ("1.00", LARGEST_MINOR + 1)]
)
def test_something_has_to_be_held_and_nothing_negative(
    world: World, ann: Member, value: str, count: int
) -> None:
    before = snapshot()
    with pytest.raises(InvalidAmount):
        world.hold(ann, value, items=count)
    assert snapshot() == before


def test_a_hold_names_money_and_counts_items_beside_it(world: World, ann: Member) -> None:
    before = snapshot()
    with pytest.raises(InvalidAmount) as error:
        world.hold(ann, items(1))
    assert error.value.field == "amount"
    assert snapshot() == before


def test_who_has_no_kit_has_no_pieces(world: World) -> None:
    bob = world.member()
    before = money()
    with pytest.raises(BalanceShort) as refused:
        world.hold(bob, "1.00", items=1)
    assert (refused.value.requested, refused.value.available) == (items(1), items(0))
    assert money() == before


def test_a_balance_is_of_one_unit(world: World, ann: Member) -> None:
    world.hold(ann, "65.00", items=1)

    def balance(*, in_items: bool) -> ledger.Balance:
        return ledger.balances(members=[ann.pk], cycle=world.cycle, at=world.at, in_items=in_items)[
            ann.pk
        ]

    assert balance(in_items=False) == ledger.Balance(granted=300_00, available=235_00, held=65_00)
    assert balance(in_items=True) == ledger.Balance(granted=3, available=2, held=1)


@pytest.mark.parametrize("operation", ["capture", "release", "refund"])
@pytest.mark.parametrize(("value", "count"), [("10.01", 1), ("10.00", 2), ("0.00", 2)])
def test_both_are_settled_or_neither(
    world: World, ann: Member, operation: str, value: str, count: int
) -> None:
    hold = world.hold(ann, "20.00", items=2)
    world.capture(hold, "10.00", items=1)
    before = snapshot()
    with pytest.raises(NotHeld) as error:
        getattr(world, operation)(hold, usd(value), items=count)
    assert (error.value.left, error.value.items_left) == (usd("10.00"), 1)
    assert snapshot() == before


@pytest.mark.parametrize("operation", ["capture", "release", "refund"])
def test_pieces_are_part_of_the_request(world: World, ann: Member, operation: str) -> None:
    hold = world.hold(ann, "20.00", items=3)
    world.capture(hold, "10.00", items=2)
    settle = getattr(world, operation)
    first = settle(hold, "1.00", items=1, key="k")
    before = snapshot()
    again = settle(hold, "1.00", items=1, key="k")
    assert (again.posting_id, again.items, again.is_replay) == (first.posting_id, 1, True)
    assert snapshot() == before


def test_without_a_sum_all_of_both_goes(world: World, ann: Member) -> None:
    hold = world.hold(ann, "20.00", items=2)
    world.capture(hold, "15.00", items=1)
    released = world.release(hold)
    assert (released.amount, released.items, released.remaining, released.items_remaining) == (
        usd("5.00"),
        1,
        usd("0.00"),
        0,
    )
    refunded = world.refund(hold)
    assert (refunded.amount, refunded.items) == (usd("15.00"), 1)
    assert world.in_units(ann) == {"ITEM": {"available": 3}, "USD": {"available": 300_00}}


def test_a_kit_alone_is_held_and_expires(world: World, ann: Member) -> None:
    hold = world.hold(ann, "0.00", items=1)
    world.at = Hold.objects.get().expires_at
    expired = world.expire(hold)
    assert expired is not None
    assert (expired.amount, expired.items) == (usd("0.00"), 1)
    assert world.in_units(ann)["ITEM"] == {"available": 3}
