"""A period is divided into whole weeks and single days."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleor_program_budgets.figures import weeks
from saleor_program_budgets.figures.weeks import Weeks

SATURDAY = dt.date(2026, 1, 10)
DAY = dt.timedelta(days=1)


def day(number: int) -> dt.date:
    return dt.date(2026, 1, number)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (day(10), day(27), Weeks(day(12), day(19), (day(10), day(11), day(26), day(27)))),
        (day(12), day(18), Weeks(day(12), day(12), ())),
        (day(12), day(17), Weeks(None, None, tuple(map(day, range(12, 18))))),
        (day(13), day(19), Weeks(None, None, tuple(map(day, range(13, 20))))),
        (day(12), day(12), Weeks(None, None, (day(12),))),
    ],
    ids=["some", "one", "not quite one", "none whole", "a day"],
)
def test_weeks_of_a_period(since: dt.date, until: dt.date, expected: Weeks) -> None:
    assert weeks.divide(since, until) == expected


@given(begin=st.integers(0, 400), length=st.integers(0, 400))
def test_each_day_is_counted_once(begin: int, length: int) -> None:
    since = SATURDAY + begin * DAY
    until = since + length * DAY
    divided = weeks.divide(since, until)
    found = list(divided.single_days)
    if divided.first is not None and divided.last is not None:
        assert divided.first.weekday() == divided.last.weekday() == 0
        found += [
            divided.first + number * DAY
            for number in range((divided.last - divided.first).days + 7)
        ]
        assert len(divided.single_days) <= 12
    assert sorted(found) == [since + number * DAY for number in range(length + 1)]
