"""Periods are half-open, cut from their anchor, and keep the wall clock of their time zone."""

import datetime as dt
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleor_program_budgets.periods import (
    Period,
    days_after,
    days_left,
    is_open,
    months_after,
    months_left,
    period_around,
)

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
END = dt.datetime(2026, 2, 5, 9, tzinfo=dt.UTC)
INSTANT = dt.timedelta(microseconds=1)
LENGTHS = (1, 3, 12)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")

zones = st.sampled_from(ZONES)
lengths = st.sampled_from(LENGTHS)
instants = st.datetimes(
    min_value=dt.datetime(2020, 1, 1),  # noqa: DTZ001 Hypothesis wants them naive
    max_value=dt.datetime(2040, 1, 1),  # noqa: DTZ001 as above
    timezones=st.just(dt.UTC),
)


def local(zone: str, *fields: int, fold: int = 0) -> dt.datetime:
    return dt.datetime(*fields, tzinfo=ZoneInfo(zone), fold=fold)


def utc(*fields: int) -> dt.datetime:
    return dt.datetime(*fields, tzinfo=dt.UTC)


def same(one: dt.datetime, other: dt.datetime) -> bool:
    """Compare instants; two of one time zone are compared by their wall clocks otherwise."""
    return one.astimezone(dt.UTC) == other.astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("instant", "inside"),
    [(START - INSTANT, False), (START, True), (END - INSTANT, True), (END, False)],
)
def test_a_period_has_its_start_and_not_its_end(instant: dt.datetime, inside: bool) -> None:
    assert (instant in Period(START, END)) is inside


@pytest.mark.parametrize(
    ("instant", "opens_at", "closes_at", "expected"),
    [
        (START - INSTANT, START, END, False),
        (START, START, END, True),
        (END - INSTANT, START, END, True),
        (END, START, END, False),
        (START, None, None, True),
        (END, START, None, True),
        (START - INSTANT, None, END, True),
        (END, None, END, False),
    ],
)
def test_is_open(
    instant: dt.datetime,
    opens_at: dt.datetime | None,
    closes_at: dt.datetime | None,
    expected: bool,
) -> None:
    assert is_open(instant, opens_at=opens_at, closes_at=closes_at) is expected


# Months


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2026, 1, 31), 2, (2026, 3, 31)),
        ((2026, 1, 31), 3, (2026, 4, 30)),
        ((2026, 1, 31), 13, (2027, 2, 28)),
        ((2026, 1, 31), 25, (2028, 2, 29)),
        ((2028, 1, 30), 1, (2028, 2, 29)),
        ((2028, 2, 29), 12, (2029, 2, 28)),
        ((2028, 2, 29), 48, (2032, 2, 29)),
        ((2027, 2, 28), 12, (2028, 2, 28)),
        ((2026, 3, 31), -1, (2026, 2, 28)),
        ((2026, 5, 15), 0, (2026, 5, 15)),
    ],
)
def test_the_end_of_a_month_clamps(
    anchor: tuple[int, ...], months: int, expected: tuple[int, ...]
) -> None:
    assert months_after(utc(*anchor, 9), months=months, time_zone="UTC") == utc(*expected, 9)


def test_what_was_clamped_is_counted_from_the_anchor_again() -> None:
    anchor = utc(2026, 1, 31)
    ends = [months_after(anchor, months=number, time_zone="UTC") for number in range(1, 6)]
    assert [(end.month, end.day) for end in ends] == [(2, 28), (3, 31), (4, 30), (5, 31), (6, 30)]
    around = period_around(utc(2026, 3, 1), anchor=anchor, months=1, time_zone="UTC")
    assert around == Period(utc(2026, 2, 28), utc(2026, 3, 31))


@pytest.mark.parametrize(
    ("zone", "anchor", "months", "expected"),
    [
        # 02:30 is skipped on 29 March 2026: the offset from before applies, that is 03:30 CEST.
        ("Europe/Berlin", (2026, 2, 28, 2, 30), 1, utc(2026, 3, 28, 1, 30)),
        ("Europe/Berlin", (2026, 1, 29, 2, 30), 2, utc(2026, 3, 29, 1, 30)),
        # 02:30 comes twice on 25 October 2026: the first, in summer time.
        ("Europe/Berlin", (2026, 9, 25, 2, 30), 1, utc(2026, 10, 25, 0, 30)),
        # The same in New York: skipped on 8 March, twice on 1 November 2026.
        ("America/New_York", (2026, 2, 8, 2, 30), 1, utc(2026, 3, 8, 7, 30)),
        ("America/New_York", (2026, 10, 1, 1, 30), 1, utc(2026, 11, 1, 5, 30)),
        # Noon stays noon, in winter and in summer.
        ("Europe/Berlin", (2026, 3, 15, 12), 1, utc(2026, 4, 15, 10)),
        ("America/New_York", (2026, 12, 31, 23), 12, utc(2028, 1, 1, 4)),
    ],
)
def test_months_keep_the_wall_clock(
    zone: str, anchor: tuple[int, ...], months: int, expected: dt.datetime
) -> None:
    found = months_after(local(zone, *anchor), months=months, time_zone=zone)
    assert same(found, expected)


