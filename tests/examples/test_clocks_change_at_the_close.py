"""A cycle ends at midnight of the program's own clocks, also in the night in which they change."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.models import Lot
from tests.support.world import DAY, HOUR, INSTANT, World, usd

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def _local(zone: str, *day: int) -> dt.datetime:
    return dt.datetime(*day, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("zone", "first", "end", "hours"),
    [
        # Clocks go forward in the night that the month ends with, and back.
        (BERLIN, (2026, 2, 28, 12), (2026, 3, 28, 12), 28 * 24),
        (BERLIN, (2026, 3, 1), (2026, 4, 1), 31 * 24 - 1),
        (BERLIN, (2026, 10, 1), (2026, 11, 1), 31 * 24 + 1),
        (NEW_YORK, (2026, 2, 8, 12), (2026, 3, 8, 12), 28 * 24 - 1),
        (NEW_YORK, (2026, 3, 1), (2026, 4, 1), 31 * 24 - 1),
        (NEW_YORK, (2026, 10, 1), (2026, 11, 1), 31 * 24),
        (NEW_YORK, (2026, 11, 1), (2026, 12, 1), 30 * 24 + 1),
    ],
)
def test_a_month_of_the_programs_clocks(
    world: World, zone: str, first: tuple[int, ...], end: tuple[int, ...], hours: int
) -> None:
    # Given 300.00 a month; the month has an hour more or less where clocks change in it.
    world.at = _local(zone, *first)
    world.open_program(cycle_length="monthly", time_zone=zone)
    ann = world.member()
    world.hold(ann, "100.00", order_id="order")
    assert world.cycle.ends_at == _local(zone, *end)
    assert world.cycle.ends_at - world.cycle.starts_at == hours * HOUR

    # Until the last microsecond 200.00 are left; from then on it is the next month's 300.00.
    world.at = _local(zone, *end) - INSTANT
    assert world.balance(ann) == {"available": "200.00", "held": "100.00"}
    assert programs.renew_due(program=world.program, at=world.at).limits == 0
    world.at += INSTANT
    assert programs.renew_due(program=world.program, at=world.at).limits == 1
    assert world.balance(ann) == {"available": "300.00"}


@pytest.mark.parametrize(
    ("zone", "end", "lapses"),
    [
        # From noon to noon, over the night in which the clocks change: 23 hours, 25, and 24.
        (BERLIN, (2026, 3, 28, 12), (2026, 3, 29, 12)),
        (BERLIN, (2026, 10, 24, 12), (2026, 10, 25, 12)),
        (NEW_YORK, (2026, 3, 28, 12), (2026, 3, 29, 12)),
        (NEW_YORK, (2026, 3, 7, 12), (2026, 3, 8, 12)),
        (NEW_YORK, (2026, 10, 31, 12), (2026, 11, 1, 12)),
        # From half past two: in the night of an hour that isn't there, and of one that comes twice.
        (BERLIN, (2026, 3, 28, 2, 30), (2026, 3, 29, 3, 30)),
        (BERLIN, (2026, 10, 24, 2, 30), (2026, 10, 25, 2, 30)),
        (NEW_YORK, (2026, 10, 31, 1, 30), (2026, 11, 1, 1, 30)),
    ],
)
def test_a_carry_window_of_one_day(
    world: World, zone: str, end: tuple[int, ...], lapses: tuple[int, ...]
) -> None:
    # Given a month that ends at *end*, and what is left carried for a day.
    world.at = _local(zone, *end) - 10 * DAY
    world.open_program(
        cycle_length="monthly",
        cycle_anchor=_local(zone, *end),
        time_zone=zone,
        carries_forward=True,
        carry_limit=usd("100.00"),
        carry_days=1,
    )
    ann = world.member()

    # Then it ends at the same time of day on the next one; the first of two such times.
    world.at = world.cycle.ends_at
    assert world.at == _local(zone, *end)
    programs.renew_due(program=world.program, at=world.at)
    assert Lot.objects.get(origin="carry").expires_at == _local(zone, *lapses)
    world.at = _local(zone, *lapses) - INSTANT
    assert world.balance(ann)["available"] == "400.00"
    world.at += INSTANT
    assert world.balance(ann)["available"] == "300.00"


def test_two_zones_close_at_their_own_midnight(world: World) -> None:
    # Given the same month in Berlin and in New York, where clocks changed three weeks before.
    world.at = _local(BERLIN, 2026, 3, 1)
    berlin = world.open_program(cycle_length="monthly", time_zone=BERLIN, channel="berlin")
    world.at = _local(NEW_YORK, 2026, 3, 1)
    new_york = world.open_program(cycle_length="monthly", time_zone=NEW_YORK, channel="york")

    # Then on 1 April it is six hours later in New York, as on 1 March.
    ends = [program.cycles.get().ends_at for program in (berlin, new_york)]
    assert ends == [
        dt.datetime(2026, 3, 31, 22, tzinfo=dt.UTC),
        dt.datetime(2026, 4, 1, 4, tzinfo=dt.UTC),
    ]
    world.at = ends[0]
    for program in (berlin, new_york):
        programs.renew_due(program=program, at=world.at)
    assert [program.cycles.count() for program in (berlin, new_york)] == [2, 1]
