"""The jobs of the night, some of them late; and what each closing night came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Program, Rollover
from saleor_program_budgets.money import ITEM
from saleor_program_budgets.simulation.year import books
from saleor_program_budgets.simulation.year.chronicle import Line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from saleor_program_budgets.ledger import Planned
    from saleor_program_budgets.simulation.year.chronicle import Chronicle
    from saleor_program_budgets.simulation.year.course import Course

INSTANT = timedelta(microseconds=1)
CYCLES = ledger.Actor.system("cycles")
EXPIRY = ledger.Actor.system("expiry")
MISSED = 0.75
"""On how many nights the jobs don't run at all: nothing may depend on it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the end of a cycle was going to do, as planned an instant before."""

    course: Course
    ends_at: datetime
    planned: Sequence[Planned]


class Nights:
    """Runs the jobs for the courses, and only for theirs: others may trade in this database."""

    def __init__(self, chronicle: Chronicle, random: Random) -> None:
        """Start with no course."""
        self.courses: list[Course] = []
        self.findings: list[str] = []
        self._chronicle = chronicle
        self._random = random
        self._pending: list[Forecast] = []

    def watch(self, course: Course) -> None:
        """Forecast the end of the course's open cycle when it comes."""
        cycle = course.program.cycles.filter(closed_at=None).first()
        if cycle is not None and course.program.cycle_length != Program.CycleLength.ANNIVERSARY:
            course.agenda.enter(
                cycle.ends_at - INSTANT, lambda: self._forecast(course, cycle.ends_at)
            )

    def run(self, at: datetime, *, is_sure: bool = False) -> bool:
        """Run the jobs, unless they are missed tonight; returns whether they ran."""
        if not is_sure and self._random.random() < MISSED:
            return False
        for course in self.courses:
            programs.renew_due(program=course.program, at=at)
            while ledger.lapse(program=course.program, actor=EXPIRY, at=at):
                pass
            ledger.end_due_raises(program=course.program, at=at)
            due = ledger.due_holds(at=at).filter(program=course.program)
            for hold_id in list(due):
                ledger.expire(hold_id=hold_id, at=at)
            self._remind(course, at)
        self._conclude(at)
        return True

    def _remind(self, course: Course, at: datetime) -> None:
        """Remind people of what will lapse, and tell how many and of how much."""
        if not course.program.reminder_days:
            return
        unit = course.program.currency
        people: Counter[datetime] = Counter()
        amounts: Counter[datetime] = Counter()
        for reminder in programs.due_reminders(program=course.program, at=at):
            if programs.mark_sent(reminder=reminder, at=at) and reminder.unit == unit:
                people[reminder.expires_at] += 1
                amounts[reminder.expires_at] += reminder.amount
        for expires_at, number in people.items():
            day = expires_at.astimezone(course.scheme.zone)
            self._chronicle.add(
                Line(
                    at,
                    course,
                    f"{number} people are reminded that {course.amount(amounts[expires_at])} "
                    f"lapse on {day.day} {day:%b}",
                )
            )

    def _forecast(self, course: Course, ends_at: datetime) -> None:
        planned = programs.plan(program=course.program)
        self._pending.append(Forecast(course, ends_at, planned))

    def _conclude(self, at: datetime) -> None:
        """Tell of each closing night since, and compare it with its forecast."""
        for forecast in self._pending:
            self._compare(forecast)
            self._chronicle.add(_told(forecast, at))
            self.watch(forecast.course)
        self._pending.clear()

    def _compare(self, forecast: Forecast) -> None:
        """What was held an instant before may have been given back since; all else stands."""
        course, when = forecast.course, forecast.ends_at
        for unit in books.units(course):
            planned = [plan for plan in forecast.planned if plan.unit == unit]
            found = closing_figures(course, unit, when)
            decided = found.carried + found.lapsed
            least = sum(plan.carried + plan.lapsed for plan in planned)
            most = least + sum(plan.held for plan in planned)
            if not least <= decided <= most:
                self.findings.append(
                    f"{course.name}, {when:%d %b}: {decided} {unit} were carried or lapsed, where "
                    f"{least} to {most} were forecast"
                )
            granted = sum(plan.granted for plan in planned)
            if granted != found.granted:
                self.findings.append(
                    f"{course.name}, {when:%d %b}: {found.granted} {unit} were granted, where "
                    f"{granted} were forecast"
                )


def closing_figures(course: Course, unit: str, when: datetime) -> books.Figures:
    """Sum up what the end of a cycle at *when* carried and let lapse, and what the next granted."""
    return books.journal(course, unit, since=when, until=when + INSTANT, actor=str(CYCLES))


def _told(forecast: Forecast, at: datetime) -> Line:
    course, when = forecast.course, forecast.ends_at
    found = closing_figures(course, course.program.currency, when)
    parts = [
        f"{course.amount(found.carried)} carried" if found.carried else "",
        f"{course.amount(found.lapsed)} lapse",
        f"{course.amount(found.granted)} granted" if found.granted else "the program closes",
    ]
    text = f"closing night: {', '.join(filter(None, parts))}"
    late = at - when
    if late >= timedelta(days=1):
        text += f"; the jobs came {late.days + 1} nights late"
    return Line(when, course, text + _someone(course, when), is_closing_night=True)


def _someone(course: Course, when: datetime) -> str:
    """Say what the night meant for one of them: somebody who carries something and loses some."""
    ended = Rollover.objects.filter(limit__program=course.program, ends_at=when).exclude(
        limit__unit=ITEM
    )
    row = (
        ended.filter(carried__gt=0, lapsed__gt=0).order_by("limit").first()
        or ended.order_by("limit").first()
    )
    if row is None or row.limit.member is None:
        return ""
    carried, lapsed = course.amount(row.carried), course.amount(row.lapsed)
    if row.carried:
        return f". {course.name_of(row.limit.member)} carries {carried}, {lapsed} lapse"
    return f". {course.name_of(row.limit.member)} loses {lapsed}"
