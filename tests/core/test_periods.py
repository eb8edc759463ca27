"""Periods are half-open, and a year keeps its wall clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from saleor_program_budgets.periods import Period, is_open, year_from

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
END = dt.datetime(2026, 2, 5, 9, tzinfo=dt.UTC)
INSTANT = dt.timedelta(microseconds=1)


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


@pytest.mark.parametrize(
    ("zone", "starts", "ends"),
    [
        ("UTC", (2026, 1, 5, 9), (2027, 1, 5, 9)),
        ("UTC", (2028, 2, 29, 0), (2029, 2, 28, 0)),
        ("UTC", (2027, 2, 28, 0), (2028, 2, 28, 0)),
        # The clocks go forward on 29 March 2026 and 28 March 2027: same hour, other offset.
        ("Europe/Berlin", (2026, 3, 28, 12), (2027, 3, 28, 12)),
        ("America/New_York", (2026, 12, 31, 23), (2027, 12, 31, 23)),
    ],
)
def test_a_year_ends_at_the_same_wall_clock(
    zone: str, starts: tuple[int, ...], ends: tuple[int, ...]
) -> None:
    tz = ZoneInfo(zone)
    period = year_from(dt.datetime(*starts, tzinfo=tz), time_zone=zone)
    assert period.ends_at == dt.datetime(*ends, tzinfo=tz)
    assert period.ends_at.astimezone(tz).hour == starts[3]


def test_a_year_is_cut_from_the_programs_calendar_not_the_callers() -> None:
    # 31 December 23:30 UTC is 1 January 08:30 in Tokyo; so is the end, a year later.
    starts_at = dt.datetime(2027, 12, 31, 23, 30, tzinfo=dt.UTC)
    assert year_from(starts_at, time_zone="Asia/Tokyo") == Period(
        starts_at, dt.datetime(2028, 12, 31, 23, 30, tzinfo=dt.UTC)
    )


def test_consecutive_periods_share_no_instant_and_leave_none_out() -> None:
    first = year_from(START, time_zone="UTC")
    second = year_from(first.ends_at, time_zone="UTC")
    assert [first.ends_at in period for period in (first, second)] == [False, True]