def test_months_are_cut_from_the_programs_calendar_not_the_callers() -> None:
    # 30 January 23:30 UTC is the 31st in Tokyo: a month later is 28 February there, 27th in UTC.
    found = months_after(utc(2026, 1, 30, 23, 30), months=1, time_zone="Asia/Tokyo")
    assert same(found, utc(2026, 2, 27, 23, 30))


# Periods


@pytest.mark.parametrize("offset", [-INSTANT, 0 * INSTANT, INSTANT])
@pytest.mark.parametrize("months", LENGTHS)
def test_at_a_boundary_the_next_period_has_begun(months: int, offset: dt.timedelta) -> None:
    anchor = utc(2026, 1, 31, 9)
    boundary = months_after(anchor, months=5 * months, time_zone="UTC")
    found = period_around(boundary + offset, anchor=anchor, months=months, time_zone="UTC")
    number = 4 if offset < 0 * INSTANT else 5
    assert found == Period(
        months_after(anchor, months=number * months, time_zone="UTC"),
        months_after(anchor, months=(number + 1) * months, time_zone="UTC"),
    )


def test_periods_reach_back_before_their_anchor() -> None:
    # A fiscal year from April, seen in February.
    found = period_around(utc(2026, 2, 1), anchor=utc(2027, 4, 1), months=12, time_zone="UTC")
    assert found == Period(utc(2025, 4, 1), utc(2026, 4, 1))


@given(instant=instants, anchor=instants, months=lengths, zone=zones)
def test_an_instant_lies_in_the_period_around_it(
    instant: dt.datetime, anchor: dt.datetime, months: int, zone: str
) -> None:
    found = _in_utc(period_around(instant, anchor=anchor, months=months, time_zone=zone))
    assert found.starts_at <= instant < found.ends_at


@given(instant=instants, anchor=instants, months=lengths, zone=zones)
def test_consecutive_periods_share_no_instant_and_leave_none_out(
    instant: dt.datetime, anchor: dt.datetime, months: int, zone: str
) -> None:
    def around(moment: dt.datetime) -> Period:
        return _in_utc(period_around(moment, anchor=anchor, months=months, time_zone=zone))

    found = around(instant)
    assert around(found.starts_at) == found
    assert around(found.ends_at - INSTANT) == found
    following = around(found.ends_at)
    assert following.starts_at == found.ends_at
    assert around(found.starts_at - INSTANT).ends_at == found.starts_at


@given(anchor=instants, months=lengths, zone=zones, number=st.integers(-30, 30))
def test_every_cut_is_a_whole_number_of_months_from_the_anchor(
    anchor: dt.datetime, months: int, zone: str, number: int
) -> None:
    cut = months_after(anchor, months=number * months, time_zone=zone)
    found = period_around(cut, anchor=anchor, months=months, time_zone=zone)
    assert same(found.starts_at, cut)


# What is left of one

YEAR = Period(utc(2026, 1, 1), utc(2027, 1, 1))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (utc(2025, 12, 31), Fraction(1)),
        (utc(2026, 1, 1), Fraction(1)),
        (utc(2026, 1, 2) - INSTANT, Fraction(1)),
        (utc(2026, 1, 2), Fraction(364, 365)),
        (utc(2026, 12, 31, 23), Fraction(1, 365)),
        (utc(2027, 1, 1), Fraction(0)),
        (utc(2027, 5, 1), Fraction(0)),
    ],
)
def test_days_left_count_the_day_itself(instant: dt.datetime, expected: Fraction) -> None:
    assert days_left(YEAR, instant, time_zone="UTC") == expected


def test_days_are_the_programs_own() -> None:
    # 31 March 2026 in Berlin has begun at 22:00 UTC the day before; the month has 31 days, one of
    # them an hour shorter.
    month = Period(local("Europe/Berlin", 2026, 3, 1), local("Europe/Berlin", 2026, 4, 1))
    for instant, left in [
        (utc(2026, 3, 30, 22) - INSTANT, 2),
        (utc(2026, 3, 30, 22), 1),
        (utc(2026, 3, 29, 0, 59), 3),
    ]:
        assert days_left(month, instant, time_zone="Europe/Berlin") == Fraction(left, 31)


