"""Who joins in the middle of a cycle gets all of its allotment, a share, or waits: per program."""

import datetime as dt

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.models import Lot, Member, Program
from tests.support.world import DAY, INSTANT, TESTS, World, items

PRORATION = Program.Proration
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY_100 = dt.datetime(2026, 4, 10, 15, 30, tzinfo=dt.UTC)


def _join(world: World, proration: str, *, at: dt.datetime) -> Member:
    """Join at *at* a program of 300.00 a year that began at New Year."""
    world.at = NEW_YEAR
    world.open_program(proration=proration)
    world.at = at
    return world.member()


@pytest.mark.parametrize(
    ("proration", "available"),
    [
        (PRORATION.FULL, "300.00"),
        # Of 365 days 99 are over; with today 266 are left: 300.00 × 266 / 365 = 218.6301…
        (PRORATION.DAILY, "218.63"),
        # April has begun: nine months of twelve.
        (PRORATION.MONTHLY, "225.00"),
    ],
)
def test_joining_on_day_100_of_365(world: World, proration: str, available: str) -> None:
    ann = _join(world, proration, at=DAY_100)
    assert world.balance(ann) == {"available": available}

    # The next year is whole.
    world.at = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    programs.renew_due(program=world.program, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}


def test_joining_waits_for_the_next_cycle(world: World) -> None:
    # Given a program whose newcomers wait.
    ann = _join(world, PRORATION.NEXT_CYCLE, at=DAY_100)
    assert world.balance(ann) == {}

    # When the year ends, then she has all of the next.
    world.at = world.cycle.ends_at
    programs.renew_due(program=world.program, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}


@pytest.mark.parametrize("proration", PRORATION.values)
def test_joining_at_the_first_instant_is_the_whole_cycle(world: World, proration: str) -> None:
    ann = _join(world, proration, at=NEW_YEAR)
    assert world.balance(ann) == {"available": "300.00"}


@pytest.mark.parametrize(
    ("proration", "available"),
    [
        (PRORATION.FULL, "300.00"),
        (PRORATION.DAILY, "0.82"),  # 300.00 / 365 = 0.8219…
        (PRORATION.MONTHLY, "25.00"),
    ],
)
def test_joining_in_the_last_instant(world: World, proration: str, available: str) -> None:
    ann = _join(world, proration, at=dt.datetime(2027, 1, 1, tzinfo=dt.UTC) - INSTANT)
    assert world.balance(ann) == {"available": available}


def test_days_are_those_of_the_programs_calendar(world: World) -> None:
    # Given 365.00 a year in Auckland, where the 2nd begins while it is the 1st in London.
    world.at = dt.datetime(2025, 12, 31, 11, tzinfo=dt.UTC)
    world.open_program(allotment="365.00", proration=PRORATION.DAILY, time_zone="Pacific/Auckland")

    # When she joins at eleven in London, a microsecond before, and at that instant.
    world.at = dt.datetime(2026, 1, 1, 11, tzinfo=dt.UTC) - INSTANT
    before = world.member()
    world.at += INSTANT
    after = world.member()
    assert world.balance(before) == {"available": "365.00"}
    assert world.balance(after) == {"available": "364.00"}


def test_a_part_of_a_kit_is_a_whole_one(world: World) -> None:
    # Given a kit of one jacket and one a year, and somebody who joins in its last month.
    world.at = NEW_YEAR
    world.open_program(allotment_items=1, proration=PRORATION.MONTHLY)
    world.at = dt.datetime(2026, 12, 24, tzinfo=dt.UTC)
    ann = world.member()

    # Then she gets 25.00, a twelfth, and the kit, which can't be divided.
    assert world.in_units(ann) == {"ITEM": {"available": 1}, "USD": {"available": 25_00}}
    assert items(1).minor == 1


def test_enrolling_a_member_again_adds_nothing(world: World) -> None:
    # Given a month of 300.00, in shares by the day, that is over without anybody having said so,
    world.at = NEW_YEAR
    program = world.open_program(cycle_length="monthly", proration=PRORATION.DAILY)
    ann = world.member()
    world.at = dt.datetime(2026, 2, 15, tzinfo=dt.UTC)

    # when Ann, who has been a member since, comes in another list of newcomers with Ben.
    ben = world.user()
    programs.enroll(
        program=program,
        user_ids=[ann.user_id, ben],
        account=ann.account,
        actor=TESTS,
        at=world.at,
    )

    # Then February is whole for her, and 14 of its 28 days for him.
    assert world.balance(ann) == {"available": "300.00"}
    assert world.balance(Member.objects.get(user_id=ben)) == {"available": "150.00"}
    assert Lot.objects.filter(origin="allotment", limit__member=ann).count() == 2
    assert world.at - world.cycle.starts_at == 14 * DAY
