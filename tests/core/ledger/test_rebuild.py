"""The rebuild of the cache: every figure is computed anew from the journal."""

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Hold, HoldLot, Limit, Lot, Member
from tests.support.database import check_constraints, divide, snapshot, tamper
from tests.support.world import DAY, World, items


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
