"""When a program's cycles begin and end, instant by instant; nothing here is written."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Cycle, Member, Program
from saleor_program_budgets.periods import Period
from saleor_program_budgets.programs import calendar
from tests.support.world import DAY, HOUR, INSTANT

LENGTH = Program.CycleLength
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MAY = dt.datetime(2026, 5, 10, 8, tzinfo=dt.UTC)


def _program(length: str = LENGTH.MONTHLY, **rules: Any) -> Program:
    return Program(cycle_length=length, **rules)


def _cycle(program: Program, starts_at: dt.datetime, ends_at: dt.datetime) -> Cycle:
    return Cycle(program=program, number=1, starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize(
    ("length", "end"),
    [
        (LENGTH.MONTHLY, dt.datetime(2026, 6, 10, 8, tzinfo=dt.UTC)),
        (LENGTH.QUARTERLY, dt.datetime(2026, 8, 10, 8, tzinfo=dt.UTC)),
        (LENGTH.ANNUAL, dt.datetime(2027, 5, 10, 8, tzinfo=dt.UTC)),
        (LENGTH.ANNIVERSARY, dt.datetime(2027, 5, 10, 8, tzinfo=dt.UTC)),
    ],
)
def test_the_first_begins_when_it_opens(length: str, end: dt.datetime) -> None:
    program = _program(length)
    assert calendar.first_period(program=program, at=MAY) == Period(MAY, end)


def test_the_first_begins_when_the_window_does() -> None:
    program = _program(opens_at=MAY)
    first = calendar.first_period(program=program, at=NEW_YEAR)
    assert first == Period(MAY, dt.datetime(2026, 6, 10, 8, tzinfo=dt.UTC))


def test_an_anchor_cuts_the_first() -> None:
    program = _program(LENGTH.ANNUAL, cycle_anchor=NEW_YEAR)
    first = calendar.first_period(program=program, at=MAY)
    assert first == Period(NEW_YEAR, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("is_over", [True, False])
def test_no_program_opens_after_its_window(is_over: bool) -> None:
    program = _program(closes_at=MAY)
    if not is_over:
        calendar.first_period(program=program, at=MAY - INSTANT)
        return
    with pytest.raises(InvalidInput) as refused:
        calendar.first_period(program=program, at=MAY)
    assert refused.value.field == "closes_at"


def test_a_window_is_one_period() -> None:
    program = _program(LENGTH.WINDOW, closes_at=MAY)
    first = calendar.first_period(program=program, at=NEW_YEAR)
    assert first == Period(NEW_YEAR, MAY)
    after = calendar.following_period(program=program, cycle=_cycle(program, NEW_YEAR, MAY))
    assert after is None


def test_given_dates() -> None:
    dates = [NEW_YEAR, NEW_YEAR + 10 * DAY, NEW_YEAR + 30 * DAY]
    program = _program(LENGTH.CUSTOM, cycle_dates=list(reversed(dates)))
    first = calendar.first_period(program=program, at=NEW_YEAR)
    assert first == Period(*dates[:2])
    # Opened in the second: it is that one, from its beginning.
    assert calendar.first_period(program=program, at=dates[1]) == Period(*dates[1:])
    # The one after begins where the one before ended, also when dates have moved since.
    late = _cycle(program, NEW_YEAR, dates[1] + DAY)
    assert calendar.following_period(program=program, cycle=late) == Period(
        dates[1] + DAY, dates[2]
    )
    last = _cycle(program, dates[1], dates[2])
    assert calendar.following_period(program=program, cycle=last) is None
    with pytest.raises(InvalidInput) as refused:
        calendar.first_period(program=program, at=dates[2])
    assert refused.value.field == "cycle_dates"


@pytest.mark.parametrize(
    ("after_the_end", "goes_on"), [(-INSTANT, False), (0 * DAY, False), (INSTANT, True)]
)
def test_the_programs_end_ends_its_cycles(after_the_end: dt.timedelta, goes_on: bool) -> None:
    end = NEW_YEAR + 31 * DAY
    program = _program(cycle_anchor=NEW_YEAR, closes_at=end + after_the_end)
    after = calendar.following_period(program=program, cycle=_cycle(program, NEW_YEAR, end))
    assert (after is not None) == goes_on


@pytest.mark.parametrize(
    ("moved_to", "end"),
    [
        # Clocks in New York go forward on 8 March, those in Berlin on the 29th: where one month
        # ended at an hour of New York's, Berlin's comes an hour later, and no month has an hour.
        ("Europe/Berlin", dt.datetime(2026, 4, 14, 22, tzinfo=dt.UTC)),
        ("America/New_York", dt.datetime(2026, 4, 14, 22, tzinfo=dt.UTC)),
    ],
)
def test_another_time_zone_makes_no_cycle_of_an_hour(moved_to: str, end: dt.datetime) -> None:
    anchor = dt.datetime(2026, 1, 15, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(dt.UTC)
    ended = dt.datetime(2026, 3, 14, 22, tzinfo=dt.UTC)
    program = _program(cycle_anchor=anchor, time_zone=moved_to)
    cycle = _cycle(program, ended - 28 * DAY, ended)
    assert calendar.following_period(program=program, cycle=cycle) == Period(ended, end)


def test_a_longer_cycle_is_cut_at_the_anchor() -> None:
    # A program that turns from months to years in June goes on to the next new year.
    program = _program(LENGTH.ANNUAL, cycle_anchor=NEW_YEAR)
    june = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    cycle = _cycle(program, june - 31 * DAY, june)
    assert calendar.following_period(program=program, cycle=cycle) == Period(
        june, dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    )


def test_a_members_own_period() -> None:
    program = _program(LENGTH.ANNIVERSARY)
    member = Member(program=program, joined_at=MAY)
    cycle = _cycle(program, NEW_YEAR, NEW_YEAR + 365 * DAY)

    def at(instant: dt.datetime) -> Period:
        return calendar.period_of_member(program=program, cycle=cycle, member=member, at=instant)

    second = dt.datetime(2027, 5, 10, 8, tzinfo=dt.UTC)
    assert at(MAY) == at(second - INSTANT) == Period(MAY, second)
    assert at(second).starts_at == second
    program.cycle_length = LENGTH.ANNUAL
    assert at(second) == Period(cycle.starts_at, cycle.ends_at)


@pytest.mark.parametrize(
    ("proration", "share"),
    [
        (Program.Proration.FULL, Fraction(1)),
        (Program.Proration.DAILY, Fraction(10, 30)),
        (Program.Proration.MONTHLY, Fraction(1)),
        (Program.Proration.NEXT_CYCLE, Fraction(0)),
    ],
)
def test_shares(proration: str, share: Fraction) -> None:
    april = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    program = _program(proration=proration)
    cycle = _cycle(program, april, april + 30 * DAY)
    joins = april + 20 * DAY + HOUR
    assert calendar.share_left(program=program, cycle=cycle, at=joins) == share
    # Before it begins, and at its first instant, it is whole; on a day of one's own it always is.
    for early in (april - DAY, april):
        assert calendar.share_left(program=program, cycle=cycle, at=early) == 1
    program.cycle_length = LENGTH.ANNIVERSARY
    assert calendar.share_left(program=program, cycle=cycle, at=joins) == 1
