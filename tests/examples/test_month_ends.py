"""Cycles are cut from where the first began: a day that a month hasn't clamps to its last."""

import datetime as dt

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.models import Lot
from tests.support.world import World


def _first_days(world: World, count: int) -> list[str]:
    """Let *count* cycles end, each at its time, and return when they began."""
    for _ in range(count):
        world.at = world.cycle.ends_at
        programs.renew_due(program=world.program, at=world.at)
    starts = world.program.cycles.order_by("number").values_list("starts_at", flat=True)
    return [f"{start:%Y-%m-%d %H:%M}" for start in starts]


@pytest.mark.parametrize(("year", "last_of_february"), [(2026, 28), (2028, 29)])
def test_monthly_from_31_january(world: World, year: int, last_of_february: int) -> None:
    # Given 300.00 a month from the 31st of January on, at eight in the morning.
    world.at = dt.datetime(year, 1, 31, 8, tzinfo=dt.UTC)
    world.open_program(cycle_length="monthly")
    ann = world.member()

    # Then February's clamp doesn't last: it is the 31st of March again.
    assert _first_days(world, 4) == [
        f"{year}-01-31 08:00",
        f"{year}-02-{last_of_february} 08:00",
        f"{year}-03-31 08:00",
        f"{year}-04-30 08:00",
        f"{year}-05-31 08:00",
    ]

    # Each cycle allotted once, the last of it is there.
    assert Lot.objects.filter(limit__member=ann).count() == 5
    assert world.balance(ann) == {"available": "300.00"}


def test_quarterly_from_30_november(world: World) -> None:
    world.at = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    world.open_program(cycle_length="quarterly")
    assert _first_days(world, 4) == [
        "2026-11-30 00:00",
        "2027-02-28 00:00",
        "2027-05-30 00:00",
        "2027-08-30 00:00",
        "2027-11-30 00:00",
    ]


def test_annual_from_29_february(world: World) -> None:
    world.at = dt.datetime(2028, 2, 29, tzinfo=dt.UTC)
    world.open_program(cycle_length="annual")
    assert _first_days(world, 4) == [
        "2028-02-29 00:00",
        "2029-02-28 00:00",
        "2030-02-28 00:00",
        "2031-02-28 00:00",
        "2032-02-29 00:00",
    ]


def test_cycles_are_cut_from_the_anchor(world: World) -> None:
    # Given a program that opens in the middle of a year that begins on 1 July.
    world.at = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)
    world.open_program(cycle_length="annual", cycle_anchor=dt.datetime(2020, 7, 1, tzinfo=dt.UTC))
    # Then its first cycle is that year, and the second begins on the next 1 July.
    assert _first_days(world, 1) == ["2026-07-01 00:00", "2027-07-01 00:00"]
