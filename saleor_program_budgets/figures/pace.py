"""How fast a budget is used, and when it will be used up at that pace. Pure arithmetic."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

WINDOW_DAYS = 28
"""Over how many days the pace is taken at most: four weeks, the last one as far as it has come."""
LONGEST_DAYS = 36_525
"""What would last a hundred years isn't used up."""


def burns_from(*, today: date, began_on: date | None) -> date:
    """Return the first day of the window: a Monday, 22 to 28 days, or the beginning if later.

    On Saturday, 10 January 2026, that is Monday, 15 December; of a cycle that began on 5 January it
    is the 5th: six days.
    """
    monday = window_begins(today)
    return monday if began_on is None else min(max(monday, began_on), today)


def window_begins(today: date) -> date:
    """Return the Monday three weeks before the running week."""
    return today - timedelta(days=today.weekday() + WINDOW_DAYS - 7)


def burn_rate(*, burned: int, since: date, today: date) -> Fraction:
    """Return how many minor units a day were used net of refunds, *since* and *today* included.

    Where more came back than went out nothing burns. 120.00 in six days are 20.00 a day.
    """
    return max(Fraction(burned, (today - since).days + 1), Fraction(0))


def runs_out_at(*, spendable: int, burn_rate: Fraction, at: datetime) -> datetime | None:
    """Return when *spendable* is used up at this pace; ``None`` if it won't be in a hundred years.

    500.00 at 20.00 a day last for 25 days.
    """
    if burn_rate <= 0:
        return None
    days = max(spendable, 0) / burn_rate
    if days > LONGEST_DAYS:
        return None
    return at + timedelta(days=float(days))
