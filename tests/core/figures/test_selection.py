"""Which days a board shows."""

from __future__ import annotations

import datetime as dt

import pytest

from saleor_program_budgets import figures
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.figures.selection import LONGEST_PERIOD_DAYS
from tests.support.world import START, World

TODAY = START.date()
DAY = dt.timedelta(days=1)


def test_without_a_period_it_is_the_cycle_so_far(world: World) -> None:
    assert world.cycle.starts_at.date() == TODAY
    chosen = figures.select(at=START + 40 * DAY)
    assert (chosen.since, chosen.until, chosen.has_period) == (TODAY, TODAY + 40 * DAY, False)
    assert chosen.ends_at == world.cycle.ends_at


def test_without_a_cycle_it_is_the_last_four_weeks(world: World) -> None:
    world.draft_program()
    chosen = figures.select(at=START)
    assert (chosen.since, chosen.until, chosen.ends_at) == (TODAY - 27 * DAY, TODAY, None)


def test_one_end_is_enough(world: World) -> None:
    assert world.cycle
    since = figures.select(at=START, since=TODAY - DAY)
    assert (since.since, since.until, since.has_period) == (TODAY - DAY, TODAY, True)
    until = figures.select(at=START, until=TODAY + DAY)
    assert (until.since, until.until, until.has_period) == (TODAY, TODAY + DAY, True)


def test_a_period_ends_after_it_begins(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        figures.select(at=START, since=TODAY, until=TODAY - DAY)
    assert refused.value.field == "until"


def test_a_period_has_three_years_at_most(world: World) -> None:
    longest = TODAY - LONGEST_PERIOD_DAYS * DAY
    assert figures.select(at=START, since=longest, until=TODAY).since == longest
    with pytest.raises(InvalidInput) as refused:
        figures.select(at=START, since=longest - DAY, until=TODAY)
    assert refused.value.field == "since"
