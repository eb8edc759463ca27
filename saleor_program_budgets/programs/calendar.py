"""When a program's cycles begin and end, and what share of one is left."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from saleor_program_budgets import periods
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Program
from saleor_program_budgets.periods import Period

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.models import Cycle, Member

SHORTEST = timedelta(days=2)
"""What is less than that before the next end is part of it: clocks of another time zone cut so."""
MONTHS = {
    Program.CycleLength.MONTHLY: 1,
    Program.CycleLength.QUARTERLY: 3,
    Program.CycleLength.ANNUAL: 12,
    Program.CycleLength.ANNIVERSARY: 12,
}


def first_period(*, program: Program, at: datetime) -> Period:
    """Return the period of the cycle that an opening at *at* starts.

    A program that opens later starts then; without an anchor its periods are cut from the start.
    Raises ``InvalidInput`` where no period is left to open.
    """
    start = max(at, program.opens_at) if program.opens_at else at
    if program.closes_at is not None and start >= program.closes_at:
        raise InvalidInput("closes_at", "The program's window is over.")
    if program.cycle_length == Program.CycleLength.WINDOW:
        if program.closes_at is None:
            raise InvalidInput(
                "closes_at", "A program of one window needs an end.", code="REQUIRED"
            )
        return Period(start, program.closes_at)
    if program.cycle_length == Program.CycleLength.CUSTOM:
        period = _custom_period_after(program, start)
        if period is None:
            raise InvalidInput("cycle_dates", "No cycle is left after its last date.")
        return period
    return periods.period_around(
        start,
        anchor=program.cycle_anchor or start,
        months=MONTHS[Program.CycleLength(program.cycle_length)],
        time_zone=program.time_zone,
    )


def following_period(*, program: Program, cycle: Cycle) -> Period | None:
    """Return the period after *cycle*; ``None`` when the program ends with it."""
    start = cycle.ends_at
    if program.closes_at is not None and start >= program.closes_at:
        return None
    if program.cycle_length == Program.CycleLength.WINDOW:
        return None
    if program.cycle_length == Program.CycleLength.CUSTOM:
        period = _custom_period_after(program, start)
        return Period(start, period.ends_at) if period else None
    period = periods.period_around(
        start + SHORTEST,
        anchor=program.cycle_anchor or cycle.starts_at,
        months=MONTHS[Program.CycleLength(program.cycle_length)],
        time_zone=program.time_zone,
    )
    return Period(start, period.ends_at)


def period_of_member(*, program: Program, cycle: Cycle, member: Member, at: datetime) -> Period:
    """Return the period that *member* is in at *at*: the cycle's, or a year of their own."""
    if program.cycle_length != Program.CycleLength.ANNIVERSARY:
        return Period(cycle.starts_at, cycle.ends_at)
    return periods.period_around(
        at, anchor=member.joined_at, months=12, time_zone=program.time_zone
    )


def share_left(*, program: Program, cycle: Cycle, at: datetime) -> Fraction:
    """Return what share of *cycle*'s allotment who joins at *at* gets, by the program's rule."""
    if program.cycle_length == Program.CycleLength.ANNIVERSARY or at <= cycle.starts_at:
        return Fraction(1)
    period = Period(cycle.starts_at, cycle.ends_at)
    if program.proration == Program.Proration.DAILY:
        return periods.days_left(period, at, time_zone=program.time_zone)
    if program.proration == Program.Proration.MONTHLY:
        return periods.months_left(period, at, time_zone=program.time_zone)
    return Fraction(0 if program.proration == Program.Proration.NEXT_CYCLE else 1)


def _custom_period_after(program: Program, instant: datetime) -> Period | None:
    dates = sorted(program.cycle_dates)
    for starts_at, ends_at in pairwise(dates):
        if ends_at > instant:
            return Period(starts_at, ends_at)
    return None
