"""How fast a budget is used, and when it is used up."""

import datetime as dt
from fractions import Fraction

import pytest

from saleor_program_budgets.figures import pace

AT = dt.datetime(2026, 2, 10, 12, tzinfo=dt.UTC)
TODAY = AT.date()


@pytest.mark.parametrize(
    ("began_on", "expected"),
    [
        (None, dt.date(2026, 1, 19)),
        (dt.date(2025, 12, 1), dt.date(2026, 1, 19)),
        (dt.date(2026, 1, 19), dt.date(2026, 1, 19)),
        (dt.date(2026, 1, 20), dt.date(2026, 1, 20)),
        (TODAY, TODAY),
        (TODAY + dt.timedelta(days=1), TODAY),
    ],
)
def test_the_window_is_four_weeks_or_since_the_beginning(
    began_on: dt.date | None, expected: dt.date
) -> None:
    assert pace.burns_from(today=TODAY, began_on=began_on) == expected


def test_today_counts() -> None:
    """120.00 since the 5th are 20.00 on each of six days."""
    since = TODAY - dt.timedelta(days=5)
    assert pace.burn_rate(burned=120_00, since=since, today=TODAY) == 20_00
    assert pace.burn_rate(burned=100, since=TODAY - dt.timedelta(days=2), today=TODAY) == Fraction(
        100, 3
    )


def test_what_comes_back_is_no_pace() -> None:
    assert pace.burn_rate(burned=-1, since=TODAY, today=TODAY) == 0


def test_it_runs_out_when_it_is_used_up() -> None:
    """500.00 at 20.00 a day last for 25 days; at 40.00, until midnight twelve and a half on."""
    assert pace.runs_out_at(
        spendable=500_00, burn_rate=Fraction(20_00), at=AT
    ) == AT + dt.timedelta(days=25)
    assert pace.runs_out_at(
        spendable=500_00, burn_rate=Fraction(40_00), at=AT
    ) == AT + dt.timedelta(days=12, hours=12)


def test_nothing_left_has_run_out() -> None:
    assert pace.runs_out_at(spendable=0, burn_rate=Fraction(1), at=AT) == AT
    assert pace.runs_out_at(spendable=-5, burn_rate=Fraction(1), at=AT) == AT


@pytest.mark.parametrize(("spendable", "rate"), [(1, 0), (36_526, 1)])
def test_what_lasts_has_no_end(spendable: int, rate: int) -> None:
    assert pace.runs_out_at(spendable=spendable, burn_rate=Fraction(rate), at=AT) is None


def test_a_hundred_years_are_an_end() -> None:
    end = pace.runs_out_at(spendable=36_525, burn_rate=Fraction(1), at=AT)
    assert end == AT + dt.timedelta(days=36_525)


@pytest.mark.parametrize(
    ("today", "monday"),
    [
        (dt.date(2026, 2, 8), dt.date(2026, 1, 12)),  # a Sunday: 28 days
        (dt.date(2026, 2, 9), dt.date(2026, 1, 19)),  # a Monday: 22 days
    ],
)
def test_the_window_begins_on_a_monday(today: dt.date, monday: dt.date) -> None:
    assert pace.window_begins(today) == monday
