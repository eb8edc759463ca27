"""Corrections by hand: adjustments, clawbacks and reversals, and the rebuild of the cache."""

from collections.abc import Callable

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import (
    InvalidAmount,
    InvalidInput,
    KeyConflict,
    NotAvailable,
    NotFound,
    NotReversible,
)
from saleor_program_budgets.models import Entry, Hold, HoldLot, Limit, Lot, Member, Posting
from saleor_program_budgets.money import LARGEST_MINOR, Amount
from tests.support.database import check_constraints, snapshot, tamper
from tests.support.world import DAY, TESTS, World, figures, items, lot_figures, usd


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


# Reversals


def last(kind: str) -> int:
    return Posting.objects.filter(kind=kind).latest("pk").pk


def granted(world: World, member: Member) -> int:
    world.grant(member, "50.00")
    return last("grant")


def adjusted(world: World, member: Member) -> int:
    world.adjust(member, "-20.00")
    return last("adjustment")


def clawed_back(world: World, member: Member) -> int:
    world.claw_back(member)
    return last("clawback")


def refunded(world: World, member: Member) -> int:
    world.refund(Hold.objects.get(), "15.00")
    return last("refund")


def lowered(world: World, member: Member) -> int:
    world.cap(member.account, "10.00")
    return last("ceiling")


def raised(world: World, member: Member) -> int:
    cap = world.cap(member.account, "1000.00")
    world.raise_cap(cap, "5.00", ends_at=world.at + DAY)
    return last("ceiling")


EVERY_KIND = pytest.mark.parametrize(
    "do", [granted, adjusted, clawed_back, refunded, lowered, raised]
)
FIGURES = {
    Limit: ("ceiling", "held", "spent", "overhang"),
    Lot: ("held", "spent", "lapsed", "withdrawn", "moved"),
    Hold: ("amount", "captured", "released", "refunded"),
    HoldLot: ("amount", "captured", "released", "refunded"),
}


def cached() -> dict[str, list[tuple[int, ...]]]:
    """Return all figures but the noughts of an undone grant's empty lot."""
    return {
        model.__name__: [
            row for row in model.objects.order_by("pk").values_list(*names) if any(row)
        ]
        for model, names in FIGURES.items()
    }


@pytest.fixture
def spender(world: World) -> Member:
    """A member who has spent 40.00 of 65.00 held, under a cap of 1,000.00."""
    acme = world.account("Acme")
    world.cap(acme, "1000.00")
    ann = world.member(acme)
    world.capture(world.hold(ann, "65.00"), "40.00")
    return ann


@EVERY_KIND
def test_a_reversal_leaves_every_figure_as_it_was(
    world: World, spender: Member, do: Callable[[World, Member], int]
) -> None:
    before = cached()
    posting = do(world, spender)
    assert cached() != before or do is granted
    undone = world.reverse(posting)
    assert cached() == before
    # The mirror image: each line with its sign changed, from where the balances stood then.
    mirrored = Entry.objects.filter(posting_id=undone.posting_id).order_by("limit", "lot", "bucket")
    original = Entry.objects.filter(posting_id=posting).order_by("limit", "lot", "bucket")
    assert [(line.limit_id, line.lot_id, line.bucket, line.amount) for line in mirrored] == [
        (line.limit_id, line.lot_id, line.bucket, -line.amount) for line in original
    ]


@EVERY_KIND
def test_a_reversal_names_what_it_reverses(
    world: World, spender: Member, do: Callable[[World, Member], int]
) -> None:
    original = Posting.objects.get(pk=do(world, spender))
    world.at += DAY / 2
    undone = world.reverse(original.pk)
    reversal = Posting.objects.get(pk=undone.posting_id)
    assert (reversal.kind, reversal.reverses, reversal.at, reversal.cause, reversal.actor) == (
        "reversal",
        original,
        world.at,
        "a mistake",
        "staff:tests",
    )
    kept = ("program", "cycle", "member", "account", "hold", "unit", "amount", "order_id")
    assert [getattr(reversal, name) for name in kept] == [getattr(original, name) for name in kept]
    assert undone.amount == Amount(original.amount, "USD")


@EVERY_KIND
def test_a_replayed_reversal_reverses_once(
    world: World, spender: Member, do: Callable[[World, Member], int]
) -> None:
    posting = do(world, spender)
    first = world.reverse(posting, key="k")
    before = snapshot()
    again = world.reverse(posting, key="k")
    assert (again.posting_id, again.is_replay) == (first.posting_id, True)
    with pytest.raises(NotReversible) as error:
        world.reverse(posting, key="another")
    assert str(error.value) == "This was reversed already."
    with pytest.raises(KeyConflict):
        world.reverse(Posting.objects.filter(kind="grant").earliest("pk").pk, key="k")
    assert snapshot() == before


@pytest.mark.parametrize("kind", ["hold", "capture", "release", "expire", "share", "reversal"])
def test_kinds_with_another_way_back(world: World, spender: Member, kind: str) -> None:
    hold = Hold.objects.get()
    world.release(hold.pk, "5.00")
    world.at = hold.expires_at
    world.expire(hold.pk)
    world.reverse(granted(world, spender))
    if kind == "share":
        divide(Limit.objects.get(kind="cap").pk, 2)
    before = snapshot()
    with pytest.raises(NotReversible) as error:
        world.reverse(last(kind))
    assert str(error.value).startswith("Only grants, adjustments, clawbacks, refunds")
    assert snapshot() == before


