"""A period as whole weeks, which are summed up, and the days before and after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Weeks:
    """The Mondays of the first and of the last whole week, if there is one, and the other days."""

    first: date | None
    last: date | None
    single_days: tuple[date, ...]


NONE = Weeks(None, None, ())


def divide(since: date, until: date) -> Weeks:
    """Divide a period, both ends included; at most twelve days are left over.

    From Saturday, 10 January 2026, to Tuesday, 27 January: the weeks of the 12th and the 19th, and
    four days, the 10th, 11th, 26th and 27th.
    """
    first = since + timedelta(days=-since.weekday() % 7)
    after = until + timedelta(days=1)
    end = after - timedelta(days=after.weekday())
    if first >= end:
        return Weeks(None, None, _days(since, after))
    return Weeks(first, end - WEEK, _days(since, first) + _days(end, after))


def _days(begin: date, end: date) -> tuple[date, ...]:
    return tuple(begin + timedelta(days=day) for day in range((end - begin).days))