def test_a_period_within_a_day_is_all_left_on_its_day() -> None:
    hours = Period(utc(2026, 1, 1, 9), utc(2026, 1, 1, 18))
    assert days_left(hours, utc(2026, 1, 1, 12), time_zone="UTC") == Fraction(0)
    assert days_left(hours, utc(2025, 12, 31), time_zone="UTC") == Fraction(1)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (utc(2025, 12, 31), Fraction(1)),
        (utc(2026, 1, 1), Fraction(1)),
        (utc(2026, 2, 1) - INSTANT, Fraction(1)),
        (utc(2026, 2, 1), Fraction(11, 12)),
        (utc(2026, 12, 1) - INSTANT, Fraction(2, 12)),
        (utc(2026, 12, 1), Fraction(1, 12)),
        (utc(2026, 12, 31), Fraction(1, 12)),
    ],
)
def test_months_left_count_the_one_begun(instant: dt.datetime, expected: Fraction) -> None:
    assert months_left(YEAR, instant, time_zone="UTC") == expected


def test_months_left_of_a_period_that_is_no_whole_number_of_them() -> None:
    # 15 January to 1 April: months from the 15th of January, February and March, the last cut off.
    period = Period(utc(2026, 1, 15), utc(2026, 4, 1))
    assert months_left(period, utc(2026, 1, 20), time_zone="UTC") == Fraction(3, 3)
    assert months_left(period, utc(2026, 2, 15), time_zone="UTC") == Fraction(2, 3)
    assert months_left(period, utc(2026, 3, 31), time_zone="UTC") == Fraction(1, 3)


def test_months_left_clamp_from_the_periods_start() -> None:
    period = Period(utc(2026, 1, 31), utc(2027, 1, 31))
    assert months_left(period, utc(2026, 2, 28) - INSTANT, time_zone="UTC") == Fraction(12, 12)
    assert months_left(period, utc(2026, 2, 28), time_zone="UTC") == Fraction(11, 12)
    assert months_left(period, utc(2026, 3, 30), time_zone="UTC") == Fraction(11, 12)
    assert months_left(period, utc(2026, 3, 31), time_zone="UTC") == Fraction(10, 12)


@given(anchor=instants, months=lengths, zone=zones, passed=st.fractions(0, 1))
def test_what_is_left_shrinks_and_is_a_share(
    anchor: dt.datetime, months: int, zone: str, passed: Fraction
) -> None:
    period = _in_utc(period_around(anchor, anchor=anchor, months=months, time_zone=zone))
    instant = period.starts_at + (period.ends_at - period.starts_at) * float(passed)
    later = min(instant + dt.timedelta(days=1), period.ends_at)
    for left in (days_left, months_left):
        assert left(period, period.starts_at, time_zone=zone) == 1
        shares = [left(period, at, time_zone=zone) for at in (instant, later)]
        assert 0 <= shares[1] <= shares[0] <= 1


# Days


@pytest.mark.parametrize(
    ("zone", "instant", "days", "expected"),
    [
        ("UTC", utc(2026, 12, 31, 9), 30, utc(2027, 1, 30, 9)),
        # Over the change to summer time a day is 23 hours long, over the one back 25.
        ("Europe/Berlin", utc(2026, 3, 28, 11), 1, utc(2026, 3, 29, 10)),
        ("Europe/Berlin", utc(2026, 10, 24, 10), 1, utc(2026, 10, 25, 11)),
        # 02:30 that doesn't exist, and 02:30 that comes twice.
        ("Europe/Berlin", utc(2026, 3, 28, 1, 30), 1, utc(2026, 3, 29, 1, 30)),
        ("Europe/Berlin", utc(2026, 10, 24, 0, 30), 1, utc(2026, 10, 25, 0, 30)),
        ("America/New_York", utc(2026, 3, 7, 7, 30), 1, utc(2026, 3, 8, 7, 30)),
        ("America/New_York", utc(2026, 10, 31, 5, 30), 1, utc(2026, 11, 1, 5, 30)),
    ],
)
def test_days_keep_the_wall_clock(
    zone: str, instant: dt.datetime, days: int, expected: dt.datetime
) -> None:
    assert same(days_after(instant, days=days, time_zone=zone), expected)


def _in_utc(period: Period) -> Period:
    return Period(period.starts_at.astimezone(dt.UTC), period.ends_at.astimezone(dt.UTC))