def test_an_unknown_posting(world: World) -> None:
    world.member()
    before = snapshot()
    with pytest.raises(NotFound) as error:
        world.reverse(Posting.objects.latest("pk").pk + 1_000)
    assert error.value.field == "posting"
    assert snapshot() == before


def test_a_reversed_renewal_gives_back_to_the_lapsed_lot(world: World) -> None:
    world.open_program(allotment="0.00", refund_policy="grace", refund_grace_days=5)
    ann = world.member()
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")
    world.at += DAY
    refund = world.refund_by_policy(hold, "30.00")
    renewed = Lot.objects.get(origin="refund")
    world.reverse(refund.posting_id)
    assert lot_figures(lot) == {"available": "20.00", "spent": "30.00"}
    assert lot_figures(renewed) == {}
    assert Hold.objects.get().refunded == 0


def test_a_renewal_that_was_used_is_not_reversed(world: World) -> None:
    world.open_program(allotment="0.00", refund_policy="grace", refund_grace_days=5)
    ann = world.member()
    world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")
    world.at += DAY
    refund = world.refund_by_policy(hold, "30.00")
    world.hold(ann, "0.01")
    before = snapshot()
    with pytest.raises(NotReversible):
        world.reverse(refund.posting_id)
    assert snapshot() == before


def test_a_ceiling_under_a_raise_is_not_reversed_below_zero(world: World) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")
    first = last("ceiling")
    world.cap(acme, "20.00")
    world.raise_cap(cap, "100.00", ends_at=world.at + DAY)
    before = snapshot()
    with pytest.raises(NotReversible):
        world.reverse(first)
    assert snapshot() == before
    assert figures(cap) == {"ceiling": "120.00"}


def test_a_refund_is_reversed_under_a_cap_set_since(world: World) -> None:
    acme = world.account("Acme")
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")
    refund = world.refund(hold, "20.00")
    cap = world.cap(acme, "100.00")
    assert figures(cap) == {"ceiling": "100.00", "spent": "45.00"}
    world.reverse(refund.posting_id)
    assert figures(cap) == {"ceiling": "100.00", "spent": "65.00"}


# The rebuild


def divide(cap: int, spread: int) -> None:
    tamper(f"SELECT program_budgets_divide({cap}, {spread}, now())")


@pytest.fixture
def books(world: World) -> World:
    """Something in every column: holds, captures, refunds, lapsed, moved and withdrawn value."""
    acme = world.account("Acme")
    world.open_program(allotment="0.00", refund_policy="grace")
    world.cap(acme, "100.00")
    world.cap(acme, items(9), everywhere=True)
    ann = world.member(acme)
    world.grant(ann, "50.00", expires_at=world.at + DAY)
    world.grant(ann, "30.00")
    world.kit(ann, 3)
    hold = world.hold(ann, "60.00", items=2)
    world.capture(hold, "40.00", items=1)
    divide(Limit.objects.get(kind="cap", unit="USD").pk, 3)
    world.cap(acme, "55.00")  # below the 60.00 that are used
    world.at += DAY
    world.release(hold, "15.00")  # 10.00 of them lapse
    world.refund_by_policy(hold, "12.00", items=1)  # and move on
    world.reverse(world.refund_by_policy(hold, "1.00").posting_id)
    world.adjust(ann, "-3.00")
    world.is_tampered = True
    tamper(
        ";".join(
            f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in check_constraints()
        )
    )
    return world


COLUMNS = [
    *(("limit", name) for name in ("ceiling", "held", "spent", "overhang")),
    *(("lot", name) for name in ("amount", "held", "spent", "lapsed", "withdrawn", "moved")),
    *(("hold", name) for name in ("amount", "captured", "released", "refunded")),
    *(("hold", f"items{name}") for name in ("", "_captured", "_released", "_refunded")),
    *(("holdlot", name) for name in ("amount", "captured", "released", "refunded")),
]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_every_cached_column_is_rebuilt(books: World, table: str, column: str) -> None:
    before = snapshot()
    tamper(f"UPDATE program_budgets_{table} SET {column} = {column} + 7")
    assert snapshot() != before
    rebuilt = ledger.rebuild()
    assert snapshot() == before
    assert ledger.verify().is_clean
    wrong = {
        "limit": (0, Limit.objects.filter(kind="cap").count(), Member.objects.count() + 1, 0, 0),
        "lot": (Lot.objects.count(), 0, 0, 0, 0),
        "hold": (0, 0, 0, 0, Hold.objects.count()),
        "holdlot": (0, 0, 0, HoldLot.objects.count(), 0),
    }
    assert (rebuilt.lots, rebuilt.caps, rebuilt.members, rebuilt.pins, rebuilt.holds) == wrong[
        table
    ]


def test_everything_at_once_is_rebuilt(books: World) -> None:
    before = snapshot()
    for table, column in COLUMNS:
        tamper(f"UPDATE program_budgets_{table} SET {column} = -1")
    ledger.rebuild()
    assert snapshot() == before
    assert ledger.verify().is_clean


def test_sound_books_are_not_touched(books: World) -> None:
    before = snapshot()
    assert ledger.rebuild() == ledger.Rebuilt(lots=0, caps=0, members=0, pins=0, holds=0)
    assert snapshot() == before


def test_no_books_are_rebuilt(world: World) -> None:
    assert ledger.rebuild() == ledger.Rebuilt(lots=0, caps=0, members=0, pins=0, holds=0)
